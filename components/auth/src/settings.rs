//! What the deployment decides, read from its variables.

use dayloom_kit::variable;

/// Issuer and audience where the deployment names none.
const TOKEN_PARTY_DEFAULT: &str = "dayloom";
/// Life of an access token in seconds where the deployment does not say.
const ACCESS_TOKEN_SECONDS_DEFAULT: i64 = 900;
/// Life of an access token in seconds at most. Old keys stay published this long after their last signature, whatever the
/// deployment said in between.
pub(crate) const ACCESS_TOKEN_SECONDS_MAX: i64 = 24 * 3_600;

/// `iss` of access tokens.
pub(crate) fn token_issuer() -> String {
    variable("token_issuer").unwrap_or_else(|| TOKEN_PARTY_DEFAULT.to_owned())
}

/// `aud` of access tokens.
pub(crate) fn token_audience() -> String {
    variable("token_audience").unwrap_or_else(|| TOKEN_PARTY_DEFAULT.to_owned())
}

/// Life of an access token, 1 to [`ACCESS_TOKEN_SECONDS_MAX`]. What is no such number is logged and not used.
pub(crate) fn access_token_seconds() -> i64 {
    let Some(text) = variable("access_token_seconds") else {
        return ACCESS_TOKEN_SECONDS_DEFAULT;
    };
    token_seconds(&text).unwrap_or_else(|| {
        eprintln!(
            "variable access_token_seconds is no number from 1 to {ACCESS_TOKEN_SECONDS_MAX}; \
             tokens last {ACCESS_TOKEN_SECONDS_DEFAULT} seconds"
        );
        ACCESS_TOKEN_SECONDS_DEFAULT
    })
}

fn token_seconds(text: &str) -> Option<i64> {
    let seconds = text.trim().parse().ok()?;
    (1..=ACCESS_TOKEN_SECONDS_MAX).contains(&seconds).then_some(seconds)
}

/// Origins beside the request's own host whose browsers may change state, separated by commas or spaces.
pub(crate) fn allowed_origins() -> String {
    variable("allowed_origins").unwrap_or_default()
}

/// Whether the cookie is `Secure`; only the word `false` makes it not.
pub(crate) fn cookie_secure() -> bool {
    variable("cookie_secure").is_none_or(|text| !text.trim().eq_ignore_ascii_case("false"))
}

#[cfg(test)]
mod tests {
    use super::token_seconds;

    #[test]
    fn a_token_lives_between_a_second_and_a_day() {
        assert_eq!(token_seconds("1"), Some(1));
        assert_eq!(token_seconds(" 86400 "), Some(86_400));
        for bad in ["0", "86401", "-1", "15m", ""] {
            assert_eq!(token_seconds(bad), None, "{bad}");
        }
    }
}
