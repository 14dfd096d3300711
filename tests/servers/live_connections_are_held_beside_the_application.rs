//! A realtime gateway holds live connections beside the application, knowing only Redis and where the application is: as many
//! as there have to be, each as good as the other.

use dayloom_tests::{Client, Host, HostOptions, LiveSocket, LiveStream, Seen, Servers};
use serde_json::json;

fn gateway(servers: &Servers, application: &str) -> HostOptions {
    let HostOptions { env, .. } = servers.host();
    let mut env: Vec<_> = env
        .into_iter()
        .filter(|(name, _)| name.starts_with("DAYLOOM_REDIS_"))
        .collect();
    env.push(("DAYLOOM_APPLICATION_URL".to_owned(), format!("http://{application}")));
    HostOptions {
        env,
        is_realtime_gateway: true,
        ..HostOptions::default()
    }
}

fn title(seen: Seen) -> String {
    match seen {
        Seen::Event(event) => event["data"]["payload"]["title"].as_str().expect("a title").to_owned(),
        other => panic!("an event was expected: {other:?}"),
    }
}

async fn create(client: &Client, title: &str) {
    client.create_task(json!({ "title": title })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_connections_are_held_beside_the_application() {
    let servers = Servers::fresh().await;
    let mut application = Host::start_with(servers.host()).await;
    let ana = application.client().sign_up("ana").await;
    let ben = application.client().sign_up("ben").await;
    let options = gateway(&servers, application.address());
    let mut gateways = [Host::start_with(options.clone()).await, Host::start_with(options).await];
    let at = |n: usize| Client::new(gateways[n].address()).as_user(ana.user().clone());
    let mut socket = LiveSocket::connect(gateways[0].address(), &ana)
        .await
        .expect("a connection");
    let mut stream = LiveStream::connect(&at(1), None).await.expect("a connection");
    let health = gateways[0].client().get("/health/ready").await;
    let ok = json!({ "status": "ok" });
    assert_eq!(
        health.json,
        json!({ "status": "ok", "bindings": { "keyvalue": ok, "broadcast": ok } })
    );
    create(&ben, "of somebody else").await;
    create(&ana, "seen").await;
    assert_eq!(title(socket.next().await), "seen");
    assert_eq!(title(stream.next().await), "seen");

    // Who moves to the other gateway, or comes back to one that was started again, gets what was missed.
    let (socket_id, stream_id) = (socket.last_id().expect("an id").to_owned(), stream.last_id().to_owned());
    drop((socket, stream));
    gateways[0].kill().await;
    create(&ana, "missed").await;
    let mut socket = LiveSocket::connect(gateways[1].address(), &ana)
        .await
        .expect("a connection");
    socket.resume(&socket_id).await;
    assert_eq!(title(socket.next().await), "missed");
    let [killed, mut other] = gateways;
    let mut again = killed.restart().await;
    let mut stream = LiveStream::connect(
        &Client::new(again.address()).as_user(ana.user().clone()),
        Some(&stream_id),
    )
    .await
    .expect("a connection");
    assert_eq!(title(stream.next().await), "missed");

    // Who is nobody gets nothing, and nothing else is served here.
    let nobody = Client::new(other.address());
    assert_eq!(nobody.get(&ana.own("/tasks")).await.status, 404);
    assert_eq!(nobody.get(&format!("/api/sse/{}", ana.user().id)).await.status, 401);
    for host in [&mut again, &mut other, &mut application] {
        assert_eq!(host.stop().await, Some(0), "{}", host.log());
    }
    servers.remove().await;
}
