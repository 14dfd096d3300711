//! What the log keeps, and what a gateway that starts or falls behind makes of it.

use dayloom_ports::{
    Broadcast, Message,
    conformance::broadcast::{Said, Stage, Via},
};
use dayloom_realtime_gateway::conformance::Gateways;
use dayloom_redis::RedisConfig;
use redis::aio::MultiplexedConnection;

use crate::support::{config, gateway, raw};

/// The log's limits, which are said in its documentation.
const MESSAGES_MAX: usize = 10_000;
const BYTES_MAX: usize = 16 * 1024 * 1024;

fn message(user_id: &str, n: usize, body_bytes: usize) -> Message {
    Message {
        user_id: user_id.to_owned(),
        event_id: format!("e{n}"),
        body: "1".repeat(body_bytes),
    }
}

async fn length(config: &RedisConfig, raw: &mut MultiplexedConnection) -> usize {
    let log = format!("{}:live:log", config.prefix);
    redis::cmd("XLEN").arg(log).query_async(raw).await.unwrap()
}

async fn bytes(config: &RedisConfig, raw: &mut MultiplexedConnection) -> usize {
    let state = format!("{}:live:state", config.prefix);
    redis::cmd("HGET")
        .arg(state)
        .arg("bytes")
        .query_async(raw)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_log_keeps_so_many_messages() {
    let config = config();
    let mut raw = raw(&config).await;
    let (gateway, _following) = gateway(&config).await;
    for n in 0..=MESSAGES_MAX / 1_000 {
        let batch = (0..1_000).map(|m| message("ana", n * 1_000 + m, 10)).collect();
        gateway.send(batch).await.unwrap();
        assert_eq!(length(&config, &mut raw).await, MESSAGES_MAX.min(1_000 * (n + 1) + 1));
    }
    let each = "ana".len() + "e10000".len() + 10;
    let kept = bytes(&config, &mut raw).await;
    assert!(
        kept <= MESSAGES_MAX * each && kept >= MESSAGES_MAX * (each - 3),
        "{kept}"
    );
}

#[tokio::test]
async fn the_log_keeps_so_many_bytes() {
    let config = config();
    let mut raw = raw(&config).await;
    let (gateway, _following) = gateway(&config).await;
    let size = 200 * 1024;
    for n in 0..100 {
        gateway.send(vec![message("ana", n, size)]).await.unwrap();
        assert!(bytes(&config, &mut raw).await <= BYTES_MAX);
    }
    let each = size + "ana".len() + "e99".len();
    assert_eq!(length(&config, &mut raw).await, BYTES_MAX / each);
    assert_eq!(bytes(&config, &mut raw).await, BYTES_MAX / each * each);
}

#[tokio::test]
async fn a_gateway_that_starts_knows_what_is_kept_and_nothing_before_it() {
    let config = config();
    let (first, _following) = gateway(&config).await;
    let stage = Gateways::serve([first.clone()]).await;
    let mut client = stage.connect(0, Via::Sse, "ana", None).await;
    let mut ids = Vec::new();
    let size = 200 * 1024;
    for n in 1..=BYTES_MAX / size + 10 {
        let user_id = if n % 2 == 0 { "ana" } else { "bob" };
        first.send(vec![message(user_id, n, size)]).await.unwrap();
        if user_id == "ana" {
            let Said::Event(id, _) = client.next().await else {
                panic!("a reload")
            };
            ids.push(id);
        }
    }
    let (late, _following) = gateway(&config).await;
    let stage = Gateways::serve([late]).await;
    let mut recent = stage.connect(0, Via::Sse, "ana", Some(&ids[ids.len() - 3])).await;
    for id in &ids[ids.len() - 2..] {
        assert!(matches!(recent.next().await, Said::Event(it, _) if it == *id));
    }
    let mut ancient = stage.connect(0, Via::Sse, "ana", Some(&ids[0])).await;
    assert_eq!(ancient.next().await, Said::Reload);
}

#[tokio::test]
async fn a_gap_in_the_log_is_a_reload_and_what_nobody_understands_is_passed_over() {
    let config = config();
    let mut raw = raw(&config).await;
    let (gateway, _following) = gateway(&config).await;
    let stage = Gateways::serve([gateway.clone()]).await;
    let mut clients = [
        stage.connect(0, Via::Sse, "ana", None).await,
        stage.connect(0, Via::WebSocket, "ana", None).await,
    ];
    gateway.send(vec![message("ana", 1, 10)]).await.unwrap();
    let mut last = String::new();
    for client in &mut clients {
        let Said::Event(id, _) = client.next().await else {
            panic!("a reload")
        };
        last = id;
    }
    let (epoch, number) = last.split_once('-').unwrap();
    let epoch = u64::from_str_radix(epoch, 16).unwrap();
    let number: u64 = number.parse().unwrap();
    let log = format!("{}:live:log", config.prefix);
    // Number + 1 is understood by nobody; + 2 never comes to be read, as if it had been pushed out before.
    for (number, field) in [(number + 1, "new"), (number + 3, "new")] {
        redis::cmd("XADD")
            .arg(&log)
            .arg(format!("{epoch}-{number}"))
            .arg(field)
            .arg("")
            .exec_async(&mut raw)
            .await
            .unwrap();
    }
    for client in &mut clients {
        assert_eq!(client.next().await, Said::Reload);
    }
    gateway.send(vec![message("ana", 2, 10)]).await.unwrap();
    for client in &mut clients {
        assert!(matches!(client.next().await, Said::Event(..)));
    }
}
