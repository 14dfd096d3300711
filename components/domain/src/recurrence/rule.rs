use std::fmt;
use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use rrule::{RRule, Unvalidated};

use super::phrase::{self, Phrase};
use super::rfc5545::{self, Recur};
use crate::{Moment, TimeZone, Timestamp, limits};

/// A recurrence rule that was understood. Its `Display` reads back as the same rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub(super) days: Days,
    /// The time of day it sets; without one, occurrences keep the due date's.
    pub(super) time: Option<TimeOfDay>,
    /// Occurrences there are, this one included.
    pub(super) count: Option<u32>,
    pub(super) until: Option<Until>,
}

/// Bytes that carrying a time of day from one occurrence to the next may add to what the user wrote:
/// `;BYHOUR=23;BYMINUTE=59;BYSECOND=59`, rounded up.
const CARRIED_BYTES_MAX: usize = 48;

/// On which days a rule falls.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Days {
    Phrase(Phrase),
    Recur(Box<Recur>),
}

/// Hour, minute and second; what is absent is the due date's (RFC 5545 §3.3.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeOfDay {
    pub(super) hour: u32,
    pub(super) minute: Option<u32>,
    pub(super) second: Option<u32>,
}

/// The last moment, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Day(NaiveDate),
    Local(NaiveDateTime),
    Instant(Timestamp),
}

/// Why a text is no rule, in words for its author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum RuleError {
    #[error("is longer than {} bytes", limits::RECURRING_RULE_BYTES_MAX)]
    TooLong,
    #[error(
        "is not understood; write daily, weekly, monthly or yearly, a phrase such as \"every 2 weeks on monday\", \
         \"first monday of the month\" or \"every month on the 31st\", or an RFC 5545 rule such as FREQ=WEEKLY;BYDAY=MO"
    )]
    Unknown,
    #[error("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY")]
    Frequency,
    #[error("the interval must be 1 to {}", limits::RECURRENCE_INTERVAL_MAX)]
    Interval,
    #[error("the number of times must be 1 to {}", limits::RECURRENCE_COUNT_MAX)]
    Count,
    #[error("COUNT and UNTIL can not be used together")]
    CountAndUntil,
    #[error("{0} is not supported here")]
    Part(String),
    #[error("{0} is given twice")]
    Twice(&'static str),
    #[error("the value of {0} is not valid")]
    Value(&'static str),
    #[error("is not a valid RFC 5545 rule: {0}")]
    Rfc5545(String),
    #[error("never comes to pass")]
    Never,
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        if text.len() > limits::RECURRING_RULE_BYTES_MAX + CARRIED_BYTES_MAX {
            return Err(RuleError::TooLong);
        }
        if rfc5545::looks_like(text) {
            rfc5545::parse(text)
        } else {
            phrase::parse_rule(text)
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.days {
            Days::Phrase(phrase) => {
                phrase.fmt(f)?;
                phrase::write_suffixes(self, f)
            }
            Days::Recur(recur) => {
                recur.fmt(f)?;
                rfc5545::write_suffixes(self, f)
            }
        }
    }
}

impl Rule {
    /// The days as RFC 5545 has them, for a schedule that starts on `anchor`.
    pub(super) fn to_rrule(&self, anchor: NaiveDate) -> RRule<Unvalidated> {
        match &self.days {
            Days::Phrase(phrase) => phrase.to_rrule(anchor),
            Days::Recur(recur) => recur.rule.clone(),
        }
    }
}

impl TimeOfDay {
    pub(super) fn exactly(time: NaiveTime) -> Self {
        Self {
            hour: time.hour(),
            minute: Some(time.minute()),
            second: Some(time.second()),
        }
    }

    /// This time, with what it leaves open taken from `base`.
    pub(super) fn over(self, base: NaiveTime) -> NaiveTime {
        let (minute, second) = (
            self.minute.unwrap_or(base.minute()),
            self.second.unwrap_or(base.second()),
        );
        NaiveTime::from_hms_opt(self.hour, minute, second).expect("parsers keep hours, minutes and seconds in range")
    }
}

impl Until {
    /// Whether an occurrence at `moment` still counts.
    pub(super) fn includes(self, moment: Moment, zone: TimeZone) -> bool {
        let local = match moment {
            Moment::Day(day) => day.and_time(NaiveTime::MIN),
            Moment::At(at) => zone.local(at),
        };
        match self {
            Self::Day(last) => local.date() <= last,
            Self::Local(last) => local <= last,
            Self::Instant(last) => moment.starts_at(zone) <= last,
        }
    }
}

impl From<Moment> for Until {
    fn from(moment: Moment) -> Self {
        match moment {
            Moment::Day(day) => Self::Day(day),
            Moment::At(at) => Self::Instant(at),
        }
    }
}
