use dayloom_domain::TaskError;
use dayloom_kit::Problem;
use dayloom_kit::storage::StorageError;

/// Why a command changed nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CommandError {
    /// The user has no such task.
    #[error("no such task")]
    NotFound,
    /// It is not at the version the caller named.
    #[error("the task is at another version")]
    Stale,
    /// A task can not be restored while it exists, or while another occurrence has its place in a series.
    #[error("the task, or another in its place, exists")]
    Exists,
    /// Others changed the task between reading and writing, as often as it was tried.
    #[error("lost every race for the task")]
    Contended,
    /// The domain refuses it.
    #[error(transparent)]
    Refused(#[from] TaskError),
    /// The store failed. After `Unavailable` the change may have been made, whole.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::NotFound => Problem::not_found(),
            CommandError::Stale => Problem::precondition_failed(),
            CommandError::Exists => {
                Problem::conflict("The task is not deleted, or another occurrence has taken its place.")
            }
            CommandError::Contended => Problem::conflict("Others are changing this task right now; try again."),
            CommandError::Refused(error) => error.into(),
            CommandError::Storage(error) => error.into(),
        }
    }
}
