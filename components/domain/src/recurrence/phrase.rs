//! The words people use: `every 2 weeks on monday`, `last friday of the month`, `yearly`.

use std::fmt;

use chrono::{Datelike, Month, NaiveDate, NaiveTime, Timelike, Weekday};
use rrule::{Frequency, NWeekday, RRule, Unvalidated};

use super::rule::{Days, Rule, RuleError, TimeOfDay, Until};
use super::words::{self, Unit, Words};
use crate::limits;
use crate::timestamp::parse_date;

/// A recurrence in words. A day that a month lacks is that month's last day, unlike in RFC 5545: whoever says "monthly"
/// on the 31st means every month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phrase {
    /// `daily`, `every 3 weeks`: counted from where the schedule stands.
    Every { interval: u16, unit: Unit },
    /// `every 2 weeks on monday and thursday`. Days are in the order of the week.
    Weekly { interval: u16, days: Vec<Weekday> },
    /// `every month on the 31st`.
    MonthDay { interval: u16, day: u8 },
    /// `every month on the last friday`; several days are the n-th of any of them (`first weekday`). −1 is the last.
    MonthPosition { interval: u16, nth: i8, of: Vec<Weekday> },
    /// `every year on february 29`.
    YearDay { interval: u16, month: Month, day: u8 },
}

/// Monday to Friday.
const WORKDAYS: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
/// The last day that every month has.
const EVERY_MONTH_DAY_MAX: u8 = 28;

/// Reads a phrase with its suffixes `at 09:00`, `until 2027-01-31` and `10 times`, in any order.
pub(super) fn parse_rule(text: &str) -> Result<Rule, RuleError> {
    let text = text.to_lowercase().replace(',', " ");
    let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "the").collect();
    let mut rest = words.as_slice();
    let (mut time, mut until, mut count) = (None, None, None);
    loop {
        rest = match rest {
            [head @ .., "at", clock] => {
                set(&mut time, words::clock(clock).ok_or(RuleError::Unknown)?, "the time")?;
                head
            }
            [head @ .., "until", day] => {
                set(
                    &mut until,
                    Until::Day(parse_date(day).ok_or(RuleError::Unknown)?),
                    "the end",
                )?;
                head
            }
            [head @ .., number, "times" | "time"] => {
                let number = number.parse().map_err(|_| RuleError::Unknown)?;
                if !(1..=limits::RECURRENCE_COUNT_MAX).contains(&number) {
                    return Err(RuleError::Count);
                }
                set(&mut count, number, "the number of times")?;
                head.strip_suffix(&["for"]).unwrap_or(head)
            }
            _ => break,
        };
    }
    let days = Days::Phrase(parse(Words(rest))?);
    Ok(Rule {
        days,
        time: time.map(TimeOfDay::exactly),
        count,
        until,
    })
}

fn set<T>(slot: &mut Option<T>, value: T, name: &'static str) -> Result<(), RuleError> {
    if slot.replace(value).is_some() {
        Err(RuleError::Twice(name))
    } else {
        Ok(())
    }
}

fn parse(mut words: Words<'_>) -> Result<Phrase, RuleError> {
    let phrase = parse_head(&mut words)?;
    if words.is_empty() {
        phrase.ok_or(RuleError::Unknown)
    } else {
        Err(RuleError::Unknown)
    }
}

fn parse_head(words: &mut Words<'_>) -> Result<Option<Phrase>, RuleError> {
    if let Some(unit) = words.take(words::adverb) {
        return Ok(of_unit(words, 1, unit));
    }
    if words.accept("weekdays") {
        return Ok(Some(Phrase::Weekly {
            interval: 1,
            days: WORKDAYS.to_vec(),
        }));
    }
    if !words.accept("every") {
        words.accept("on");
        return Ok(of_month(words));
    }
    if let Some(number) = words.take(|word| word.parse::<u32>().ok()) {
        let interval = u16::try_from(number).unwrap_or(u16::MAX);
        if !(1..=limits::RECURRENCE_INTERVAL_MAX).contains(&interval) {
            return Err(RuleError::Interval);
        }
        return Ok(words.take(words::unit).and_then(|unit| of_unit(words, interval, unit)));
    }
    let interval = if words.accept("other") { 2 } else { 1 };
    if let Some(unit) = words.take(words::unit) {
        return Ok(of_unit(words, interval, unit));
    }
    if interval == 1 && words.accept("weekday") {
        return Ok(Some(Phrase::Weekly {
            interval,
            days: WORKDAYS.to_vec(),
        }));
    }
    if let Some(days) = words.weekdays() {
        return Ok(Some(Phrase::Weekly { interval, days }));
    }
    Ok(if interval == 1 { of_month(words) } else { None })
}

/// What may follow `every 2 months`, `weekly` and the like.
fn of_unit(words: &mut Words<'_>, interval: u16, unit: Unit) -> Option<Phrase> {
    if !words.accept("on") {
        return Some(Phrase::Every { interval, unit });
    }
    match unit {
        Unit::Day => None,
        Unit::Week => words.weekdays().map(|days| Phrase::Weekly { interval, days }),
        Unit::Month => position(words, interval),
        Unit::Year => words
            .month_day()
            .map(|(month, day)| Phrase::YearDay { interval, month, day }),
    }
}

/// `first monday of the month`. The month must be named: "every second monday" alone could as well be every other week.
fn of_month(words: &mut Words<'_>) -> Option<Phrase> {
    let phrase = position(words, 1)?;
    let named = words.accept("of") && {
        words.accept("every");
        words.accept("month")
    };
    named.then_some(phrase)
}

