use std::borrow::Cow;

use crate::event::{CloudEvent, EventData, EventType, ReminderPayload};
use crate::{EventId, ReminderId, Status, Task, TaskId, Timestamp, limits};

/// What a command did to a task, decided but not yet written: the state to store and the events to commit with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The task after the command. For a deletion, the task as it can be restored.
    pub task: Task,
    /// The task before it; none for a task that was not there.
    pub previous: Option<Task>,
    /// What happened, in the order it is to be told. Empty if the command changed nothing: then there is nothing to write.
    pub changes: Vec<Change>,
}

/// One thing that happened to a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// To the task itself.
    Task(EventType),
    /// To one of its reminders.
    Reminder(EventType, ReminderPayload),
}

/// What the events of one transition have in common beside the task.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// CloudEvents `source`, such as `/dayloom/tasks`.
    pub source: &'a str,
    /// The request or event that led to it.
    pub correlation_id: &'a str,
}

/// An event that is ready to be committed.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenEvent {
    /// CloudEvents `id`.
    pub id: EventId,
    /// CloudEvents `type`.
    pub event_type: EventType,
    /// Ordering key: events of one task keep their order.
    pub key: TaskId,
    /// Structured JSON.
    pub body: String,
}

/// Whether a task is there to be reminded of.
#[derive(Clone, Copy)]
pub(crate) enum Presence {
    /// It was created, or is open.
    Live,
    /// It is deleted.
    Gone,
}

impl Transition {
    pub(crate) fn unchanged(task: Task) -> Self {
        Self {
            task,
            previous: None,
            changes: Vec::new(),
        }
    }

    pub(crate) fn created(task: Task, now: Timestamp) -> Self {
        let changes = changes(EventType::TaskCreated, None, (&task, Presence::Live), now);
        Self {
            task,
            previous: None,
            changes,
        }
    }

    pub(crate) fn changed(
        event_type: EventType,
        previous: Task,
        task: Task,
        presence: Presence,
        now: Timestamp,
    ) -> Self {
        let changes = changes(event_type, Some((&previous, Presence::Live)), (&task, presence), now);
        Self {
            task,
            previous: Some(previous),
            changes,
        }
    }

    pub(crate) fn restored(snapshot: &Task, task: Task, now: Timestamp) -> Self {
        let changes = changes(
            EventType::TaskRestored,
            Some((snapshot, Presence::Gone)),
            (&task, Presence::Live),
            now,
        );
        Self {
            task,
            previous: None,
            changes,
        }
    }

    /// Whether the command changed anything.
    pub fn is_change(&self) -> bool {
        !self.changes.is_empty()
    }

    /// The events as they travel, each with a new id.
    pub fn events(&self, stamp: Stamp<'_>, mut new_id: impl FnMut() -> EventId) -> Vec<WrittenEvent> {
        self.changes
            .iter()
            .map(|change| self.write(change, stamp, new_id()))
            .collect()
    }

    fn write(&self, change: &Change, stamp: Stamp<'_>, id: EventId) -> WrittenEvent {
        let (event_type, body) = match change {
            Change::Task(event_type) => {
                let key = format!("{}:{}", self.task.id, self.task.sequence);
                let data = self.data(stamp, key, &self.task, self.previous.as_ref());
                (*event_type, self.envelope(*event_type, id, stamp, data).to_json())
            }
            Change::Reminder(event_type, payload) => {
                let key = format!("{}:{}", payload.reminder_id, self.task.sequence);
                let data = self.data(stamp, key, payload, None);
                (*event_type, self.envelope(*event_type, id, stamp, data).to_json())
            }
        };
        WrittenEvent {
            id,
            event_type,
            key: self.task.id,
            body,
        }
    }

    fn data<'a, P>(&'a self, stamp: Stamp<'a>, key: String, payload: P, previous: Option<P>) -> EventData<'a, P> {
        EventData {
            task_id: self.task.id,
            user_id: Cow::Borrowed(&self.task.user_id),
            sequence: self.task.sequence,
            idempotency_key: key.into(),
            correlation_id: stamp.correlation_id.into(),
            payload,
            previous,
        }
    }

    fn envelope<'a, D>(&self, event_type: EventType, id: EventId, stamp: Stamp<'a>, data: D) -> CloudEvent<'a, D> {
        CloudEvent::new(
            event_type,
            id,
            stamp.source,
            self.task.id.to_string(),
            self.task.updated_at,
            data,
        )
    }
}

fn changes(
    event_type: EventType,
    before: Option<(&Task, Presence)>,
    after: (&Task, Presence),
    now: Timestamp,
) -> Vec<Change> {
    let mut changes = vec![Change::Task(event_type)];
    let (task, live) = (after.0, is_live(after));
    let was_live = before.is_some_and(is_live);
    let known = |id: ReminderId| before.and_then(|(task, _)| find(task, id).map(|payload| (task, payload)));

    for reminder in &task.reminders {
        // A reminder that was there and did not move may have fired, so being late is only for what is new.
        let unmoved = known(reminder.id).filter(|(_, was)| was.reminder_at == reminder.reminder_at);
        let earliest = if unmoved.is_some() {
            now
        } else {
            now.plus_ms(-limits::REMINDER_LATE_MS_MAX)
        };
        let told = was_live && unmoved.is_some_and(|(was, _)| reads_the_same(was, task));
        if live && reminder.reminder_at > earliest && !told {
            changes.push(Change::Reminder(EventType::ReminderScheduled, payload(task, reminder)));
        }
    }
    if let Some((was, _)) = before.filter(|_| was_live) {
        let may_fire = |at: Timestamp| at > now.plus_ms(-limits::REMINDER_LATE_MS_MAX);
        for reminder in was.reminders.iter().filter(|reminder| may_fire(reminder.reminder_at)) {
            let stays = live && find(task, reminder.id).is_some_and(|reminder| may_fire(reminder.reminder_at));
            if !stays {
                changes.push(Change::Reminder(EventType::ReminderCancelled, payload(was, reminder)));
            }
        }
    }
    changes
}

fn is_live((task, presence): (&Task, Presence)) -> bool {
    matches!(presence, Presence::Live) && task.status != Status::Completed
}

fn find(task: &Task, id: ReminderId) -> Option<&crate::Reminder> {
    task.reminders.iter().find(|reminder| reminder.id == id)
}

/// Whether a reminder's message would say the same.
fn reads_the_same(one: &Task, other: &Task) -> bool {
    (&one.title, one.due_date, one.time_zone) == (&other.title, other.due_date, other.time_zone)
}

fn payload(task: &Task, reminder: &crate::Reminder) -> ReminderPayload {
    ReminderPayload {
        reminder_id: reminder.id,
        remind_at: reminder.reminder_at,
        title: task.title.clone(),
        due_date: task.due_date,
        time_zone: task.time_zone,
    }
}
