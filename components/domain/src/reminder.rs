use chrono::NaiveTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Moment, ReminderId, TaskError, TimeZone, Timestamp, limits};

/// A moment at which the user wants to hear of the task.
///
/// Absolute when it names only `reminder_at`; relative when it has `before_minutes`, and then `reminder_at` is worked out
/// from the due date and moves with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reminder {
    /// Stays the same while the reminder moves.
    pub id: ReminderId,
    /// Minutes before the due date; null for an absolute reminder. A due date without a time counts from 09:00 in the
    /// task's time zone.
    #[schema(required)]
    pub before_minutes: Option<u32>,
    /// When it fires.
    pub reminder_at: Timestamp,
}

/// A reminder as a client asks for it: `reminder_at` or `before_minutes`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReminderDraft {
    /// Which present reminder of the task this is, so that it keeps its id. Without one, or with one the task does not
    /// have, a reminder that says the same is recognised, and any other gets a new id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ReminderId>,
    /// Minutes before the due date, 0 to 527,040. Needs a due date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 527_040)]
    pub before_minutes: Option<u32>,
    /// When it fires. Ignored beside `before_minutes`, so that a task's own reminders can be sent back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder_at: Option<Timestamp>,
}

/// The hour of the local day from which a reminder before a due date without a time counts: when people start their day,
/// so that "a day before" is the morning of the day before.
const DUE_DAY_HOUR: u32 = 9;
const MS_PER_MINUTE: i64 = 60_000;

/// When a task is due and for whom, as far as its reminders need it.
#[derive(Clone, Copy)]
pub(crate) struct Due {
    pub(crate) date: Option<Moment>,
    pub(crate) zone: TimeZone,
}

impl Due {
    /// When a reminder that many minutes before fires; none without a due date.
    fn before(self, minutes: u32) -> Option<Timestamp> {
        let due = match self.date? {
            Moment::Day(day) => {
                let morning = NaiveTime::from_hms_opt(DUE_DAY_HOUR, 0, 0).expect("9 is an hour of the day");
                self.zone.resolve(day.and_time(morning))
            }
            Moment::At(at) => at,
        };
        Some(due.plus_ms(-i64::from(minutes) * MS_PER_MINUTE))
    }
}

/// Whether a client may set an absolute reminder that has passed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    /// No: a person asked for it, and it would never fire.
    Refused,
    /// Yes, it just does not fire: it was copied from the occurrence before.
    Kept,
}

/// Moves relative reminders to where the due date is now; without one they are gone.
pub(crate) fn follow(reminders: &mut Vec<Reminder>, due: Due) {
    reminders.retain_mut(
        |reminder| match reminder.before_minutes.map(|minutes| due.before(minutes)) {
            Some(Some(at)) => {
                reminder.reminder_at = at;
                true
            }
            Some(None) => false,
            None => true,
        },
    );
}

/// Turns what a client asks for into a task's reminders, in the same order; what is said twice is kept once.
///
/// `present` are those the task has: they keep their ids, and may have passed.
pub(crate) fn resolve(
    drafts: &[ReminderDraft],
    present: &[Reminder],
    due: Due,
    now: Timestamp,
    past: Past,
    mut new_id: impl FnMut() -> ReminderId,
) -> Result<Vec<Reminder>, TaskError> {
    let mut reminders: Vec<Reminder> = Vec::with_capacity(drafts.len().min(limits::REMINDERS_MAX));
    for (index, draft) in drafts.iter().enumerate() {
        let (before_minutes, reminder_at) = place(*draft, index, due)?;
        let same = |other: &&Reminder| match before_minutes {
            Some(_) => other.before_minutes == before_minutes,
            None => other.before_minutes.is_none() && other.reminder_at == reminder_at,
        };
        if reminders.iter().any(|other| same(&other)) {
            continue;
        }
        if reminders.len() == limits::REMINDERS_MAX {
            return Err(TaskError::invalid(
                "/reminders",
                format!("has more than {} reminders", limits::REMINDERS_MAX),
            ));
        }
        let said_before = present.iter().find(same);
        let too_late = reminder_at <= now.plus_ms(-limits::REMINDER_LATE_MS_MAX);
        if before_minutes.is_none() && said_before.is_none() && past == Past::Refused && too_late {
            return Err(TaskError::invalid(
                format!("/reminders/{index}/reminder_at"),
                "lies in the past",
            ));
        }
        let named = present.iter().find(|other| Some(other.id) == draft.id);
        let id = named
            .or(said_before)
            .map(|known| known.id)
            .filter(|id| reminders.iter().all(|other| other.id != *id))
            .unwrap_or_else(&mut new_id);
        reminders.push(Reminder {
            id,
            before_minutes,
            reminder_at,
        });
    }
    Ok(reminders)
}

/// How and when a reminder fires.
fn place(draft: ReminderDraft, index: usize, due: Due) -> Result<(Option<u32>, Timestamp), TaskError> {
    match (draft.before_minutes, draft.reminder_at) {
        (Some(minutes), _) => {
            let pointer = || format!("/reminders/{index}/before_minutes");
            if minutes > limits::REMINDER_BEFORE_MINUTES_MAX {
                let detail = format!("must be at most {} minutes", limits::REMINDER_BEFORE_MINUTES_MAX);
                return Err(TaskError::invalid(pointer(), detail));
            }
            let at = due
                .before(minutes)
                .ok_or_else(|| TaskError::invalid(pointer(), "needs a due date"))?;
            Ok((Some(minutes), at))
        }
        (None, Some(at)) => Ok((None, at)),
        (None, None) => Err(TaskError::invalid(
            format!("/reminders/{index}"),
            "needs reminder_at or before_minutes",
        )),
    }
}
