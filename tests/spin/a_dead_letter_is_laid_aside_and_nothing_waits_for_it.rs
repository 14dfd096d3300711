//! What is no event, or one that its handler refuses, goes to the consumer's dead letters; what stands behind it in the same
//! partition is handled.

use dayloom_tests::{Tables, eventually};
use serde_json::json;

use crate::cluster::Cluster;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_is_laid_aside_and_nothing_waits_for_it() {
    let cluster = Cluster::start().await;
    let ana = cluster.client().sign_up("ana").await;
    let task = ana.create_task(json!({ "title": "sound" })).await;
    let id = task["id"].as_str().expect("an id");
    let tables = cluster.tables().await;
    eventually("the task's event", || async {
        (tables.count("SELECT count(*) FROM audit_logs").await >= 1).then_some(())
    })
    .await;

    let kafka = cluster.kafka();
    let records = kafka.read("task-events").await;
    let sound = records
        .iter()
        .find(|record| record.key == id)
        .expect("the task's record");
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut event: serde_json::Value = serde_json::from_str(&sound.value).expect("an event is JSON");
        change(&mut event);
        event.to_string()
    };
    let no_event = json!({ "specversion": "1.0", "hello": "world" }).to_string();
    let refused = with(&|event| {
        event["id"] = json!("0197f3a0-0000-7000-8000-000000000001");
        event["data"] = json!({ "nonsense": true });
    });
    let behind = with(&|event| event["id"] = json!("0197f3a0-0000-7000-8000-000000000002"));
    kafka
        .write("task-events", &[(id, &no_event), (id, &refused), (id, &behind)])
        .await;
    eventually("what stood behind", || async {
        let sql = "SELECT count(*) FROM audit_logs WHERE event_id = '0197f3a0-0000-7000-8000-000000000002'";
        (tables.count(sql).await == 1).then_some(())
    })
    .await;
    let dead = eventually("the dead letters", || async {
        let dead = kafka.read("audit-dead-letters").await;
        (dead.len() >= 2).then_some(dead)
    })
    .await;
    assert_eq!(dead.len(), 2, "{dead:?}");
    assert!(dead[0].value.contains("hello"), "{dead:?}");
    assert!(
        dead[1].value.contains("0197f3a0-0000-7000-8000-000000000001"),
        "{dead:?}"
    );
    drop(tables);
    cluster.remove().await;
}
