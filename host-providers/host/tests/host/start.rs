//! A host that can not start says in one line what to do.

use crate::support::{Host, MANIFEST, folder, options};

async fn refusal(manifest: &str) -> String {
    match Host::start(folder(manifest), &[]).await {
        Ok(_) => panic!("started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_without_value_is_named() {
    let manifest = MANIFEST.replace("greeting = { default = \"hello\" }", "greeting = { required = true }");
    let error = refusal(&manifest).await;
    assert!(
        error.contains("`greeting`") && error.contains("DAYLOOM_VARIABLE_GREETING"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_not_there_is_named() {
    let error = refusal(&MANIFEST.replacen("probe.wasm", "missing.wasm", 1)).await;
    assert!(
        error.contains("missing.wasm") && error.contains("`probe`") || error.contains("`other`"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_needs_a_handler() {
    let folder = folder(MANIFEST);
    let empty = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
    std::fs::write(folder.path().join("probe.wasm"), empty).unwrap();
    let error = Host::start(folder, &[]).await.err().expect("not started").to_string();
    assert!(
        error.contains("subscriptions") && error.contains("dayloom:platform/handler"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_or_data_in_use_is_refused() {
    let first = Host::with(&[]).await;
    let mut same_address = options(first.folder.path());
    same_address.listen = first.address;
    let start = |options| async move {
        let started = dayloom_host::app::App::start(&options, &Default::default()).await;
        started.err().expect("not started").to_string()
    };
    let error = start(same_address).await;
    assert!(error.contains("--listen"), "{error}");
    let error = start(options(first.folder.path())).await;
    assert!(error.contains("in use"), "{error}");
}
