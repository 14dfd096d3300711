use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::timestamp::deserialize_text;
use crate::{Moment, Reminder, TaskId, TimeZone, Timestamp, UserId};

/// A task as it is stored, served and carried in events. Every field is always written; what is absent is null. Fields that
/// are not known are skipped when it is read, because a newer producer may write more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Task {
    /// UUIDv7, given once.
    pub id: TaskId,
    /// Whose task it is.
    pub user_id: UserId,
    /// 1 to 200 characters, trimmed, one line.
    #[schema(min_length = 1, max_length = 200)]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub title: String,
    /// Up to 10,000 characters; null if there is none.
    #[schema(required, max_length = 10_000)]
    #[cfg_attr(feature = "schema", schemars(length(max = 10_000)))]
    pub description: Option<String>,
    /// How far it is.
    pub status: Status,
    /// How much it matters.
    pub priority: Priority,
    /// Up to 20 different tags of 1 to 50 characters, in the user's order.
    #[schema(max_items = 20)]
    #[cfg_attr(feature = "schema", schemars(length(max = 20)))]
    pub tags: Vec<String>,
    /// 1 to 100 characters.
    #[schema(required, min_length = 1, max_length = 100)]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    pub category: Option<String>,
    /// When it is due: a date or a date-time.
    #[schema(required)]
    pub due_date: Option<Moment>,
    /// The zone in which dates, recurrence and relative reminders are meant.
    pub time_zone: TimeZone,
    /// Up to 10.
    #[schema(max_items = 10)]
    #[cfg_attr(feature = "schema", schemars(length(max = 10)))]
    pub reminders: Vec<Reminder>,
    /// How it recurs: `daily`, a phrase such as `every 2 weeks on monday`, or an RFC 5545 RRULE. Up to 512 bytes.
    #[schema(required)]
    pub recurring_rule: Option<String>,
    /// The last day or instant (inclusive) on which an occurrence may fall.
    #[schema(required)]
    pub recurring_end_date: Option<Moment>,
    /// From where the next occurrence counts.
    pub recurrence_from: RecurrenceFrom,
    /// The occurrence it followed.
    #[schema(required)]
    pub parent_id: Option<TaskId>,
    /// Its version: 1 when created, one more with each change. The `ETag`.
    #[schema(minimum = 1)]
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub sequence: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was completed; set exactly while the status is `completed`.
    #[schema(required)]
    pub completed_at: Option<Timestamp>,
}

/// Declares an enum that is one word in JSON, SQL and queries.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:tt,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        // By hand, because the derive would also take the word as the key of an object.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_text(deserializer, concat!("one of:" $(, " ", $word)+))
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord(concat!($(" ", $word),+))),
                }
            }
        }
    };
}

/// A text that is none of the words of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of:{0}")]
pub struct UnknownWord(&'static str);

words! {
    /// How far a task is.
    Status {
        /// Not begun.
        #[default]
        Pending = "pending",
        /// Begun.
        InProgress = "in_progress",
        /// Done.
        Completed = "completed",
    }
}

words! {
    /// How much a task matters; ordered, and medium unless said otherwise.
    Priority {
        /// Some day.
        Low = "low",
        /// The usual.
        #[default]
        Medium = "medium",
        /// Soon.
        High = "high",
        /// Now.
        Urgent = "urgent",
    }
}

words! {
    /// From where the next occurrence of a recurring task counts.
    RecurrenceFrom {
        /// The schedule: from when this occurrence was due.
        #[default]
        DueDate = "due_date",
        /// The doing: from when this occurrence was completed.
        Completion = "completion",
    }
}

impl Task {
    /// The first instant of its due date, which lists sort and filter by.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.due_date.map(|due| due.starts_at(self.time_zone))
    }
}
