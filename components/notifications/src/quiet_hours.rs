//! The hours of a day in which nothing may ring.

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveTime, TimeDelta, Timelike};
use dayloom_domain::{TimeZone, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// A time of day by a clock on the wall: `HH:MM`, 00:00 to 23:59.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LocalTime(NaiveTime);

/// The hours of every day in which only what makes no noise is delivered.
///
/// From `start` (inclusive) to `end` (exclusive) by the clock in `time_zone`; they may span midnight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuietHours {
    /// When they begin.
    #[schema(value_type = String, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "22:00")]
    pub(crate) start: LocalTime,
    /// When they end; not the same as `start`.
    #[schema(value_type = String, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "07:00")]
    pub(crate) end: LocalTime,
    /// An IANA time zone.
    pub(crate) time_zone: TimeZone,
}

impl QuietHours {
    /// When the quiet hours that `now` lies in are over; none if it lies in none.
    ///
    /// An end that a clock change skips is moved forward, and one that comes twice is its first coming
    /// ([`TimeZone::resolve`]).
    pub(crate) fn end_after(&self, now: Timestamp) -> Option<Timestamp> {
        let local = self.time_zone.local(now);
        let (today, time) = (local.date(), local.time());
        let (start, end) = (self.start.0, self.end.0);
        let ends_on = if start < end {
            (start <= time && time < end).then_some(today)?
        } else if time < end {
            today
        } else if time >= start {
            today.checked_add_signed(TimeDelta::days(1))?
        } else {
            return None;
        };
        let end = self.time_zone.resolve(ends_on.and_time(end));
        // Not if the clock was just set back past an end that has been.
        (end > now).then_some(end)
    }
}

impl FromStr for LocalTime {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |tens: u8, ones: u8| {
            let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
            digits.then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
        };
        match *text.as_bytes() {
            [h, hh, b':', m, mm] => number(h, hh)
                .zip(number(m, mm))
                .and_then(|(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0)),
            _ => None,
        }
        .map(Self)
        .ok_or("expected a time of day such as 22:00")
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl Serialize for LocalTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use dayloom_domain::Timestamp;

    use super::{LocalTime, QuietHours};

    fn hours(start: &str, end: &str, zone: &str) -> QuietHours {
        QuietHours {
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
            time_zone: zone.parse().unwrap(),
        }
    }

    #[test]
    fn they_end_at_their_local_time() {
        let night = hours("22:00", "07:00", "Europe/Berlin");
        let noon = hours("12:00", "13:30", "UTC");
        let to_two = hours("22:00", "02:30", "Europe/Berlin");
        for (hours, now, end) in [
            (night, "2026-01-10T20:59:59.999Z", None),
            (night, "2026-01-10T21:00:00Z", Some("2026-01-11T06:00:00Z")),
            (night, "2026-01-11T05:59:59.999Z", Some("2026-01-11T06:00:00Z")),
            (night, "2026-01-11T06:00:00Z", None),
            (noon, "2026-01-10T11:59:59Z", None),
            (noon, "2026-01-10T12:00:00Z", Some("2026-01-10T13:30:00Z")),
            (noon, "2026-01-10T13:30:00Z", None),
            // The clock goes forward in this night, so it is an hour shorter; back in October, and it is longer.
            (night, "2026-03-28T21:00:00Z", Some("2026-03-29T05:00:00Z")),
            (night, "2026-10-24T20:00:00Z", Some("2026-10-25T06:00:00Z")),
            // 02:30 does not exist: half past three, summer time.
            (to_two, "2026-03-28T23:00:00Z", Some("2026-03-29T01:30:00Z")),
            // 02:30 comes twice: the first time is the end, and the hour before the second is not quiet again.
            (to_two, "2026-10-25T00:15:00Z", Some("2026-10-25T00:30:00Z")),
            (to_two, "2026-10-25T01:15:00Z", None),
        ] {
            let parse = |text: &str| text.parse::<Timestamp>().unwrap();
            assert_eq!(hours.end_after(parse(now)), end.map(parse), "{now}");
        }
    }

    #[test]
    fn a_time_of_day_is_five_characters() {
        for text in ["00:00", "09:05", "23:59"] {
            assert_eq!(text.parse::<LocalTime>().unwrap().to_string(), text);
        }
        for text in [
            "", "9:05", "24:00", "12:60", "12:00:00", "+9:00", "１2:0", " 1:00", "12 00",
        ] {
            assert!(text.parse::<LocalTime>().is_err(), "{text}");
        }
    }
}
