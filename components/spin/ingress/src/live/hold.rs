//! What a service says of a connection that is to be held.

use std::time::Duration;

const HOLD: &str = "grip-hold";
const CHANNEL: &str = "grip-channel";
const TIMEOUT: &str = "grip-timeout";

/// Leave to listen.
#[derive(Debug, PartialEq)]
pub(super) struct Hold {
    /// Whose messages.
    pub(super) user_id: String,
    /// For how long.
    pub(super) expires_in: Duration,
}

impl Hold {
    /// The hold in a response, if there is a whole one. Its headers are for this component and are removed in any case.
    pub(super) fn take(status: u16, headers: &mut Vec<(String, Vec<u8>)>) -> Option<Self> {
        let mut remove = |name: &str| {
            let place = headers.iter().position(|(known, _)| known.eq_ignore_ascii_case(name))?;
            String::from_utf8(headers.remove(place).1).ok()
        };
        let (hold, channel, timeout) = (remove(HOLD), remove(CHANNEL), remove(TIMEOUT));
        if status != 200 || hold? != "stream" {
            return None;
        }
        Some(Self {
            user_id: channel.filter(|id| !id.is_empty())?,
            expires_in: Duration::from_secs(timeout?.parse().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Hold;

    fn headers(entries: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        entries
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn a_whole_hold_is_taken_and_nothing_of_it_reaches_the_client() {
        let whole = [
            ("Grip-Hold", "stream"),
            ("grip-channel", "u1"),
            ("grip-timeout", "60"),
            ("etag", "x"),
        ];
        let mut all = headers(&whole);
        let hold = Hold {
            user_id: "u1".to_owned(),
            expires_in: Duration::from_secs(60),
        };
        assert_eq!(Hold::take(200, &mut all), Some(hold));
        assert_eq!(all, headers(&[("etag", "x")]));
        assert_eq!(Hold::take(401, &mut headers(&whole)), None);
    }

    #[test]
    fn half_a_hold_is_none() {
        let stream = ("grip-hold", "stream");
        for entries in [
            &[("grip-channel", "u1"), ("grip-timeout", "60")][..],
            &[
                ("grip-hold", "response"),
                ("grip-channel", "u1"),
                ("grip-timeout", "60"),
            ],
            &[stream, ("grip-timeout", "60")],
            &[stream, ("grip-channel", "u1")],
            &[stream, ("grip-channel", ""), ("grip-timeout", "60")],
            &[stream, ("grip-channel", "u1"), ("grip-timeout", "-1")],
        ] {
            assert_eq!(Hold::take(200, &mut headers(entries)), None, "{entries:?}");
        }
    }
}
