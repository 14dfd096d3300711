use dayloom_domain::{Task, TaskId, Timestamp};
use dayloom_kit::storage::Value;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::fold::fold;
use crate::row::rank;

/// The order of a list; with a minus, the other way round. Tasks that are equal in it come in the order of their creation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Sort {
    /// Oldest first.
    #[serde(rename = "created_at")]
    CreatedAt,
    /// Newest first.
    #[default]
    #[serde(rename = "-created_at")]
    CreatedAtDescending,
    /// Least recently changed first.
    #[serde(rename = "updated_at")]
    UpdatedAt,
    /// Most recently changed first.
    #[serde(rename = "-updated_at")]
    UpdatedAtDescending,
    /// Due first; without a due date last.
    #[serde(rename = "due_date")]
    DueDate,
    /// Due last; without a due date last, too.
    #[serde(rename = "-due_date")]
    DueDateDescending,
    /// Least important first.
    #[serde(rename = "priority")]
    Priority,
    /// Most important first.
    #[serde(rename = "-priority")]
    PriorityDescending,
    /// By title, upper and lower case being the same.
    #[serde(rename = "title")]
    Title,
    /// By title, backwards.
    #[serde(rename = "-title")]
    TitleDescending,
}

/// How a sort is said in SQL: by an expression that is never `NULL`, then by id; by id alone without one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Order {
    pub(super) expression: Option<&'static str>,
    pub(super) descending: bool,
}

/// What stands for a missing due date: later than every instant, in either direction.
const NO_DUE_DATE: i64 = 9_000_000_000_000_000_000;

impl Sort {
    pub(super) fn order(self) -> Order {
        let (expression, descending) = match self {
            // Ids are UUIDv7 with the instant of `created_at` in front.
            Self::CreatedAt => (None, false),
            Self::CreatedAtDescending => (None, true),
            Self::UpdatedAt => (Some("updated_at"), false),
            Self::UpdatedAtDescending => (Some("updated_at"), true),
            Self::DueDate => (Some("COALESCE(due_at, 9000000000000000000)"), false),
            Self::DueDateDescending => (Some("COALESCE(due_at, -9000000000000000000)"), true),
            Self::Priority => (Some("priority"), false),
            Self::PriorityDescending => (Some("priority"), true),
            Self::Title => (Some("title_folded"), false),
            Self::TitleDescending => (Some("title_folded"), true),
        };
        Order { expression, descending }
    }

    /// The expression's value for a task.
    fn key(self, task: &Task) -> Key {
        let due_or = |none| Key::Integer(task.due_at().map_or(none, Timestamp::as_ms));
        match self {
            Self::CreatedAt | Self::CreatedAtDescending => Key::None,
            Self::UpdatedAt | Self::UpdatedAtDescending => Key::Integer(task.updated_at.as_ms()),
            Self::DueDate => due_or(NO_DUE_DATE),
            Self::DueDateDescending => due_or(-NO_DUE_DATE),
            Self::Priority | Self::PriorityDescending => Key::Integer(rank(task.priority)),
            Self::Title | Self::TitleDescending => Key::Text(fold(&task.title)),
        }
    }

    /// Whether a key can be one of this sort's.
    fn takes(self, key: &Key) -> bool {
        match self {
            Self::CreatedAt | Self::CreatedAtDescending => matches!(key, Key::None),
            Self::UpdatedAt
            | Self::UpdatedAtDescending
            | Self::DueDate
            | Self::DueDateDescending
            | Self::Priority
            | Self::PriorityDescending => matches!(key, Key::Integer(_)),
            // No title has U+0000, and PostgreSQL takes no text that has.
            Self::Title | Self::TitleDescending => matches!(key, Key::Text(text) if !text.contains('\0')),
        }
    }
}

/// A place in one order of a list: right after a task that was there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cursor(Sort, Key, TaskId);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    None,
    Integer(i64),
    Text(String),
}

impl Cursor {
    pub(super) fn after(sort: Sort, task: &Task) -> Self {
        Self(sort, sort.key(task), task.id)
    }

    /// Whether it is a place in this order; it means nothing in another one, and anybody can make one up.
    pub fn is_of(&self, sort: Sort) -> bool {
        self.0 == sort && sort.takes(&self.1)
    }

    /// The expression's value at the place (none for a sort by id alone) and the id.
    pub(super) fn values(&self) -> (Option<Value>, Value) {
        let key = match &self.1 {
            Key::None => None,
            Key::Integer(integer) => Some((*integer).into()),
            Key::Text(text) => Some(text.as_str().into()),
        };
        (key, self.2.to_string().into())
    }
}
