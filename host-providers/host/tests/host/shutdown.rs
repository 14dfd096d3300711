//! A host that is asked to stop finishes what it has begun, and can be started again on its data.

use http::{Request, StatusCode};
use http_body_util::Full;

use crate::support::{Host, SOON, text};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_is_finished_and_nothing_new_is_taken() {
    let host = Host::with(&[]).await;
    let address = host.address;
    let request = Request::get(host.url("/stream?pieces=5&ms=100"))
        .body(Full::default())
        .unwrap();
    // The head is here, so the request is in flight.
    let begun = host.send(request).await;
    let (running, folder) = host.stop();
    assert_eq!(
        text(begun).await,
        (StatusCode::OK, (0..5).map(|n| format!("piece {n}\n")).collect())
    );
    tokio::time::timeout(SOON, running)
        .await
        .expect("a stop in time")
        .unwrap()
        .unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());

    let again = Host::start(folder, &[]).await.unwrap();
    assert_eq!(again.get("/hello").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_end_does_not_keep_the_host_from_stopping() {
    let host = Host::with(&[("shutdown_ms_max", 200)]).await;
    let request = Request::get(host.url("/stream?pieces=1000&ms=100"))
        .body(Full::default())
        .unwrap();
    let begun = host.send(request).await;
    let (running, _folder) = host.stop();
    tokio::time::timeout(SOON, running)
        .await
        .expect("a stop in time")
        .unwrap()
        .unwrap();
    drop(begun);
}
