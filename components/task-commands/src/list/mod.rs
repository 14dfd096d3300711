//! Pages of a user's tasks: filtered, sorted, and continued by cursor.
//!
//! The texts are put together from fixed pieces, so there are few of them and none holds a value. They are the same on
//! PostgreSQL and SQLite.

mod filter;
mod sort;
mod statement;

pub use filter::Filter;
pub use sort::{Cursor, Sort};

use dayloom_domain::{Task, UserId};
use dayloom_kit::storage::{StorageError, query};

use crate::row;

/// One page.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// In order, at most as many as were asked for.
    pub tasks: Vec<Task>,
    /// Where the next page starts; none on the last one.
    pub next: Option<Cursor>,
}

/// The page of at most `limit` of the user's tasks that pass the filter, after the cursor, which must be of the same sort.
///
/// Pages do not shift when tasks come and go: a cursor is a place in the order, not a number of rows.
///
/// # Errors
/// What the store answers.
pub fn list(
    user_id: &UserId,
    filter: &Filter,
    sort: Sort,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page, StorageError> {
    // One row more tells whether there is another page.
    let (sql, params) = statement::select(user_id, filter, sort, after, limit.saturating_add(1));
    let mut rows = query(&sql, &params)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let tasks = rows
        .into_iter()
        .map(|row| row::read(user_id, row))
        .collect::<Result<Vec<_>, _>>()?;
    let next = tasks.last().filter(|_| more).map(|last| Cursor::after(sort, last));
    Ok(Page { tasks, next })
}
