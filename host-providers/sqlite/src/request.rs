//! A commit on its way to the writer: checked against limits and grants on the caller's thread, so that the writer only
//! writes.

use dayloom_ports::{Event, Grant, Statement, StorageError, TopicMap};
use dayloom_sql::{Admitted, admit};

use crate::log::{NewEvent, partition_of};

pub(crate) struct CommitRequest {
    /// The caller's number among the grants.
    pub(crate) component: usize,
    pub(crate) statements: Vec<Statement>,
    pub(crate) events: Vec<NewEvent>,
    /// Memory of parameters, bodies and texts.
    bytes: usize,
}

impl CommitRequest {
    pub(crate) fn new(
        component: usize,
        grant: &Grant,
        topic_map: &TopicMap,
        statements: Vec<Statement>,
        events: Vec<Event>,
    ) -> Result<Self, StorageError> {
        let Admitted { event_ids, bytes } = admit(grant, topic_map, &statements, &events)?;
        let events = event_ids
            .into_iter()
            .zip(events)
            .map(|(id, event)| NewEvent {
                id,
                partition: partition_of(&event.key),
                event_type: event.event_type,
                key: event.key,
                body: event.body,
            })
            .collect();
        Ok(Self {
            component,
            statements,
            events,
            bytes,
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The index that stands for an event's id in a conflict.
    pub(crate) fn event_index(&self) -> u32 {
        u32::try_from(self.statements.len()).unwrap_or(u32::MAX)
    }
}
