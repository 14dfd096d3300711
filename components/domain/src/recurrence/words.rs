//! The vocabulary of phrases.

use std::fmt;

use chrono::{Month, NaiveTime, Weekday};

/// What a schedule counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Day,
    Week,
    Month,
    Year,
}

impl Unit {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// The words of a phrase that are not yet understood.
#[derive(Clone, Copy)]
pub(super) struct Words<'a>(pub(super) &'a [&'a str]);

impl Words<'_> {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the next word if `meaning` knows it.
    pub(super) fn take<T>(&mut self, meaning: impl Fn(&str) -> Option<T>) -> Option<T> {
        let (first, rest) = self.0.split_first()?;
        let value = meaning(first)?;
        self.0 = rest;
        Some(value)
    }

    /// Takes the next word if it is `word`.
    pub(super) fn accept(&mut self, word: &str) -> bool {
        self.take(|next| (next == word).then_some(())).is_some()
    }

    /// `monday`, `mon and thu`, `monday wednesday and friday`: in the order of the week, each once.
    pub(super) fn weekdays(&mut self) -> Option<Vec<Weekday>> {
        let mut days = vec![self.take(weekday)?];
        loop {
            let more = self.accept("and");
            match self.take(weekday) {
                Some(day) => days.push(day),
                None if more => return None,
                None => break,
            }
        }
        days.sort_by_key(Weekday::num_days_from_monday);
        days.dedup();
        Some(days)
    }

    /// `february 29`, `29th of february`; a day the month can have.
    pub(super) fn month_day(&mut self) -> Option<(Month, u8)> {
        let day = |word: &str| {
            ordinal(word)
                .or_else(|| word.parse().ok())
                .and_then(|day: i8| u8::try_from(day).ok())
        };
        let (month, day) = match self.take(month) {
            Some(month) => (month, self.take(day)?),
            None => {
                let day = self.take(day)?;
                self.accept("of");
                (self.take(month)?, day)
            }
        };
        // 2024 is a leap year, so 29 February counts.
        chrono::NaiveDate::from_ymd_opt(2024, month.number_from_month(), day.into()).map(|_| (month, day))
    }
}

pub(super) fn adverb(word: &str) -> Option<Unit> {
    Some(match word {
        "daily" => Unit::Day,
        "weekly" => Unit::Week,
        "monthly" => Unit::Month,
        "yearly" | "annually" => Unit::Year,
        _ => return None,
    })
}

pub(super) fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "day" | "days" => Unit::Day,
        "week" | "weeks" => Unit::Week,
        "month" | "months" => Unit::Month,
        "year" | "years" => Unit::Year,
        _ => return None,
    })
}

pub(super) fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "monday" | "mondays" | "mon" => Weekday::Mon,
        "tuesday" | "tuesdays" | "tue" | "tues" => Weekday::Tue,
        "wednesday" | "wednesdays" | "wed" => Weekday::Wed,
        "thursday" | "thursdays" | "thu" | "thurs" => Weekday::Thu,
        "friday" | "fridays" | "fri" => Weekday::Fri,
        "saturday" | "saturdays" | "sat" => Weekday::Sat,
        "sunday" | "sundays" | "sun" => Weekday::Sun,
        _ => return None,
    })
}

pub(super) const fn weekday_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "monday",
        Weekday::Tue => "tuesday",
        Weekday::Wed => "wednesday",
        Weekday::Thu => "thursday",
        Weekday::Fri => "friday",
        Weekday::Sat => "saturday",
        Weekday::Sun => "sunday",
    }
}

/// Full names and their first three letters.
fn month(word: &str) -> Option<Month> {
    word.bytes()
        .all(|byte| byte.is_ascii_alphabetic())
        .then(|| word.parse().ok())
        .flatten()
}

/// `first` to `fifth`, `1st` to `31st`.
pub(super) fn ordinal(word: &str) -> Option<i8> {
    let number = match word {
        "first" => 1,
        "second" => 2,
        "third" => 3,
        "fourth" => 4,
        "fifth" => 5,
        _ => {
            let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            let number: i8 = digits.parse().ok()?;
            let suffix = &word[digits.len()..];
            return ((1..=31).contains(&number) && suffix == ordinal_suffix(number)).then_some(number);
        }
    };
    Some(number)
}

/// An ordinal in writing: `1st`, `22nd`; −1 is `last`.
pub(super) struct Nth(pub(super) i8);

impl fmt::Display for Nth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            -1 => f.write_str("last"),
            number => write!(f, "{number}{}", ordinal_suffix(number)),
        }
    }
}

const fn ordinal_suffix(number: i8) -> &'static str {
    match (number % 10, number) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// `09:00`, `9:30`, `02:30:15`, `9am`, `9:30pm`, `noon`. `12am` is midnight.
pub(super) fn clock(word: &str) -> Option<NaiveTime> {
    if word == "noon" {
        return NaiveTime::from_hms_opt(12, 0, 0);
    }
    let (digits, afternoon) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(false)),
        (_, Some(digits)) => (digits, Some(true)),
        _ => (word, None),
    };
    let mut numbers = [0_u32; 3];
    let mut given = 0;
    for part in digits.split(':') {
        if given == numbers.len() || !(1..=2).contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        numbers[given] = part.parse().ok()?;
        given += 1;
    }
    let [hour, minute, second] = numbers;
    let hour = match afternoon {
        // A bare number could be anything.
        None if given < 2 => return None,
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
    };
    NaiveTime::from_hms_opt(hour, minute, second)
}
