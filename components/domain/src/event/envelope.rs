use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::EventType;
use crate::{EventId, Timestamp};

/// A CloudEvents 1.0 envelope in structured JSON mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CloudEvent<'a, D> {
    /// Always `1.0`.
    pub specversion: SpecVersion,
    /// Unique for ever; consumers recognise a repeat by it.
    pub id: EventId,
    /// Who tells of it, as a URI reference: `/dayloom/<component>`.
    pub source: Cow<'a, str>,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// What it happened to: a task's or a user's id.
    pub subject: Cow<'a, str>,
    /// When it happened.
    pub time: Timestamp,
    /// Always `application/json`.
    pub datacontenttype: ContentType,
    /// Which schema `data` adheres to; see [`EventType::dataschema`].
    pub dataschema: Cow<'a, str>,
    /// The facts.
    pub data: D,
}

/// The CloudEvents version that is spoken here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SpecVersion {
    /// 1.0 and its patch releases.
    #[default]
    #[serde(rename = "1.0")]
    V1,
}

/// The media type of every event's data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ContentType {
    /// JSON.
    #[default]
    #[serde(rename = "application/json")]
    Json,
}

impl<'a, D> CloudEvent<'a, D> {
    /// An event with the constant members filled in.
    pub fn new(
        event_type: EventType,
        id: EventId,
        source: impl Into<Cow<'a, str>>,
        subject: impl Into<Cow<'a, str>>,
        time: Timestamp,
        data: D,
    ) -> Self {
        Self {
            specversion: SpecVersion::V1,
            id,
            source: source.into(),
            event_type,
            subject: subject.into(),
            time,
            datacontenttype: ContentType::Json,
            dataschema: Cow::Borrowed(event_type.dataschema()),
            data,
        }
    }
}

impl<D: Serialize> CloudEvent<'_, D> {
    /// The event as it travels.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("events hold string keys and values that serialise")
    }
}
