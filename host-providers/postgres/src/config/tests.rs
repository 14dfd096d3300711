use super::{PostgresConfig, TlsMode};

const URL: &str = "url = \"postgres://app@db:5432/dayloom\"\n";

fn parse(text: &str) -> PostgresConfig {
    toml::from_str(text).expect("the configuration parses")
}

#[test]
fn a_url_is_enough() {
    let config = parse(URL);
    assert_eq!(config.tls, TlsMode::VerifyFull);
    config.validate().expect("the defaults are valid");
}

#[test]
fn unknown_keys_are_refused() {
    assert!(toml::from_str::<PostgresConfig>(&format!("{URL}pool = 3")).is_err());
}

#[test]
fn a_mistake_is_told_with_its_key() {
    for (text, key) in [
        (format!("{URL}read_connections = 0"), "`read_connections`"),
        (format!("{URL}write_connections = 501"), "`write_connections`"),
        (format!("{URL}connect_timeout_ms = 0"), "`connect_timeout_ms`"),
        (format!("{URL}statement_timeout_ms = 600001"), "`statement_timeout_ms`"),
        (format!("{URL}lock_timeout_ms = 5001"), "`lock_timeout_ms`"),
        (format!("{URL}tls = \"off\"\ntls_ca_file = \"ca.pem\""), "`tls_ca_file`"),
        ("url = \"mysql://x\"".to_owned(), "`url`"),
        ("url = \"postgres://app@db\"".to_owned(), "`url`"),
        ("url = \"postgres://app@db/d?sslmode=require\"".to_owned(), "`tls`"),
        ("url = \"postgres://app@db/d?options=-cx\"".to_owned(), "`options`"),
        ("url = \"postgres://app@%2Frun/d\"".to_owned(), "`tls`"),
        (
            "url = \"postgres://app:pw@db/d\"\npassword = \"pw\"".to_owned(),
            "`password`",
        ),
    ] {
        let error = parse(&text).validate().expect_err(&text).to_string();
        assert!(error.contains(key), "{text}: {error}");
        assert!(!error.contains("pw"), "{error}");
    }
}

#[test]
fn secrets_are_not_printed() {
    let config = parse("url = \"postgres://app@db/d\"\npassword = \"hunter2\"");
    assert!(!format!("{config:?}").contains("hunter2"));
    let config = parse("url = \"postgres://app:hunter2@db/d\"");
    assert!(!format!("{config:?}").contains("hunter2"));
}
