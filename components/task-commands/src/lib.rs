//! The one place that knows the `tasks` table: reading, listing and changing tasks.
//!
//! Every change is one commit of rows and events, decided by the domain. `tasks` uses it for its routes, `recurrence` to
//! make the next occurrence; whoever else must change tasks links this library instead of writing the table.
//!
//! # Invariants
//! - Every statement is filtered by the user it is for.
//! - Every change names the version it was made on, so a change that was not seen is never overwritten.
//! - `tasks`, `task_tags` and `deleted_tasks` are written nowhere else.

mod change;
mod create;
#[cfg(test)]
mod database;
mod error;
mod fold;
pub mod list;
mod read;
mod restore;
mod row;
mod write;

pub use change::{complete, delete, update, updating};
pub use create::{Creation, creation};
pub use error::CommandError;
pub use read::{get, has_successor};
pub use restore::{deleted_sequence, restore};
