//! Ports that do what they are told to: the real SQLite store with faults in front of it, and a scheduler and a broadcast
//! that remember what they were asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use dayloom_ports::{
    Broadcast, BroadcastError, ComponentId, Event, Message, Row, Scheduler, SchedulerError, Statement,
    StatementOutcome, Storage, StorageError, TimestampMs, Value,
};
use dayloom_sqlite::SqliteStore;

/// What a component meets at storage.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Nothing is read and nothing is written.
    Away,
    /// The same, and storage says so when it is asked whether it is there.
    Out,
    /// Commits are applied, but their answers are lost.
    AnswersLost,
    /// Before each of the next so many commits, somebody else runs this statement.
    Rival(u32, String),
}

/// The real store behind faults, which are each component's own.
pub(crate) struct FaultyStorage {
    store: Arc<SqliteStore>,
    faults: Mutex<HashMap<ComponentId, Fault>>,
}

impl FaultyStorage {
    pub(crate) fn new(store: Arc<SqliteStore>) -> Self {
        Self {
            store,
            faults: Mutex::default(),
        }
    }

    /// From now on the component meets this fault, or none.
    pub(crate) fn set(&self, component: &str, fault: Option<Fault>) {
        match fault {
            Some(fault) => self.faults().insert(component.into(), fault),
            None => self.faults().remove(component),
        };
    }

    /// One number, read as the component, past the faults.
    pub(crate) async fn count(&self, component: &str, sql: &str) -> i64 {
        let rows = self
            .store
            .query(&component.into(), sql, &[])
            .await
            .expect("the query is valid");
        match rows.as_slice() {
            [row] => match row.as_slice() {
                [Value::Integer(number)] => *number,
                other => panic!("a number was expected: {other:?}"),
            },
            other => panic!("one row was expected: {other:?}"),
        }
    }

    fn faults(&self) -> MutexGuard<'_, HashMap<ComponentId, Fault>> {
        self.faults.lock().expect("nobody panics with it")
    }

    /// The statement of the rival who comes first, if there is still one.
    fn rival(&self, component: &ComponentId) -> Option<String> {
        match self.faults().get_mut(component) {
            Some(Fault::Rival(left, sql)) if *left > 0 => {
                *left -= 1;
                Some(sql.clone())
            }
            _ => None,
        }
    }
}

fn away() -> StorageError {
    StorageError::Unavailable("away".to_owned())
}

#[async_trait]
impl Storage for FaultyStorage {
    async fn query(&self, component: &ComponentId, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        if matches!(self.faults().get(component), Some(Fault::Away | Fault::Out)) {
            return Err(away());
        }
        self.store.query(component, sql, params).await
    }

    async fn commit(
        &self,
        component: &ComponentId,
        statements: Vec<Statement>,
        events: Vec<Event>,
    ) -> Result<Vec<StatementOutcome>, StorageError> {
        let fault = self.faults().get(component).cloned();
        if matches!(fault, Some(Fault::Away | Fault::Out)) {
            return Err(away());
        }
        if let Some(sql) = self.rival(component) {
            let statement = Statement {
                sql,
                params: Vec::new(),
                expected_changes: None,
            };
            self.store.commit(component, vec![statement], Vec::new()).await?;
        }
        let applied = self.store.commit(component, statements, events).await;
        match fault {
            Some(Fault::AnswersLost) => applied.and(Err(away())),
            _ => applied,
        }
    }

    async fn ready(&self) -> Result<(), String> {
        if self.faults().values().any(|fault| matches!(fault, Fault::Out)) {
            return Err("away".to_owned());
        }
        self.store.ready().await
    }
}

/// A scheduler and a broadcast that can be away, and remember what they took.
#[derive(Default)]
pub(crate) struct Recorder {
    is_away: Mutex<bool>,
    timers: Mutex<Vec<String>>,
    messages: Mutex<Vec<Message>>,
}

impl Recorder {
    pub(crate) fn set_away(&self, is_away: bool) {
        *self.is_away.lock().expect("nobody panics with it") = is_away;
    }

    /// Names of the timers that were set.
    pub(crate) fn timers(&self) -> Vec<String> {
        self.timers.lock().expect("nobody panics with it").clone()
    }

    /// What was sent.
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.messages.lock().expect("nobody panics with it").clone()
    }

    fn is_away(&self) -> bool {
        *self.is_away.lock().expect("nobody panics with it")
    }
}

#[async_trait]
impl Scheduler for Recorder {
    async fn schedule(&self, _: &ComponentId, name: &str, _: TimestampMs, _: &str) -> Result<(), SchedulerError> {
        if self.is_away() {
            return Err(SchedulerError::Unavailable("away".to_owned()));
        }
        self.timers.lock().expect("nobody panics with it").push(name.to_owned());
        Ok(())
    }

    async fn cancel(&self, _: &ComponentId, name: &str) -> Result<(), SchedulerError> {
        self.timers
            .lock()
            .expect("nobody panics with it")
            .retain(|timer| timer != name);
        Ok(())
    }
}

#[async_trait]
impl Broadcast for Recorder {
    async fn send(&self, messages: Vec<Message>) -> Result<(), BroadcastError> {
        if self.is_away() {
            return Err(BroadcastError::Unavailable("away".to_owned()));
        }
        self.messages.lock().expect("nobody panics with it").extend(messages);
        Ok(())
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}
