use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::text_schema::{Category, Description, RecurrenceRule, Tag, Title};
use crate::{Moment, Priority, RecurrenceFrom, ReminderDraft, Status, TimeZone};

/// One member of a JSON merge patch (RFC 7396).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// Not mentioned: stays as it is.
    #[default]
    Absent,
    /// `null`: cleared, or back to its default.
    Null,
    /// Replaced.
    Value(T),
}

impl<T> Field<T> {
    /// Whether the patch does not mention it.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

/// A change to a task as a JSON merge patch: a member that is absent stays, `null` clears, a list replaces the list.
///
/// What a client can not change (`id`, `sequence`, times …) is refused as an unknown field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskPatch {
    /// 1 to 200 characters after trimming, one line; can not be cleared.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    #[schema(value_type = Title, required = false)]
    pub title: Field<String>,
    /// Up to 10,000 characters.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    #[schema(value_type = Option<Description>)]
    pub description: Field<String>,
    /// `completed` completes the task, anything else reopens it; null is `pending`.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    #[schema(value_type = Option<Status>)]
    pub status: Field<Status>,
    /// Null is `medium`.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    #[schema(value_type = Option<Priority>)]
    pub priority: Field<Priority>,
    /// Up to 20 tags of 1 to 50 characters; repeats are dropped.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    #[schema(value_type = Option<Vec<Tag>>, max_items = 20)]
    pub tags: Field<Vec<String>>,
    /// 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    #[schema(value_type = Option<Category>)]
    pub category: Field<String>,
    /// A date (`2026-11-21`) or a date-time with an offset. Relative reminders move with it, and go when it is cleared.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    #[schema(value_type = Option<Moment>)]
    pub due_date: Field<Moment>,
    /// An IANA name; null is `UTC`.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    #[schema(value_type = Option<TimeZone>)]
    pub time_zone: Field<TimeZone>,
    /// Up to 10; replaces all of them.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    #[schema(value_type = Option<Vec<ReminderDraft>>, max_items = 10)]
    pub reminders: Field<Vec<ReminderDraft>>,
    /// `daily`, `weekly`, `monthly`, `yearly`, a phrase, or an RFC 5545 RRULE. Null stops the recurrence.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    #[schema(value_type = Option<RecurrenceRule>)]
    pub recurring_rule: Field<String>,
    /// The last day or instant (inclusive) on which an occurrence may fall.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    #[schema(value_type = Option<Moment>)]
    pub recurring_end_date: Field<Moment>,
    /// Null is `due_date`.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    #[schema(value_type = Option<RecurrenceFrom>)]
    pub recurrence_from: Field<RecurrenceFrom>,
}
