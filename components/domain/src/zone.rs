use std::fmt;
use std::str::FromStr;

use chrono::{LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::Timestamp;
use crate::timestamp::deserialize_text;

/// An IANA time zone such as `Europe/Berlin`. UTC unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
#[schema(value_type = String, format = "time-zone", example = "Europe/Berlin")]
pub struct TimeZone(Tz);

/// Why a text is no [`TimeZone`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone; expected an IANA name such as Europe/Berlin or UTC")]
pub struct TimeZoneError;

/// How far back to look for the offset that was in force before a gap: beyond the usual gaps of an hour, then beyond the
/// longest one there was (a whole day, Samoa 2011).
const BEFORE_GAP_HOURS: [i64; 2] = [3, 27];

impl TimeZone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The IANA name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What a clock on the wall shows at an instant.
    pub fn local(self, at: Timestamp) -> NaiveDateTime {
        at.to_utc().with_timezone(&self.0).naive_local()
    }

    /// The instant at which a clock on the wall shows `local`.
    ///
    /// A time that a clock change skips is read with the offset before the change (RFC 5545 §3.3.5), so it moves forward by
    /// the length of the gap; a time that comes twice is its first coming.
    pub fn resolve(self, local: NaiveDateTime) -> Timestamp {
        match self.0.from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.with_timezone(&Utc).into(),
            LocalResult::None => (local - self.offset_before_gap(local)).and_utc().into(),
        }
    }

    fn offset_before_gap(self, local: NaiveDateTime) -> TimeDelta {
        let seconds = BEFORE_GAP_HOURS
            .into_iter()
            .filter_map(|hours| local.checked_sub_signed(TimeDelta::hours(hours)))
            .find_map(|earlier| self.0.offset_from_local_datetime(&earlier).latest())
            .map_or(0, |offset| offset.fix().local_minus_utc());
        TimeDelta::seconds(seconds.into())
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self::UTC
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TimeZone {
    type Err = TimeZoneError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| TimeZoneError)
    }
}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for TimeZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer, "an IANA time zone such as Europe/Berlin")
    }
}
