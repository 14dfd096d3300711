use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{AnyOfBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::timestamp::{ascii, deserialize_text, parse_date, put};
use crate::{TimeZone, Timestamp};

/// When something is due or ends: a whole calendar day, or an exact instant.
///
/// On the wire it is one string: `YYYY-MM-DD` for a day (in the task's `time_zone`), or an RFC 3339 date-time, which is
/// always given back in UTC. A date-time without an offset is refused rather than guessed. Years 0001 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// The whole day, wherever the task's time zone has it.
    Day(NaiveDate),
    /// The instant.
    At(Timestamp),
}

/// Why a text is no [`Moment`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a date such as 2026-11-21, or a date-time with an offset such as 2026-11-21T09:30:00Z")]
pub struct MomentError;

impl Moment {
    /// The first instant that belongs to it: a day's local start. What lists sort and filter by.
    pub fn starts_at(self, zone: TimeZone) -> Timestamp {
        match self {
            Self::Day(day) => zone.resolve(day.into()),
            Self::At(at) => at,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => f.write_str(ascii(&day_text(*day))),
            Self::At(at) => at.fmt(f),
        }
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_date(text)
            .map(Self::Day)
            .or_else(|| text.parse().ok().map(Self::At))
            .ok_or(MomentError)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Day(day) => serializer.serialize_str(ascii(&day_text(*day))),
            Self::At(at) => at.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer, "a date such as 2026-11-21, or a date-time with an offset")
    }
}

// By hand, because the derive has no way to say that an enum is a plain string.
impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let text = |format| ObjectBuilder::new().schema_type(Type::String).format(Some(format));
        AnyOfBuilder::new()
            .item(text(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .item(text(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some(
                "A date (`2026-11-21`), or an RFC 3339 date-time, given back in UTC",
            ))
            .examples(["2026-11-21", "2026-11-21T09:30:00.000Z"])
            .into()
    }
}

impl ToSchema for Moment {}

/// `YYYY-MM-DD`; days come from four-digit years only.
fn day_text(day: NaiveDate) -> [u8; 10] {
    let mut text = *b"0000-00-00";
    put(&mut text[0..4], day.year().unsigned_abs());
    put(&mut text[5..7], day.month());
    put(&mut text[8..10], day.day());
    text
}
