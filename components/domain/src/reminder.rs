use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ReminderId, Timestamp};

/// A moment at which the user wants to hear of the task.
///
/// Absolute when it names only `reminder_at`; relative when it has `before_minutes`, and then `reminder_at` is worked out
/// from the due date and moves with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reminder {
    /// Stays the same while the reminder moves.
    pub id: ReminderId,
    /// Minutes before the due date; null for an absolute reminder. A due date without a time counts from 09:00 in the
    /// task's time zone.
    pub before_minutes: Option<u32>,
    /// When it fires.
    pub reminder_at: Timestamp,
}

/// A reminder as a client asks for it: `reminder_at` or `before_minutes`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReminderDraft {
    /// Which present reminder of the task this is, so that it keeps its id. Without one, or with one the task does not
    /// have, a reminder that says the same is recognised, and any other gets a new id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ReminderId>,
    /// Minutes before the due date, 0 to 527,040. Needs a due date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_minutes: Option<u32>,
    /// When it fires. Ignored beside `before_minutes`, so that a task's own reminders can be sent back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder_at: Option<Timestamp>,
}
