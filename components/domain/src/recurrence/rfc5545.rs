//! RFC 5545 RRULE text (§3.3.10), as far as it makes sense for tasks: one occurrence a day at most.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use chrono::{Month, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Weekday};
use rrule::{Frequency, NWeekday, RRule, Tz, Unvalidated};

use super::rule::{Days, Rule, RuleError, TimeOfDay, Until};
use crate::limits;
use crate::timestamp::{Timestamp, parse_date};

/// The parts of an RRULE that say on which days it falls.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recur {
    /// As written, in capitals, without the parts that [`Rule`] keeps itself.
    text: String,
    pub(super) rule: RRule<Unvalidated>,
}

impl fmt::Display for Recur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a text is meant as an RRULE, right or wrong.
pub(super) fn looks_like(text: &str) -> bool {
    text.contains('=')
}

/// Reads an RRULE with or without its `RRULE:`.
pub(super) fn parse(text: &str) -> Result<Rule, RuleError> {
    let text = text.trim().to_ascii_uppercase();
    let text = text.strip_prefix("RRULE:").unwrap_or(&text);
    let mut parts = Parts::default();
    for part in text.split(';').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or(RuleError::Unknown)?;
        parts.add(name, value)?;
    }
    parts.finish()
}

/// What has been read so far.
#[derive(Default)]
struct Parts {
    text: String,
    rule: RRule<Unvalidated>,
    frequency: Option<Frequency>,
    seen: Vec<&'static str>,
    nth_weekday: bool,
    hour: Option<u32>,
    minute: Option<u32>,
    second: Option<u32>,
    count: Option<u32>,
    until: Option<Until>,
}

/// The parts that are understood. What RFC 5545 or its extensions know beside them is refused by name.
const NAMES: [&str; 14] = [
    "FREQ",
    "INTERVAL",
    "WKST",
    "BYDAY",
    "BYMONTHDAY",
    "BYMONTH",
    "BYSETPOS",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYHOUR",
    "BYMINUTE",
    "BYSECOND",
    "COUNT",
    "UNTIL",
];

impl Parts {
    fn add(&mut self, name: &str, value: &str) -> Result<(), RuleError> {
        let Some(name) = NAMES.into_iter().find(|known| *known == name) else {
            // Enough to recognise what was meant, not enough to carry anything else.
            return Err(RuleError::Part(
                name.chars().filter(char::is_ascii_alphanumeric).take(20).collect(),
            ));
        };
        if self.seen.contains(&name) {
            return Err(RuleError::Twice(name));
        }
        self.seen.push(name);
        match name {
            "BYHOUR" => self.hour = Some(one(value, 23, name)?),
            "BYMINUTE" => self.minute = Some(one(value, 59, name)?),
            "BYSECOND" => self.second = Some(one(value, 59, name)?),
            "COUNT" => {
                let count = value.parse().map_err(|_| RuleError::Count)?;
                if !(1..=limits::RECURRENCE_COUNT_MAX).contains(&count) {
                    return Err(RuleError::Count);
                }
                self.count = Some(count);
            }
            "UNTIL" => self.until = Some(until(value).ok_or(RuleError::Value(name))?),
            _ => {
                self.set_days(name, value)?;
                let separator = if self.text.is_empty() { "" } else { ";" };
                write!(self.text, "{separator}{name}={value}").expect("a String takes all text");
            }
        }
        Ok(())
    }

    fn set_days(&mut self, name: &'static str, value: &str) -> Result<(), RuleError> {
        let rule = std::mem::take(&mut self.rule);
        self.rule = match name {
            "FREQ" => {
                let frequency = frequency(value).ok_or(RuleError::Frequency)?;
                self.frequency = Some(frequency);
                rule.freq(frequency)
            }
            "INTERVAL" => {
                let interval = value.parse().map_err(|_| RuleError::Interval)?;
                if !(1..=limits::RECURRENCE_INTERVAL_MAX).contains(&interval) {
                    return Err(RuleError::Interval);
                }
                rule.interval(interval)
            }
            "WKST" => rule.week_start(weekday(value).ok_or(RuleError::Value(name))?),
            "BYDAY" => {
                let days = list(value, name, nth_weekday)?;
                self.nth_weekday = days.iter().any(|day| matches!(day, NWeekday::Nth(..)));
                rule.by_weekday(days)
            }
            "BYMONTHDAY" => rule.by_month_day(list(value, name, position)?),
            "BYMONTH" => {
                let month = |text: &str| number::<u8>(text).and_then(|month| Month::try_from(month).ok());
                rule.by_month(&list(value, name, month)?)
            }
            "BYSETPOS" => rule.by_set_pos(list(value, name, position)?),
            "BYYEARDAY" => rule.by_year_day(list(value, name, position)?),
            _ => rule.by_week_no(list(value, name, position)?),
        };
        Ok(())
    }

