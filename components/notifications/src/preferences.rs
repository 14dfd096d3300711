//! How a user wants to be reached.

use dayloom_kit::Problem;
use dayloom_kit::storage::{self, Cells, Row, Statement, StorageError, Value, expecting};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::channel::Channel;
use crate::quiet_hours::QuietHours;

/// How the user wants to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preferences {
    /// Which channels are on.
    pub(crate) channels: Channels,
    /// When only the list in the application is added to; null for never.
    #[serde(default)]
    pub(crate) quiet_hours: Option<QuietHours>,
}

/// Which channels are on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Channels {
    /// The list in the application, and its live updates. Off: reminders pass without a notification.
    pub(crate) in_app: bool,
}

impl Channels {
    pub(crate) const fn is_on(self, channel: Channel) -> bool {
        match channel {
            Channel::InApp => self.in_app,
        }
    }
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            channels: Channels { in_app: true },
            quiet_hours: None,
        }
    }
}

impl Preferences {
    /// # Errors
    /// `422` for quiet hours that end when they begin: nobody could tell whether that is always or never.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        match &self.quiet_hours {
            Some(hours) if hours.start == hours.end => {
                Err(Problem::invalid("#/quiet_hours/end", "Must differ from the start."))
            }
            _ => Ok(()),
        }
    }

    /// The user's preferences, or the default for one who never chose.
    pub(crate) fn of(user_id: &str) -> Result<Self, StorageError> {
        let sql = "SELECT in_app, quiet_start, quiet_end, quiet_zone FROM notification_preferences WHERE user_id = $1";
        let rows = storage::query(sql, &[Value::from(user_id)])?;
        rows.into_iter().next().map_or_else(|| Ok(Self::default()), read)
    }

    /// Replaces the user's preferences.
    pub(crate) fn store(&self, user_id: &str) -> Statement {
        let hours = self.quiet_hours;
        expecting(
            1,
            "INSERT INTO notification_preferences (user_id, in_app, quiet_start, quiet_end, quiet_zone) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id) DO UPDATE SET in_app = excluded.in_app, \
             quiet_start = excluded.quiet_start, quiet_end = excluded.quiet_end, quiet_zone = excluded.quiet_zone",
            vec![
                Value::from(user_id),
                Value::from(i64::from(self.channels.in_app)),
                Value::from(hours.map(|hours| hours.start.to_string())),
                Value::from(hours.map(|hours| hours.end.to_string())),
                Value::from(hours.map(|hours| hours.time_zone.name())),
            ],
        )
    }
}

fn read(row: Row) -> Result<Preferences, StorageError> {
    let mut cells = Cells::of(row);
    let in_app = cells.integer()? != 0;
    let invalid = |_| StorageError::Invalid("stored quiet hours can not be read".into());
    let quiet_hours = match (cells.optional_text()?, cells.optional_text()?, cells.optional_text()?) {
        (Some(start), Some(end), Some(zone)) => Some(QuietHours {
            start: start.parse().map_err(invalid)?,
            end: end.parse().map_err(invalid)?,
            time_zone: zone.parse().map_err(|_| invalid(""))?,
        }),
        _ => None,
    };
    Ok(Preferences {
        channels: Channels { in_app },
        quiet_hours,
    })
}

#[cfg(test)]
mod tests {
    use super::{Preferences, read};

    #[test]
    fn what_is_stored_is_read_back() {
        for json in [
            r#"{"channels":{"in_app":true},"quiet_hours":null}"#,
            r#"{"channels":{"in_app":false},"quiet_hours":{"start":"22:00","end":"07:05","time_zone":"Asia/Kolkata"}}"#,
        ] {
            let preferences: Preferences = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&preferences).unwrap(), json);
            let mut params = preferences.store("u").params;
            params.remove(0);
            assert_eq!(read(params).unwrap(), preferences);
        }
    }

    #[test]
    fn quiet_hours_without_a_length_are_refused() {
        let json = r#"{"channels":{"in_app":true},"quiet_hours":{"start":"07:00","end":"07:00","time_zone":"UTC"}}"#;
        let preferences: Preferences = serde_json::from_str(json).unwrap();
        assert_eq!(preferences.check().unwrap_err().status(), 422);
        assert_eq!(Preferences::default().check(), Ok(()));
    }
}
