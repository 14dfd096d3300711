//! A host that can not start says why in one line and ends with a failure.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use dayloom_tests::{Application, Host, dayloom, root};
use tempfile::TempDir;

/// The reason of a start that must fail.
async fn refusal(listen: &str, data: &Path, app: &Path) -> String {
    let (data, app) = (data.display().to_string(), app.display().to_string());
    dayloom(["up", "--listen", listen, "--data", &data, "--app", &app])
        .await
        .refusal()
}

fn manifest() -> std::path::PathBuf {
    root().join("spin.toml")
}

#[tokio::test(flavor = "multi_thread")]
async fn data_and_address_that_are_in_use() {
    let host = Host::start().await;
    let in_use = refusal("127.0.0.1:0", &host.data(), &manifest()).await;
    assert!(in_use.contains("in use"), "{in_use}");
    let folder = TempDir::new().expect("a temporary directory");
    let taken = refusal(host.address(), &folder.path().join("data"), &manifest()).await;
    assert!(taken.contains(host.address()) && taken.contains("--listen"), "{taken}");
    // The first one goes on.
    assert_eq!(host.client().get("/health/ready").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_ours() {
    let folder = TempDir::new().expect("a temporary directory");
    // TEST-NET-1 of RFC 5737: nobody's.
    let refusal = refusal("192.0.2.1:80", &folder.path().join("data"), &manifest()).await;
    assert!(refusal.contains("192.0.2.1:80"), "{refusal}");
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_makes_no_sense() {
    let folder = TempDir::new().expect("a temporary directory");
    let data = folder.path().join("data");
    let missing = refusal("127.0.0.1:0", &data, &folder.path().join("none.toml")).await;
    assert!(missing.contains("none.toml") && missing.contains("--app"), "{missing}");

    let text = folder.path().join("text.toml");
    fs::write(&text, "this is = = no manifest\n").expect("it can be written");
    let refused = refusal("127.0.0.1:0", &data, &text).await;
    assert!(refused.contains("text.toml:1: "), "{refused}");

    let unbuilt = Application::changed(|manifest| {
        manifest["component"]["audit"]["tool"]["dayloom"]["service"] = "nowhere/audit.wasm".into();
    });
    let refused = refusal("127.0.0.1:0", &data, &unbuilt.path()).await;
    assert!(refused.contains("audit.wasm"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_can_not_be_written() {
    let folder = TempDir::new().expect("a temporary directory");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("it can be written");
    let refused = refusal("127.0.0.1:0", &file.join("data"), &manifest()).await;
    assert!(refused.contains("file/data"), "{refused}");

    let sealed = folder.path().join("sealed");
    fs::create_dir(&sealed).expect("it can be made");
    fs::set_permissions(&sealed, fs::Permissions::from_mode(0o500)).expect("they can be set");
    // Who may do everything is not stopped by permissions, and has the database's own reasons left.
    if fs::write(sealed.join("probe"), "").is_err() {
        let refused = refusal("127.0.0.1:0", &sealed.join("data"), &manifest()).await;
        assert!(refused.contains("sealed/data"), "{refused}");
    }

    let damaged = folder.path().join("damaged");
    fs::create_dir(&damaged).expect("it can be made");
    fs::write(
        damaged.join("dayloom.db"),
        "no database at all, but long enough to be looked at ".repeat(200),
    )
    .expect("written");
    let refused = refusal("127.0.0.1:0", &damaged, &manifest()).await;
    assert!(refused.contains("database"), "{refused}");
}
