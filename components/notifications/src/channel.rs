//! The ways to reach a person, and when each may be used.

use dayloom_domain::Timestamp;

use crate::preferences::Preferences;
use crate::quiet_hours::QuietHours;

/// A way to reach a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// The list in the application, and whoever has it open. Delivered by the commit that makes the notification.
    InApp,
}

/// What becomes of a notification on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Delivered now.
    Now,
    /// Delivered at this instant, when the quiet hours are over.
    Wait(Timestamp),
    /// Not delivered.
    Off,
}

impl Channel {
    /// Every channel.
    pub(crate) const ALL: [Self; 1] = [Self::InApp];

    /// Its name in tables.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::InApp => "in_app",
        }
    }

    /// Whether it can wake somebody up, so that quiet hours hold it back.
    const fn interrupts(self) -> bool {
        match self {
            Self::InApp => false,
        }
    }

    /// What becomes of a notification that is made `now`.
    pub(crate) fn decide(self, preferences: &Preferences, now: Timestamp) -> Decision {
        let quiet_hours = preferences.quiet_hours.filter(|_| self.interrupts());
        decide(preferences.channels.is_on(self), quiet_hours, now)
    }
}

fn decide(is_on: bool, quiet_hours: Option<QuietHours>, now: Timestamp) -> Decision {
    if !is_on {
        return Decision::Off;
    }
    quiet_hours
        .and_then(|hours| hours.end_after(now))
        .map_or(Decision::Now, Decision::Wait)
}

#[cfg(test)]
mod tests {
    use dayloom_domain::{TimeZone, Timestamp};

    use super::{Channel, Decision, decide};
    use crate::preferences::{Channels, Preferences};
    use crate::quiet_hours::QuietHours;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn night() -> QuietHours {
        QuietHours {
            start: "22:00".parse().unwrap(),
            end: "07:00".parse().unwrap(),
            time_zone: TimeZone::UTC,
        }
    }

    #[test]
    fn what_is_off_stays_off_and_what_rings_waits_for_the_morning() {
        let (noon, midnight) = (at("2026-11-21T12:00:00Z"), at("2026-11-22T00:00:00Z"));
        assert_eq!(decide(false, None, noon), Decision::Off);
        assert_eq!(decide(false, Some(night()), midnight), Decision::Off);
        assert_eq!(decide(true, None, midnight), Decision::Now);
        assert_eq!(decide(true, Some(night()), noon), Decision::Now);
        assert_eq!(
            decide(true, Some(night()), midnight),
            Decision::Wait(at("2026-11-22T07:00:00Z"))
        );
    }

    #[test]
    fn the_list_in_the_application_is_never_held_back() {
        let mut preferences = Preferences {
            channels: Channels { in_app: true },
            quiet_hours: Some(night()),
        };
        let midnight = at("2026-11-22T00:00:00Z");
        assert_eq!(Channel::InApp.decide(&preferences, midnight), Decision::Now);
        preferences.channels.in_app = false;
        assert_eq!(Channel::InApp.decide(&preferences, midnight), Decision::Off);
    }
}
