use dayloom_domain::{Stamp, Task, TaskError, TaskId, TaskPatch, Transition, UserId};
use dayloom_kit::storage::{Commit, StorageError};
use dayloom_kit::{IfMatch, new_id, now};

use crate::{CommandError, get, write};

/// How often a change that lost a race is made again on the newer state. Each loss is somebody else's success, and of those who
/// race at the same time one wins each round: enough for all the devices of a user at once.
const ATTEMPTS_MAX: u32 = 16;

/// Applies a patch and returns the task as it is then. A patch that changes nothing writes nothing.
///
/// # Errors
/// [`CommandError::NotFound`], [`CommandError::Stale`], [`CommandError::Refused`], [`CommandError::Contended`],
/// [`CommandError::Storage`]; nothing was changed (but see `Unavailable`).
pub fn update(
    user_id: &UserId,
    id: TaskId,
    patch: &TaskPatch,
    version: IfMatch,
    stamp: Stamp<'_>,
) -> Result<Task, CommandError> {
    let decide = |task: Task| task.apply(patch.clone(), now(), || new_id().into());
    change(user_id, id, version, stamp, decide, write::update)
}

/// Completes the task and returns it. Completing a completed task writes nothing.
///
/// # Errors
/// Those of [`update`], except `Refused`.
pub fn complete(user_id: &UserId, id: TaskId, version: IfMatch, stamp: Stamp<'_>) -> Result<Task, CommandError> {
    change(
        user_id,
        id,
        version,
        stamp,
        |task| Ok(task.complete(now())),
        write::update,
    )
}

/// Deletes the task and returns it as it can be restored.
///
/// # Errors
/// Those of [`update`], except `Refused`.
pub fn delete(user_id: &UserId, id: TaskId, version: IfMatch, stamp: Stamp<'_>) -> Result<Task, CommandError> {
    change(
        user_id,
        id,
        version,
        stamp,
        |task| Ok(task.delete(now())),
        write::delete,
    )
}

/// The commit of an update that the caller decided on a task it read itself.
pub fn updating(transition: &Transition, stamp: Stamp<'_>) -> Commit {
    transition.previous.as_ref().map_or_else(Commit::default, |previous| {
        commit(transition, previous, stamp, write::update)
    })
}

fn commit(
    transition: &Transition,
    previous: &Task,
    stamp: Stamp<'_>,
    write: impl Fn(&mut Commit, &Task, &Task),
) -> Commit {
    let mut commit = Commit::default();
    write(&mut commit, previous, &transition.task);
    write::events(&mut commit, transition, stamp);
    commit
}

/// Reads, decides and writes until nobody else wrote in between. A caller who named a version learns on the second reading
/// that it is gone.
fn change(
    user_id: &UserId,
    id: TaskId,
    version: IfMatch,
    stamp: Stamp<'_>,
    decide: impl Fn(Task) -> Result<Transition, TaskError>,
    write: impl Fn(&mut Commit, &Task, &Task),
) -> Result<Task, CommandError> {
    for _ in 0..ATTEMPTS_MAX {
        let present = get(user_id, id)?.ok_or(CommandError::NotFound)?;
        version.check(present.sequence).map_err(|_| CommandError::Stale)?;
        let transition = decide(present)?;
        let Some(previous) = &transition.previous else {
            return Ok(transition.task);
        };
        match commit(&transition, previous, stamp, &write).apply() {
            Ok(_) => return Ok(transition.task),
            Err(StorageError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(CommandError::Contended)
}
