use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text_schema::{Category, Description, RecurrenceRule, Tag, Title};
use crate::{Moment, Priority, RecurrenceFrom, ReminderDraft, Status, TimeZone};

/// A task to be created. Only the title is needed; null means the same as absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskDraft {
    /// 1 to 200 characters after trimming, one line.
    #[schema(value_type = Title)]
    pub title: String,
    /// Up to 10,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Description>)]
    pub description: Option<String>,
    /// `pending` unless said otherwise. A task may be created as completed (an import); it then does not recur.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// `medium` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Up to 20 tags of 1 to 50 characters; repeats are dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Tag>>, max_items = 20)]
    pub tags: Option<Vec<String>>,
    /// 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Category>)]
    pub category: Option<String>,
    /// A date (`2026-11-21`) or a date-time with an offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Moment>,
    /// An IANA name; `UTC` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZone>,
    /// Up to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 10)]
    pub reminders: Option<Vec<ReminderDraft>>,
    /// `daily`, `weekly`, `monthly`, `yearly`, a phrase such as `every 2 weeks on monday`, or an RFC 5545 RRULE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RecurrenceRule>)]
    pub recurring_rule: Option<String>,
    /// The last day or instant (inclusive) on which an occurrence may fall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring_end_date: Option<Moment>,
    /// `due_date` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence_from: Option<RecurrenceFrom>,
}
