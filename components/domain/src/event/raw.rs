use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{EventType, SpecVersion};
use crate::{TaskId, Timestamp};

/// An event about a task with its payload left unparsed: what most consumers need, without copying the task.
///
/// Members that are not known are skipped, so an event may grow.
#[derive(Debug, Deserialize)]
pub struct RawEvent<'a> {
    /// Always `1.0`.
    pub specversion: SpecVersion,
    /// For the inbox. Foreign producers may use any text.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// What happened, as text: types may come that this build does not know. See [`Self::event_type`].
    #[serde(rename = "type", borrow)]
    pub type_name: Cow<'a, str>,
    /// When it happened.
    pub time: Timestamp,
    /// The facts.
    #[serde(borrow)]
    pub data: RawData<'a>,
}

/// The data of a [`RawEvent`].
#[derive(Debug, Deserialize)]
pub struct RawData<'a> {
    /// The task it is about.
    pub task_id: TaskId,
    /// Whose task it is.
    #[serde(borrow)]
    pub user_id: Cow<'a, str>,
    /// The task's version at the event.
    pub sequence: u64,
    /// The same for every telling of the same fact.
    #[serde(borrow)]
    pub idempotency_key: Cow<'a, str>,
    /// Names what led to it.
    #[serde(borrow)]
    pub correlation_id: Cow<'a, str>,
    /// JSON text of the state after the event.
    #[serde(borrow)]
    pub payload: &'a RawValue,
    /// JSON text of the state before it.
    #[serde(borrow, default)]
    pub previous: Option<&'a RawValue>,
}

/// Why a text is no event of ours. It never will be, so it is to be rejected and not tried again.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Not a CloudEvent of the expected shape; the text names the place.
    #[error("malformed event: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Not in the catalogue.
    #[error("unknown event type")]
    UnknownType,
}

impl<'a> RawEvent<'a> {
    /// Reads an event from its structured JSON form.
    ///
    /// # Errors
    /// [`EventError::Malformed`] if it is no CloudEvent 1.0 about a task.
    pub fn parse(body: &'a [u8]) -> Result<Self, EventError> {
        Ok(serde_json::from_slice(body)?)
    }

    /// What happened.
    ///
    /// # Errors
    /// [`EventError::UnknownType`] if this build does not know the type.
    pub fn event_type(&self) -> Result<EventType, EventError> {
        self.type_name.parse()
    }
}

impl<'a> RawData<'a> {
    /// The state after the event as `P`: a task, a reminder or a notification.
    ///
    /// # Errors
    /// [`EventError::Malformed`] if it is something else.
    pub fn payload<P: Deserialize<'a>>(&self) -> Result<P, EventError> {
        Ok(serde_json::from_str(self.payload.get())?)
    }

    /// The state before the event as `P`, if it tells of one.
    ///
    /// # Errors
    /// [`EventError::Malformed`] if it is something else.
    pub fn previous<P: Deserialize<'a>>(&self) -> Result<Option<P>, EventError> {
        Ok(self.previous.map(|text| serde_json::from_str(text.get())).transpose()?)
    }
}
