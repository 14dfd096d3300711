use dayloom_domain::{Stamp, Task, TaskId, UserId};
use dayloom_kit::now;
use dayloom_kit::storage::{Cells, Commit, StorageError, query};

use crate::write::{self, key};
use crate::{CommandError, get};

/// The version at which the user's task was deleted: that of its latest `task.deleted`.
///
/// # Errors
/// [`CommandError::Exists`] if it is not deleted, [`CommandError::NotFound`] if it never was there, or
/// [`CommandError::Storage`].
pub fn deleted_sequence(user_id: &UserId, id: TaskId) -> Result<u64, CommandError> {
    let sql = "SELECT sequence FROM deleted_tasks WHERE user_id = $1 AND id = $2";
    match query(sql, &key(user_id, id))?.pop() {
        Some(row) => {
            let sequence = Cells::of(row).integer()?;
            u64::try_from(sequence).map_err(|error| StorageError::Invalid(error.to_string()).into())
        }
        None if get(user_id, id)?.is_some() => Err(CommandError::Exists),
        None => Err(CommandError::NotFound),
    }
}

/// Brings back a task from the payload of its latest `task.deleted`, with the same id and a later version, and returns it.
///
/// Of several at the same time one succeeds.
///
/// # Errors
/// [`CommandError::Exists`] if the snapshot is not of the latest deletion, the task is back already, or another occurrence
/// follows its parent; [`CommandError::Storage`].
pub fn restore(snapshot: Task, stamp: Stamp<'_>) -> Result<Task, CommandError> {
    let mut commit = Commit::default();
    write::undelete(&mut commit, &snapshot);
    let transition = Task::restore(snapshot, now());
    write::insert(&mut commit, &transition.task);
    write::events(&mut commit, &transition, stamp);
    match commit.apply() {
        Ok(_) => Ok(transition.task),
        Err(StorageError::Conflict(_)) => Err(CommandError::Exists),
        Err(error) => Err(error.into()),
    }
}
