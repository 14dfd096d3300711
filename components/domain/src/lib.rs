//! What a task is and what may happen to it.
//!
//! Pure rules: no IO, clock, randomness or async. The present moment and new ids are arguments, so every rule is a
//! plain function that can be tested in microseconds, natively as well as in wasm.

pub mod event;
pub mod limits;
pub mod recurrence;

#[cfg(feature = "schema")]
pub mod schema;

mod draft;
mod error;
mod id;
mod lifecycle;
mod moment;
mod patch;
mod reminder;
mod task;
mod text;
mod text_schema;
mod timestamp;
mod transition;
mod zone;

pub use draft::TaskDraft;
pub use error::{TaskError, Violation};
pub use id::{EventId, NotificationId, ReminderId, TaskId, UserId};
pub use lifecycle::NewTask;
pub use moment::Moment;
pub use patch::{Field, TaskPatch};
pub use reminder::{Reminder, ReminderDraft};
pub use task::{Priority, RecurrenceFrom, Status, Task};
pub use timestamp::Timestamp;
pub use transition::{Change, Stamp, Transition, WrittenEvent};
pub use zone::TimeZone;
