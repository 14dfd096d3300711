use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{NotificationId, ReminderId, TaskId, Timestamp, UserId};

// Writers use a reference as `P`, so that nothing is copied.
/// The data of every event about a task: what it tells of (the task, a reminder or a notification) and what places it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventData<'a, P> {
    /// The task it is about; also the ordering key.
    pub task_id: TaskId,
    /// Whose task it is.
    pub user_id: Cow<'a, UserId>,
    /// The task's version at the event. Of two events about one task, the greater tells the later state.
    pub sequence: u64,
    /// The same for every telling of the same fact, also when it has another event id. For whoever acts on it outside.
    pub idempotency_key: Cow<'a, str>,
    /// Names the request or event that led to it, through all that follows from it.
    pub correlation_id: Cow<'a, str>,
    /// The state after the event.
    pub payload: P,
    /// The state before it; only where there was one that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<P>,
}

/// A reminder as events tell of it: all that is needed to notify somebody without looking at the task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReminderPayload {
    /// Which reminder.
    pub reminder_id: ReminderId,
    /// When it fires.
    pub remind_at: Timestamp,
    /// The task's title.
    pub title: String,
    /// The task's due date.
    #[schema(required)]
    pub due_date: Option<crate::Moment>,
    /// The task's time zone, in which the due date is to be told.
    pub time_zone: crate::TimeZone,
}

/// A message to the user inside the application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Notification {
    /// UUIDv7.
    pub id: NotificationId,
    /// What it is about.
    pub kind: NotificationKind,
    /// The task it leads to.
    pub task_id: TaskId,
    /// One line.
    pub title: String,
    /// A sentence more.
    pub body: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the user read it; null while unread.
    #[schema(required)]
    pub read_at: Option<Timestamp>,
}

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// A reminder's time has come.
    Reminder,
}

/// The data of events about a user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserEventData<'a> {
    /// The user; also the ordering key.
    pub user_id: Cow<'a, UserId>,
    /// The same for every telling of the same fact.
    pub idempotency_key: Cow<'a, str>,
    /// Names the request that led to it.
    pub correlation_id: Cow<'a, str>,
    /// The user after the event.
    pub payload: UserPayload<'a>,
}

/// A user as events tell of one: how to address them, and nothing that lets anybody in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserPayload<'a> {
    /// The user.
    pub id: Cow<'a, UserId>,
    /// What they want to be called.
    pub name: Cow<'a, str>,
    /// Where to write to them.
    pub email: Cow<'a, str>,
    /// When they signed up.
    pub created_at: Timestamp,
}
