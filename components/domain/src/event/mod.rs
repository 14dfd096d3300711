//! What happened, as CloudEvents 1.0 in structured JSON.
//!
//! Producers build a [`CloudEvent`] around borrowed data and write it once; consumers that need a few fields read a
//! [`RawEvent`], which leaves the task itself unparsed.

mod data;
mod envelope;
mod raw;

pub use data::{EventData, Notification, NotificationKind, ReminderPayload, UserEventData, UserPayload};
pub use envelope::{CloudEvent, ContentType, SpecVersion};
pub use raw::{EventError, RawData, RawEvent};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Declares the catalogue: variant, CloudEvents type, and the schema its `data` adheres to.
macro_rules! catalogue {
    ($($(#[$doc:meta])* $variant:ident = $name:tt,)+) => {
        /// The events there are. Names are in the past tense; a type's shape only ever grows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum EventType {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)+
        }

        impl EventType {
            /// Every type.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The CloudEvents `type`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The CloudEvents `dataschema`: the part about `data` in `schemas/<type>.json`, whose `$id` it names.
            pub const fn dataschema(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("urn:dayloom:schema:", $name, ":1#/properties/data"),)+
                }
            }
        }

        impl FromStr for EventType {
            type Err = EventError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(EventError::UnknownType),
                }
            }
        }
    };
}

catalogue! {
    /// A task came to be. Data: `EventData<Task>`.
    TaskCreated = "com.todo.task.created",
    /// A task changed, other than by completing it. Has `previous`.
    TaskUpdated = "com.todo.task.updated",
    /// A task was completed, perhaps with other changes. Has `previous`.
    TaskCompleted = "com.todo.task.completed",
    /// A task was deleted; the payload is what can be restored. Has `previous`.
    TaskDeleted = "com.todo.task.deleted",
    /// A deleted task is back.
    TaskRestored = "com.todo.task.restored",
    /// A reminder is to fire at a time; replaces what was said of the same reminder before. Data:
    /// `EventData<ReminderPayload>`.
    ReminderScheduled = "com.todo.reminder.scheduled",
    /// A reminder is not to fire.
    ReminderCancelled = "com.todo.reminder.cancelled",
    /// A reminder's time has come.
    ReminderDue = "com.todo.reminder.due",
    /// A reminder has been delivered.
    ReminderSent = "com.todo.reminder.sent",
    /// The user has a new notification. Data: `EventData<Notification>`.
    NotificationCreated = "com.todo.notification.created",
    /// Somebody signed up. Data: `UserEventData`.
    UserCreated = "com.todo.user.created",
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
