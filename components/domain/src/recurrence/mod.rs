//! When a recurring task comes again.
//!
//! # Decisions
//! - All arithmetic is on calendar days in the task's zone; the time of day is put on at the end. So a task at 09:00 stays
//!   at 09:00 through both clock changes. A time that a change skips moves forward by the gap, one that comes twice is its
//!   first coming.
//! - `monthly` on the 31st and `yearly` on 29 February fall on the last day of months that are shorter. RRULE text keeps
//!   RFC 5545's meaning: such months are skipped.
//! - From the due date (the default), the next occurrence is the first of the schedule that is after both the due date and
//!   the completion: what was missed is not made up, what was done early is not asked for twice. Missed occurrences use up
//!   a count, as in RFC 5545.
//! - From the completion, it is the first one after the day of completion, at the due date's time of day.
//! - A task without a due date counts from its completion, and its next occurrence is due on a day.
//! - Every occurrence is a task of its own, so what it can not tell from its own due date is carried in the rule's text:
//!   the remaining count, the day that a short month cut, the time that a clock change moved.

mod phrase;
mod rfc5545;
mod rule;
mod words;

#[cfg(test)]
mod tests;

use chrono::{Datelike, Days as DayCount, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone as _};

use self::rule::{Days, Rule, RuleError, TimeOfDay, Until};
use crate::limits;
use crate::{Moment, RecurrenceFrom, ReminderDraft, Task, TaskDraft, TaskError, TimeZone, Timestamp};

/// The last year RFC 3339 can write.
const YEAR_MAX: i32 = 9999;
/// The last year the recurrence engine goes to.
const ENGINE_YEAR_MAX: i32 = 10_000;
/// The Gregorian calendar's cycle: 97 leap years in 400, which makes whole weeks.
const CYCLE_YEARS: i32 = 400;
const CYCLE_DAYS: i64 = 146_097;

/// Checks that a rule is understood and that it comes to pass at least once after `from`, whatever its count or end.
///
/// # Errors
/// [`TaskError::Invalid`] at `/recurring_rule`.
pub(crate) fn validate(text: &str, from: NaiveDate) -> Result<(), TaskError> {
    if text.len() > limits::RECURRING_RULE_BYTES_MAX {
        return Err(invalid(RuleError::TooLong));
    }
    let days = || {
        text.parse()
            .and_then(|rule: Rule| days_after(&rule, from)?.next().ok_or(RuleError::Never))
    };
    days().map(drop).map_err(invalid)
}

/// The task that follows `task`, which was completed at `completed_at`; none if it does not recur or the series is over.
///
/// Depends on nothing else, so a repeated call gives the same draft.
///
/// # Errors
/// [`TaskError::Invalid`] at `/recurring_rule` if the rule is not understood, which a validated task's always is.
pub fn next_occurrence(task: &Task, completed_at: Timestamp) -> Result<Option<TaskDraft>, TaskError> {
    let Some(text) = &task.recurring_rule else {
        return Ok(None);
    };
    let rule: Rule = text.parse().map_err(invalid)?;
    let Some(next) = next_after(task, &rule, completed_at).map_err(invalid)? else {
        return Ok(None);
    };
    let day = local_day(next.due, task.time_zone);
    Ok(Some(TaskDraft {
        title: task.title.clone(),
        description: task.description.clone(),
        status: None,
        priority: Some(task.priority),
        tags: Some(task.tags.clone()),
        category: task.category.clone(),
        due_date: Some(next.due),
        time_zone: Some(task.time_zone),
        reminders: Some(reminders_for(task, day)),
        recurring_rule: Some(next.rule.map_or_else(|| text.clone(), |rule| rule.to_string())),
        recurring_end_date: task.recurring_end_date,
        recurrence_from: Some(task.recurrence_from),
    }))
}

/// An occurrence, and the rule if it has to say more than before.
struct Next {
    due: Moment,
    rule: Option<Rule>,
}

