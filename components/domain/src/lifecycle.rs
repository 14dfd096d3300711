use crate::event::EventType;
use crate::reminder::{self, Due, Past};
use crate::transition::Presence;
use crate::{
    Field, Moment, ReminderDraft, ReminderId, Status, Task, TaskDraft, TaskError, TaskId, TaskPatch, Timestamp,
    Transition, UserId, recurrence, text,
};

/// Who and which a new task is: what its draft does not say.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// A fresh UUIDv7.
    pub id: TaskId,
    /// Whose task it is.
    pub user_id: UserId,
    /// The occurrence it follows, when it was made by recurrence and not by a person.
    pub parent_id: Option<TaskId>,
}

impl Task {
    /// Makes a task of a draft: `task.created`, and `reminder.scheduled` for each reminder to come.
    ///
    /// # Errors
    /// [`TaskError::Invalid`] if the draft breaks a rule. An occurrence (with a parent) may have reminders that have passed;
    /// they do not fire.
    pub fn create(
        draft: TaskDraft,
        new: NewTask,
        now: Timestamp,
        new_reminder_id: impl FnMut() -> ReminderId,
    ) -> Result<Transition, TaskError> {
        let status = draft.status.unwrap_or_default();
        let mut task = Self {
            id: new.id,
            user_id: new.user_id,
            title: text::title(draft.title)?,
            description: draft.description.map(text::description).transpose()?.flatten(),
            status,
            priority: draft.priority.unwrap_or_default(),
            tags: draft.tags.map(text::tags).transpose()?.unwrap_or_default(),
            category: draft.category.map(text::category).transpose()?.flatten(),
            due_date: draft.due_date,
            time_zone: draft.time_zone.unwrap_or_default(),
            reminders: Vec::new(),
            recurring_rule: draft.recurring_rule.and_then(text::rule),
            recurring_end_date: draft.recurring_end_date,
            recurrence_from: draft.recurrence_from.unwrap_or_default(),
            parent_id: new.parent_id,
            sequence: 1,
            created_at: now,
            updated_at: now,
            completed_at: (status == Status::Completed).then_some(now),
        };
        // What comes of a valid task is valid, except that time has passed since.
        let past = if task.parent_id.is_some() {
            Past::Kept
        } else {
            Past::Refused
        };
        if past == Past::Refused {
            task.check_recurrence(now)?;
        }
        if let Some(drafts) = draft.reminders {
            task.reminders = reminder::resolve(&drafts, &[], task.due(), now, past, new_reminder_id)?;
        }
        Ok(Transition::created(task, now))
    }

    /// Applies a patch: `task.completed` if it completes the task, `task.updated` otherwise, and what it means for the
    /// reminders. A patch that changes nothing has no events and leaves the version.
    ///
    /// # Errors
    /// [`TaskError::Invalid`] if the patch breaks a rule; then nothing of it is applied.
    pub fn apply(
        self,
        patch: TaskPatch,
        now: Timestamp,
        new_reminder_id: impl FnMut() -> ReminderId,
    ) -> Result<Transition, TaskError> {
        let mut task = self.clone();
        match patch.title {
            Field::Absent => {}
            Field::Null => return Err(TaskError::invalid("/title", "can not be cleared")),
            Field::Value(title) => task.title = text::title(title)?,
        }
        replace(patch.description, &mut task.description, text::description)?;
        set(patch.priority, &mut task.priority);
        match patch.tags {
            Field::Absent => {}
            Field::Null => task.tags.clear(),
            Field::Value(tags) => task.tags = text::tags(tags)?,
        }
        replace(patch.category, &mut task.category, text::category)?;
        replace(patch.due_date, &mut task.due_date, |due| Ok(Some(due)))?;
        set(patch.time_zone, &mut task.time_zone);
        set(patch.recurrence_from, &mut task.recurrence_from);
        let ends = !patch.recurring_end_date.is_absent();
        replace(patch.recurring_end_date, &mut task.recurring_end_date, |end| {
            Ok(Some(end))
        })?;
        replace(patch.recurring_rule, &mut task.recurring_rule, |rule| {
            Ok(text::rule(rule))
        })?;
        if task.recurring_rule.is_none() && !ends {
            // The end goes with the recurrence it ended.
            task.recurring_end_date = None;
        }
        if (&task.recurring_rule, task.recurring_end_date) != (&self.recurring_rule, self.recurring_end_date)
            || (task.due_date, task.time_zone) != (self.due_date, self.time_zone)
        {
            task.check_recurrence(now)?;
        }
        task.set_reminders(patch.reminders, now, new_reminder_id)?;
        set(patch.status, &mut task.status);
        if task == self {
            return Ok(Transition::unchanged(self));
        }

        let event_type = match (self.status, task.status) {
            (Status::Completed, Status::Completed) => EventType::TaskUpdated,
            (_, Status::Completed) => {
                task.completed_at = Some(now);
                EventType::TaskCompleted
            }
            _ => {
                task.completed_at = None;
                EventType::TaskUpdated
            }
        };
        task.advance(now);
        Ok(Transition::changed(event_type, self, task, Presence::Live, now))
    }

