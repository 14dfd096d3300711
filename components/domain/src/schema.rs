//! JSON Schemas (draft 2020-12) of the events, generated from their types.
//!
//! The repository keeps them in `components/domain/schemas/<type>.json`; a test fails when they differ from the types.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use crate::event::{CloudEvent, EventData, EventType, Notification, ReminderPayload, UserEventData};
use crate::{EventId, Moment, NotificationId, ReminderId, Task, TaskId, TimeZone, Timestamp, UserId};

/// Describes types that are one JSON string.
macro_rules! text_schemas {
    ($($type:ident: $schema:tt,)+) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )+};
}

text_schemas! {
    TaskId: { "type": "string", "format": "uuid" },
    ReminderId: { "type": "string", "format": "uuid" },
    NotificationId: { "type": "string", "format": "uuid" },
    EventId: { "type": "string", "format": "uuid" },
    UserId: { "type": "string", "minLength": 1 },
    Timestamp: {
        "type": "string",
        "format": "date-time",
        "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
        "description": "An instant in UTC, to the millisecond.",
    },
    Moment: {
        "type": "string",
        "pattern": r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}\.\d{3}Z)?$",
        "description": "A day in the task's time zone, or an instant in UTC.",
    },
    TimeZone: { "type": "string", "minLength": 1, "description": "An IANA time zone." },
}

/// The schema of one type of event: the whole CloudEvent, with the data it must hold.
pub fn of_event(event_type: EventType) -> serde_json::Value {
    let generator = || SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema = match event_type {
        EventType::TaskCreated
        | EventType::TaskUpdated
        | EventType::TaskCompleted
        | EventType::TaskDeleted
        | EventType::TaskRestored => generator().into_root_schema_for::<CloudEvent<'_, EventData<'_, Task>>>(),
        EventType::ReminderScheduled
        | EventType::ReminderCancelled
        | EventType::ReminderDue
        | EventType::ReminderSent => {
            generator().into_root_schema_for::<CloudEvent<'_, EventData<'_, ReminderPayload>>>()
        }
        EventType::NotificationCreated => {
            generator().into_root_schema_for::<CloudEvent<'_, EventData<'_, Notification>>>()
        }
        EventType::UserCreated => generator().into_root_schema_for::<CloudEvent<'_, UserEventData<'_>>>(),
    };
    let mut schema = schema.to_value();
    let (id, _) = event_type
        .dataschema()
        .split_once('#')
        .expect("a dataschema is a schema's id and a place in it");
    schema["$id"] = json!(id);
    schema["title"] = json!(event_type.as_str());
    // Of all types the schema of the enum allows, this is the one.
    schema["properties"]["type"] = json!({ "const": event_type.as_str() });
    schema["properties"]["dataschema"] = json!({ "const": event_type.dataschema() });
    if let Some(definitions) = schema["$defs"].as_object_mut() {
        definitions.remove("EventType");
    }
    schema
}