    fn finish(self) -> Result<Rule, RuleError> {
        let frequency = self.frequency.ok_or(RuleError::Frequency)?;
        if self.nth_weekday && !matches!(frequency, Frequency::Monthly | Frequency::Yearly) {
            return Err(RuleError::Value("BYDAY"));
        }
        if self.count.is_some() && self.until.is_some() {
            return Err(RuleError::CountAndUntil);
        }
        if self.seen.contains(&"BYSETPOS")
            && !self
                .seen
                .iter()
                .any(|name| name.starts_with("BY") && *name != "BYSETPOS")
        {
            return Err(RuleError::Value("BYSETPOS"));
        }
        let time = match (self.hour, self.minute, self.second) {
            (Some(hour), minute, second) => Some(TimeOfDay { hour, minute, second }),
            (None, None, None) => None,
            (None, Some(_), _) => return Err(RuleError::Part("BYMINUTE without BYHOUR".to_owned())),
            (None, None, Some(_)) => return Err(RuleError::Part("BYSECOND without BYHOUR".to_owned())),
        };
        let rule = self.rule;
        // The crate checks ranges and combinations against a start; any will do, as the ranges do not depend on it.
        let start = chrono::TimeZone::from_utc_datetime(&Tz::UTC, &NaiveDateTime::default());
        rule.clone()
            .validate(start)
            .map_err(|error| RuleError::Rfc5545(error.to_string()))?;
        Ok(Rule {
            days: Days::Recur(Box::new(Recur { text: self.text, rule })),
            time,
            count: self.count,
            until: self.until,
        })
    }
}

fn list<T>(value: &str, name: &'static str, item: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, RuleError> {
    value
        .split(',')
        .map(|text| item(text).ok_or(RuleError::Value(name)))
        .collect()
}

fn one(value: &str, max: u32, name: &'static str) -> Result<u32, RuleError> {
    number(value)
        .filter(|number| *number <= max)
        .ok_or(RuleError::Value(name))
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// A position from the start or, if negative, from the end; RFC 5545 has no position 0.
fn position<T: FromStr + Default + PartialEq>(text: &str) -> Option<T> {
    number(text).filter(|number| *number != T::default())
}

/// What recurs several times a day is no task.
fn frequency(text: &str) -> Option<Frequency> {
    Some(match text {
        "DAILY" => Frequency::Daily,
        "WEEKLY" => Frequency::Weekly,
        "MONTHLY" => Frequency::Monthly,
        "YEARLY" => Frequency::Yearly,
        _ => return None,
    })
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    })
}

/// `MO`, `1MO`, `-1FR`.
fn nth_weekday(text: &str) -> Option<NWeekday> {
    let (nth, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let day = weekday(day)?;
    if nth.is_empty() {
        return Some(NWeekday::Every(day));
    }
    position(nth).map(|nth| NWeekday::Nth(nth, day))
}

/// `20261231`, `20261231T235959` (local), `20261231T235959Z`.
fn until(text: &str) -> Option<Until> {
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let day = compact_date(day)?;
    let Some(time) = time else { return Some(Until::Day(day)) };
    let (digits, utc) = time.strip_suffix('Z').map_or((time, false), |digits| (digits, true));
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let time = NaiveTime::from_hms_opt(number(&digits[0..2])?, number(&digits[2..4])?, number(&digits[4..6])?)?;
    let local = day.and_time(time);
    Some(if utc {
        Until::Instant(Timestamp::from(local.and_utc()))
    } else {
        Until::Local(local)
    })
}

fn compact_date(text: &str) -> Option<NaiveDate> {
    if text.len() != 8 || !text.is_ascii() {
        return None;
    }
    parse_date(&format!("{}-{}-{}", &text[0..4], &text[4..6], &text[6..8]))
}

/// Writes time, end and count as [`parse`] reads them.
pub(super) fn write_suffixes(rule: &Rule, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(time) = rule.time {
        write!(f, ";BYHOUR={}", time.hour)?;
        if let Some(minute) = time.minute {
            write!(f, ";BYMINUTE={minute}")?;
        }
        if let Some(second) = time.second {
            write!(f, ";BYSECOND={second}")?;
        }
    }
    match rule.until {
        Some(Until::Day(day)) => write!(f, ";UNTIL={}", day.format("%Y%m%d"))?,
        Some(Until::Local(local)) => write!(f, ";UNTIL={}", compact(local))?,
        Some(Until::Instant(at)) => write!(f, ";UNTIL={}Z", compact(at.to_utc().naive_utc()))?,
        None => {}
    }
    rule.count.map_or(Ok(()), |count| write!(f, ";COUNT={count}"))
}

fn compact(local: NaiveDateTime) -> impl fmt::Display {
    debug_assert_eq!(local.nanosecond(), 0, "UNTIL is read in whole seconds");
    local.format("%Y%m%dT%H%M%S")
}