fn next_after(task: &Task, rule: &Rule, completed_at: Timestamp) -> Result<Option<Next>, RuleError> {
    let zone = task.time_zone;
    let completed_on = zone.local(completed_at).date();
    let anchor = match task.due_date {
        Some(due) if task.recurrence_from == RecurrenceFrom::DueDate => {
            let day = local_day(due, zone);
            let caught_up = day.checked_add_months(Months::new(12 * limits::RECURRENCE_CATCH_UP_YEARS_MAX));
            if caught_up.is_some_and(|limit| limit < completed_on) {
                completed_on
            } else {
                day
            }
        }
        _ => completed_on,
    };
    let due_time = match task.due_date {
        Some(Moment::At(at)) => Some(zone.local(at).time()),
        _ => None,
    };
    let time = rule
        .time
        .map_or(due_time, |time| Some(time.over(due_time.unwrap_or(NaiveTime::MIN))));
    let place = |day: NaiveDate| time.map_or(Moment::Day(day), |time| Moment::At(zone.resolve(day.and_time(time))));
    let passed = |due: Moment| match due {
        Moment::Day(day) => day <= completed_on,
        Moment::At(at) => at <= completed_at,
    };

    let mut after = days_after(rule, anchor)?
        .zip(1_u32..)
        .map(|(day, nth)| (day, place(day), nth));
    let Some((day, due, nth)) = after.find(|(_, due, _)| !passed(*due)) else {
        return Ok(None);
    };
    let ends = [rule.until, task.recurring_end_date.map(Until::from)];
    if ends.into_iter().flatten().any(|end| !end.includes(due, zone)) {
        return Ok(None);
    }

    let mut next = rule.clone();
    if let Some(count) = rule.count {
        match count.checked_sub(nth) {
            Some(0) | None => return Ok(None),
            left => next.count = left,
        }
    }
    if let Days::Phrase(phrase) = &rule.days
        && task.recurrence_from == RecurrenceFrom::DueDate
        && let Some(anchored) = phrase.anchored(anchor, day)
    {
        next.days = Days::Phrase(anchored);
    }
    if let (Moment::At(at), Some(time), None) = (due, time, rule.time)
        && zone.local(at).time() != time
    {
        next.time = Some(TimeOfDay::exactly(time));
    }
    Ok(Some(Next {
        due,
        rule: (next != *rule).then_some(next),
    }))
}

/// The days of a rule after `anchor`, on which its schedule stands.
///
/// Finite, also for a rule without any day: the engine gives up after 100,000 empty periods or at the year 10,000. To be
/// there soon, the search runs as late as it can: the Gregorian calendar repeats every 400 years to the weekday, so a
/// schedule moved by whole cycles has the same days.
fn days_after(rule: &Rule, anchor: NaiveDate) -> Result<impl Iterator<Item = NaiveDate>, RuleError> {
    let cycles = (ENGINE_YEAR_MAX - CYCLE_YEARS - anchor.year()).max(0) / CYCLE_YEARS;
    let moved = TimeDelta::days(i64::from(cycles) * CYCLE_DAYS);
    // Days only, so the zone does not matter and UTC has no clock changes.
    let start = rrule::Tz::UTC.from_utc_datetime(&(anchor + moved).and_time(NaiveTime::MIN));
    let days = rule
        .to_rrule(anchor)
        .build(start)
        .map_err(|error| RuleError::Rfc5545(error.to_string()))?
        .limit();
    Ok(days
        .into_iter()
        .map(move |start_of_day| start_of_day.date_naive() - moved)
        .skip_while(move |day| *day <= anchor)
        .take_while(|day| day.year() <= YEAR_MAX))
}

/// The next occurrence's reminders: relative ones as they are; an absolute one as many days later as the due date, or, if
/// there was no due date, on the new day; at its own time of day either way.
fn reminders_for(task: &Task, next_day: NaiveDate) -> Vec<ReminderDraft> {
    let zone = task.time_zone;
    let moved = |at: Timestamp| {
        let local = zone.local(at);
        let ahead = task
            .due_date
            .map_or(0, |due| (local_day(due, zone) - local.date()).num_days());
        let days = DayCount::new(ahead.unsigned_abs());
        let day = if ahead < 0 {
            next_day.checked_add_days(days)
        } else {
            next_day.checked_sub_days(days)
        };
        day.map(|day| zone.resolve(day.and_time(local.time())))
    };
    task.reminders
        .iter()
        .filter_map(|reminder| match reminder.before_minutes {
            Some(minutes) => Some(ReminderDraft {
                before_minutes: Some(minutes),
                ..ReminderDraft::default()
            }),
            None => moved(reminder.reminder_at).map(|at| ReminderDraft {
                reminder_at: Some(at),
                ..ReminderDraft::default()
            }),
        })
        .collect()
}

fn local_day(moment: Moment, zone: TimeZone) -> NaiveDate {
    match moment {
        Moment::Day(day) => day,
        Moment::At(at) => zone.local(at).date(),
    }
}

fn invalid(error: RuleError) -> TaskError {
    TaskError::invalid("/recurring_rule", error.to_string())
}
