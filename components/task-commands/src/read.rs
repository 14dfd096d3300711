use dayloom_domain::{Task, TaskId, UserId};
use dayloom_kit::storage::{StorageError, query};

use crate::row::{self, columns};
use crate::write::key;

/// The user's task, if it is there.
///
/// # Errors
/// What the store answers.
pub fn get(user_id: &UserId, id: TaskId) -> Result<Option<Task>, StorageError> {
    let sql = concat!("SELECT ", columns!(), " FROM tasks WHERE user_id = $1 AND id = $2");
    query(sql, &key(user_id, id))?
        .pop()
        .map(|row| row::read(user_id, row))
        .transpose()
}

/// Whether an occurrence follows the user's task `id` already.
///
/// # Errors
/// What the store answers.
pub fn has_successor(user_id: &UserId, id: TaskId) -> Result<bool, StorageError> {
    let sql = "SELECT id FROM tasks WHERE user_id = $1 AND parent_id = $2";
    Ok(!query(sql, &key(user_id, id))?.is_empty())
}
