//! Live messages while the server is away, empty or another one: clients stay, and none misses anything unnoticed.

use std::time::Duration;

use dayloom_ports::{
    Broadcast, BroadcastError, Message,
    conformance::broadcast::{Client, Said, Stage, Via},
};
use dayloom_realtime_gateway::{Gateway, conformance::Gateways};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::support::{Server, eventually, gateway, raw};

fn message(n: usize) -> Message {
    Message {
        user_id: "ana".to_owned(),
        event_id: format!("e{n}"),
        body: n.to_string(),
    }
}

/// Two gateways over one server, with a client of each kind on each.
struct Scene {
    gateways: Vec<Gateway>,
    _following: Vec<AbortOnDropHandle<()>>,
    stage: Gateways,
    clients: Vec<Box<dyn Client>>,
    sent: usize,
}

impl Scene {
    async fn open(server: &Server) -> Self {
        let (one, first) = gateway(&server.config()).await;
        let (two, second) = gateway(&server.config()).await;
        let gateways = vec![one, two];
        let stage = Gateways::serve(gateways.clone()).await;
        let mut clients = Vec::new();
        for (gateway, via) in [(0, Via::WebSocket), (0, Via::Sse), (1, Via::WebSocket), (1, Via::Sse)] {
            clients.push(stage.connect(gateway, via, "ana", None).await);
        }
        let mut scene = Self {
            gateways,
            _following: vec![first, second],
            stage,
            clients,
            sent: 0,
        };
        scene.one_more_arrives().await;
        scene
    }

    async fn send(&mut self) -> Result<(), BroadcastError> {
        self.sent += 1;
        self.gateways[self.sent % 2].send(vec![message(self.sent)]).await
    }

    /// Sends the next message, which all get next; returns its id.
    async fn one_more_arrives(&mut self) -> String {
        self.send().await.unwrap();
        let mut said = Vec::new();
        for client in &mut self.clients {
            said.push(client.next().await);
        }
        let Said::Event(id, body) = &said[0] else {
            panic!("{said:?}")
        };
        assert_eq!(*body, self.sent.to_string());
        assert!(said.iter().all(|it| *it == said[0]), "{said:?}");
        id.clone()
    }

    async fn all_are_told_to_reload(&mut self) {
        for client in &mut self.clients {
            assert_eq!(client.next().await, Said::Reload);
        }
    }

    async fn ready(&self) {
        for gateway in &self.gateways {
            eventually("a gateway is ready", async || gateway.ready().await.is_ok()).await;
        }
    }
}

#[tokio::test]
async fn a_restarted_server_tells_connected_clients_to_reload_and_goes_on() {
    let mut server = Server::start(&[]).await;
    let mut scene = Scene::open(&server).await;
    let seen = scene.one_more_arrives().await;
    server.kill();
    eventually("it is noticed", async || scene.send().await.is_err()).await;
    let begun = Instant::now();
    for _ in 0..100 {
        assert!(matches!(scene.send().await, Err(BroadcastError::Unavailable(_))));
    }
    assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
    for gateway in &scene.gateways {
        assert!(gateway.ready().await.is_err());
    }
    server.up().await;
    scene.ready().await;
    scene.all_are_told_to_reload().await;
    scene.one_more_arrives().await;
    for via in [Via::WebSocket, Via::Sse] {
        let mut late = scene.stage.connect(1, via, "ana", Some(&seen)).await;
        assert_eq!(late.next().await, Said::Reload, "an id of the lost log");
    }
}

#[tokio::test]
async fn a_server_that_kept_its_log_but_stopped_is_another_epoch_once() {
    // What it has on disk may be older than what was read from it.
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]).await;
    let mut scene = Scene::open(&server).await;
    server.kill();
    server.up().await;
    scene.ready().await;
    // Had each gateway begun an epoch of its own, there would be two.
    scene.all_are_told_to_reload().await;
    scene.one_more_arrives().await;
}

#[tokio::test]
async fn a_silent_server_that_answers_again_has_lost_nothing() {
    let server = Server::start(&[]).await;
    let mut scene = Scene::open(&server).await;
    server.freeze();
    // Longer than a reader waits for an answer: it gives its connection up.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert!(scene.send().await.is_err());
    server.thaw();
    scene.ready().await;
    // What was sent into the silence may be in the log or not, so it is sent again, as a component does.
    scene.sent -= 1;
    scene.one_more_arrives().await;
    scene.one_more_arrives().await;
}

#[tokio::test]
async fn cut_connections_lose_nothing() {
    let server = Server::start(&[]).await;
    let mut scene = Scene::open(&server).await;
    let mut raw = raw(&server.config()).await;
    redis::cmd("CLIENT")
        .arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"])
        .exec_async(&mut raw)
        .await
        .unwrap();
    // Sent again until it is taken; what was taken twice arrives once.
    for gateway in scene.gateways.clone() {
        eventually("it goes on", async || gateway.send(vec![message(1_000)]).await.is_ok()).await;
    }
    for client in &mut scene.clients {
        assert!(
            matches!(client.next().await, Said::Event(_, body) if body == "1000"),
            "no reload"
        );
    }
    scene.one_more_arrives().await;
}

#[tokio::test]
async fn a_flushed_server_is_another_epoch() {
    let server = Server::start(&[]).await;
    let mut scene = Scene::open(&server).await;
    let mut raw = raw(&server.config()).await;
    // Nobody sends: the gateways notice by themselves.
    redis::cmd("FLUSHALL").exec_async(&mut raw).await.unwrap();
    scene.all_are_told_to_reload().await;
    scene.one_more_arrives().await;
    // Whoever sends first begins the log. What was sent before a client reloads may be in what it loads, and only there.
    redis::cmd("FLUSHALL").exec_async(&mut raw).await.unwrap();
    scene.send().await.unwrap();
    scene.all_are_told_to_reload().await;
    scene.send().await.unwrap();
    let newest = scene.sent.to_string();
    for client in &mut scene.clients {
        while !matches!(client.next().await, Said::Event(_, body) if body == newest) {}
    }
    scene.one_more_arrives().await;
}

#[tokio::test]
async fn an_epoch_is_later_than_the_last_though_the_clock_was_set_back() {
    let server = Server::start(&[]).await;
    let mut scene = Scene::open(&server).await;
    let mut raw = raw(&server.config()).await;
    // As if it had begun in the far future: the readers are there now.
    let future = 4_000_000_000_000_000_u64;
    let (log, state) = ("dayloom:live:log", "dayloom:live:state");
    redis::cmd("XADD")
        .arg(log)
        .arg(format!("{future}-0"))
        .arg(&["begin", ""])
        .exec_async(&mut raw)
        .await
        .unwrap();
    redis::cmd("HSET")
        .arg(state)
        .arg("epoch")
        .arg(future)
        .exec_async(&mut raw)
        .await
        .unwrap();
    scene.all_are_told_to_reload().await;
    redis::cmd("FLUSHALL").exec_async(&mut raw).await.unwrap();
    scene.all_are_told_to_reload().await;
    let id = scene.one_more_arrives().await;
    let epoch = u64::from_str_radix(id.split_once('-').unwrap().0, 16).unwrap();
    assert!(epoch > future, "{id}");
}
