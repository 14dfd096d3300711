//! Passwords, users and TLS.

use std::{path::Path, process::Command};

use dayloom_ports::KeyValue;
use dayloom_redis::{RedisConfig, RedisKeyValue};

use crate::support::{Server, eventually};

#[tokio::test]
async fn a_user_with_the_rights_that_are_documented_can_do_everything() {
    let rights = "user app on >open-sesame ~dayloom:* -@all +get +set +del +scan +incrby +pexpire +ping +eval +evalsha \
                  +script|load +hget +hset +hincrby +exists +time +info +xadd +xdel +xlen +xrange +xread +xinfo|stream";
    let rights: Vec<&str> = ["--user"]
        .into_iter()
        .chain(rights.split_whitespace().skip(1))
        .collect();
    let server = Server::start(&rights).await;
    let config = RedisConfig {
        username: Some("app".to_owned()),
        password: Some("open-sesame".to_owned().into()),
        ..server.config()
    };
    let store = RedisKeyValue::connect(&config).await.unwrap();
    assert_eq!(store.ready().await, Ok(()));
    assert_eq!(store.increment("b", "n", 1).await, Ok(1));
    assert_eq!(store.compare_and_swap("b", "k", None, b"1".to_vec()).await, Ok(true));
    store.set("b", "k", b"2".to_vec()).await.unwrap();
    assert_eq!(store.get("b", "k").await, Ok(Some(b"2".to_vec())));
    assert_eq!(store.list_keys("b", None).await.unwrap().0, ["k", "n"]);
    store.delete("b", "k").await.unwrap();
    let (_gateway, _following) = crate::support::gateway(&config).await;
}

#[tokio::test]
async fn a_wrong_password_is_unavailable_and_never_shown() {
    let server = Server::start(&["--requirepass", "open-sesame"]).await;
    for password in [None, Some("hunter2".to_owned().into())] {
        let config = RedisConfig {
            password,
            ..server.config()
        };
        let store = RedisKeyValue::connect(&config).await.unwrap();
        let reason = store.ready().await.unwrap_err();
        assert!(!reason.contains("hunter2"), "{reason}");
        assert!(
            reason.to_lowercase().contains("auth") || reason.contains("WRONGPASS"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn tls_needs_a_certificate_of_the_authority_that_was_named() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (cert, key, ca) = (file("server.crt"), file("server.key"), file("ca.crt"));
    let arguments = [
        "--tls-port",
        "{port}",
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca,
        "--tls-auth-clients",
        "no",
    ];
    let server = Server::start(&arguments).await;
    let trusting = RedisConfig {
        url: format!("rediss://localhost:{}", server.port()),
        ca_file: Some(ca.into()),
        ..RedisConfig::default()
    };
    let store = RedisKeyValue::connect(&trusting).await.unwrap();
    eventually("it is ready", async || store.ready().await.is_ok()).await;
    store.set("b", "k", b"1".to_vec()).await.unwrap();

    for (url, ca_file) in [
        (trusting.url.clone(), None),
        (server.config().url, None),
        // Not a name that the certificate has.
        (
            format!("rediss://127.0.0.1:{}", server.port()),
            trusting.ca_file.clone(),
        ),
    ] {
        let config = RedisConfig {
            url: url.clone(),
            ca_file,
            ..RedisConfig::default()
        };
        let store = RedisKeyValue::connect(&config).await.unwrap();
        assert!(store.ready().await.is_err(), "{url}");
    }
    for wrong in [file("missing.crt"), file("server.key")] {
        let config = RedisConfig {
            ca_file: Some(wrong.into()),
            ..trusting.clone()
        };
        let error = RedisKeyValue::connect(&config).await.err().expect("no certificate");
        assert!(error.to_string().contains("`ca_file`"), "{error}");
    }
}

/// An authority of one day, and a server's certificate for `localhost` that it has signed.
fn certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let made = Command::new("openssl")
            .current_dir(folder)
            .args(arguments.split_whitespace())
            .output();
        let made = made.expect("openssl is on the PATH; on Debian: apt-get install openssl");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!(
        "req -x509 {key} -days 1 -subj /CN=ca -keyout ca.key -out ca.crt"
    ));
    openssl(&format!(
        "req -new {key} -subj /CN=localhost -keyout server.key -out server.csr"
    ));
    openssl("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 1 -extfile names -out server.crt");
}