    /// Completes the task: `task.completed`, and `reminder.cancelled` for what was still to come. Completing a completed task
    /// changes nothing.
    pub fn complete(self, now: Timestamp) -> Transition {
        if self.status == Status::Completed {
            return Transition::unchanged(self);
        }
        let mut task = self.clone();
        task.status = Status::Completed;
        task.completed_at = Some(now);
        task.advance(now);
        Transition::changed(EventType::TaskCompleted, self, task, Presence::Live, now)
    }

    /// Deletes the task: `task.deleted`, whose payload is what [`Self::restore`] takes, and `reminder.cancelled`. A deletion is
    /// a version of its own, so that it is not taken for older than what it deletes.
    pub fn delete(self, now: Timestamp) -> Transition {
        let mut task = self.clone();
        task.advance(now);
        Transition::changed(EventType::TaskDeleted, self, task, Presence::Gone, now)
    }

    /// Brings back a deleted task from the payload of its `task.deleted`: `task.restored`, and `reminder.scheduled` for
    /// what is still to come. It is as it was, with a later version.
    pub fn restore(snapshot: Self, now: Timestamp) -> Transition {
        let mut task = snapshot.clone();
        task.advance(now);
        Transition::restored(&snapshot, task, now)
    }

    /// Checks the version a client last saw (`If-Match`); none means that it does not mind.
    ///
    /// # Errors
    /// [`TaskError::Stale`] if the task has changed since.
    pub fn check_version(&self, expected: Option<u64>) -> Result<(), TaskError> {
        match expected {
            Some(expected) if expected != self.sequence => Err(TaskError::Stale {
                expected,
                current: self.sequence,
            }),
            _ => Ok(()),
        }
    }

    fn advance(&mut self, now: Timestamp) {
        self.sequence += 1;
        // Clocks of two machines may differ; a task does not get younger.
        self.updated_at = self.updated_at.max(now);
    }

    fn due(&self) -> Due {
        Due {
            date: self.due_date,
            zone: self.time_zone,
        }
    }

    fn check_recurrence(&self, now: Timestamp) -> Result<(), TaskError> {
        let first = match self.due_date {
            Some(Moment::Day(day)) => day,
            Some(Moment::At(at)) => self.time_zone.local(at).date(),
            None => self.time_zone.local(now).date(),
        };
        match (&self.recurring_rule, self.recurring_end_date) {
            (Some(rule), _) => recurrence::validate(rule, first),
            (None, Some(_)) => Err(TaskError::invalid("/recurring_end_date", "needs a recurring_rule")),
            (None, None) => Ok(()),
        }
    }

    fn set_reminders(
        &mut self,
        drafts: Field<Vec<ReminderDraft>>,
        now: Timestamp,
        new_id: impl FnMut() -> ReminderId,
    ) -> Result<(), TaskError> {
        let due = self.due();
        match drafts {
            Field::Absent => reminder::follow(&mut self.reminders, due),
            Field::Null => self.reminders.clear(),
            Field::Value(drafts) => {
                self.reminders = reminder::resolve(&drafts, &self.reminders, due, now, Past::Refused, new_id)?;
            }
        }
        Ok(())
    }
}

/// Patches an optional field.
fn replace<T, U>(
    field: Field<T>,
    slot: &mut Option<U>,
    check: impl FnOnce(T) -> Result<Option<U>, TaskError>,
) -> Result<(), TaskError> {
    match field {
        Field::Absent => {}
        Field::Null => *slot = None,
        Field::Value(value) => *slot = check(value)?,
    }
    Ok(())
}

/// Patches a field that has a default instead of being absent.
fn set<T: Default>(field: Field<T>, slot: &mut T) {
    match field {
        Field::Absent => {}
        Field::Null => *slot = T::default(),
        Field::Value(value) => *slot = value,
    }
}