/// `31st`, `last day`, `first monday`, `last weekday`.
fn position(words: &mut Words<'_>, interval: u16) -> Option<Phrase> {
    let last = words.accept("last");
    let nth = if last { -1 } else { words.take(words::ordinal)? };
    let of = match words.take(words::weekday) {
        Some(day) => vec![day],
        None if words.accept("weekday") => WORKDAYS.to_vec(),
        // The last day is the 31st, or what a month has of it.
        None if last => return words.accept("day").then_some(Phrase::MonthDay { interval, day: 31 }),
        None => {
            words.accept("day");
            return u8::try_from(nth).ok().map(|day| Phrase::MonthDay { interval, day });
        }
    };
    // No month has a sixth Monday.
    (nth <= 5).then_some(Phrase::MonthPosition { interval, nth, of })
}

impl Phrase {
    /// The same days as an RFC 5545 rule, for a schedule that starts on `anchor`.
    pub(super) fn to_rrule(&self, anchor: NaiveDate) -> RRule<Unvalidated> {
        let every = |frequency, interval: &u16| RRule::new(frequency).interval(*interval);
        let anchor_day = anchor.day() as u8;
        match self {
            Self::Every {
                interval,
                unit: Unit::Day,
            } => every(Frequency::Daily, interval),
            Self::Every {
                interval,
                unit: Unit::Week,
            } => every(Frequency::Weekly, interval),
            Self::Every {
                interval,
                unit: Unit::Month,
            } => on_day(every(Frequency::Monthly, interval), anchor_day),
            Self::Every {
                interval,
                unit: Unit::Year,
            } => on_day(
                every(Frequency::Yearly, interval).by_month(&[month_of(anchor)]),
                anchor_day,
            ),
            Self::Weekly { interval, days } => every(Frequency::Weekly, interval).by_weekday(any_of(days)),
            Self::MonthDay { interval, day } => on_day(every(Frequency::Monthly, interval), *day),
            Self::MonthPosition { interval, nth, of } => every(Frequency::Monthly, interval)
                .by_weekday(any_of(of))
                .by_set_pos(vec![(*nth).into()]),
            Self::YearDay { interval, month, day } => {
                on_day(every(Frequency::Yearly, interval).by_month(&[*month]), *day)
            }
        }
    }

    /// The phrase for a schedule whose day `anchor` was cut to the shorter month of `next`: names the day, which would be
    /// forgotten otherwise, because the next occurrence only knows its own due date.
    pub(super) fn anchored(&self, anchor: NaiveDate, next: NaiveDate) -> Option<Self> {
        let day = anchor.day() as u8;
        match *self {
            Self::Every {
                interval,
                unit: Unit::Month,
            } if next.day() != anchor.day() => Some(Self::MonthDay { interval, day }),
            Self::Every {
                interval,
                unit: Unit::Year,
            } if next.day() != anchor.day() => Some(Self::YearDay {
                interval,
                month: month_of(anchor),
                day,
            }),
            _ => None,
        }
    }
}

/// The `day` of the rule's months, or the last day of those that are shorter: the last of the days 28 to `day`.
fn on_day(rule: RRule<Unvalidated>, day: u8) -> RRule<Unvalidated> {
    if day <= EVERY_MONTH_DAY_MAX {
        return rule.by_month_day(vec![day as i8]);
    }
    rule.by_month_day((EVERY_MONTH_DAY_MAX as i8..=day as i8).collect())
        .by_set_pos(vec![-1])
}

fn any_of(days: &[Weekday]) -> Vec<NWeekday> {
    days.iter().map(|day| NWeekday::Every(*day)).collect()
}

fn month_of(date: NaiveDate) -> Month {
    Month::try_from(date.month() as u8).expect("dates have months 1 to 12")
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let every = |f: &mut fmt::Formatter<'_>, interval: &u16, unit: Unit| match interval {
            1 => write!(f, "every {}", unit.word()),
            n => write!(f, "every {n} {}s", unit.word()),
        };
        match self {
            Self::Every { interval, unit } => every(f, interval, *unit),
            Self::Weekly { interval, days } => {
                every(f, interval, Unit::Week)?;
                for (n, day) in days.iter().enumerate() {
                    write!(
                        f,
                        " {} {}",
                        if n == 0 { "on" } else { "and" },
                        words::weekday_name(*day)
                    )?;
                }
                Ok(())
            }
            Self::MonthDay { interval, day } => {
                every(f, interval, Unit::Month)?;
                write!(f, " on the {}", words::Nth(*day as i8))
            }
            Self::MonthPosition { interval, nth, of } => {
                every(f, interval, Unit::Month)?;
                let of = if let [day] = of.as_slice() {
                    words::weekday_name(*day)
                } else {
                    "weekday"
                };
                write!(f, " on the {} {of}", words::Nth(*nth))
            }
            Self::YearDay { interval, month, day } => {
                every(f, interval, Unit::Year)?;
                write!(f, " on {} {day}", month.name().to_lowercase())
            }
        }
    }
}

/// Writes time, end and count as [`parse_rule`] reads them.
pub(super) fn write_suffixes(rule: &Rule, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(time) = rule.time {
        let time = time.over(NaiveTime::MIN);
        let pattern = if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
        write!(f, " at {}", time.format(pattern))?;
    }
    if let Some(Until::Day(day)) = rule.until {
        write!(f, " until {day}")?;
    }
    match rule.count {
        Some(1) => f.write_str(" 1 time"),
        Some(count) => write!(f, " {count} times"),
        None => Ok(()),
    }
}
