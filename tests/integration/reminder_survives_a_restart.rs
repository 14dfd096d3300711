//! Whatever happens to the host or to a timer between a reminder's being set and its time, it makes one notification.

use dayloom_tests::{Client, Host, epoch_ms, eventually, now_ms, rfc3339, until_ms};
use serde_json::{Value, json};

/// Reminders that timers and the sweep at the start go for at the same moment.
const RACES: usize = 40;

async fn remind(client: &Client, title: &str, at: i64) {
    client
        .create_task(json!({ "title": title, "reminders": [{ "reminder_at": rfc3339(at) }] }))
        .await;
}

/// Waits until so many reminders wait for their time, each with a timer of the platform.
async fn until_waiting(host: &Host, count: i64) {
    let database = host.database();
    eventually("every reminder has a timer", || async {
        let waiting = database.count("SELECT count(*) FROM reminder_timers WHERE state = 'pending'");
        let timers = database.count("SELECT count(*) FROM host_jobs WHERE component = 'notifications'");
        (waiting == count && timers == count).then_some(())
    })
    .await;
}

async fn until_notified(client: &Client, count: usize) -> Vec<Value> {
    eventually("every reminder's notification", || async {
        let all = client.all("/notifications").await;
        (all.len() >= count).then_some(all)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_to_come_fires_at_its_time() {
    let mut host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let at = now_ms() + 4_000;
    remind(&ana, "later", at).await;
    until_waiting(&host, 1).await;
    host.kill().await;
    let _host = host.restart().await;
    assert!(now_ms() < at, "the restart took longer than the reminder had time");
    let notification = until_notified(&ana, 1).await.remove(0);
    let late = epoch_ms(notification["created_at"].as_str().expect("an instant")) - at;
    assert!((0..1_000).contains(&late), "fired {late} ms after its time");
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_and_sweep_at_once_make_one_notification_each() {
    let mut host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let at = now_ms() + 3_000;
    for n in 0..RACES {
        remind(&ana, &format!("race {n}"), at).await;
    }
    until_waiting(&host, RACES as i64).await;
    host.kill().await;
    until_ms(at).await;
    // At the start, all timers are due and the first sweep ticks.
    host = host.restart().await;
    until_notified(&ana, RACES).await;
    // The subscriber hears everything again: the reminders are set anew, for a time that has passed.
    host.kill().await;
    let rewound = host
        .database()
        .execute("UPDATE host_cursors SET position = 0 WHERE subscriber = 'notifications'");
    assert!(rewound > 0, "there is a cursor to rewind");
    host = host.restart().await;
    let database = host.database();
    eventually("every event is delivered and every timer has run", || async {
        let timers = database.count("SELECT count(*) FROM host_jobs WHERE component = 'notifications'");
        (database.owed() == 0 && timers == 0).then_some(())
    })
    .await;
    assert_eq!(ana.all("/notifications").await.len(), RACES);
    let told = |event_type| format!("SELECT count(*) FROM host_log WHERE event_type = 'com.todo.{event_type}'");
    for event_type in ["reminder.due", "reminder.sent", "notification.created"] {
        assert_eq!(database.count(&told(event_type)), RACES as i64, "{event_type}");
    }
    assert_eq!(database.count("SELECT count(*) FROM delivery_attempts"), RACES as i64);
    assert_eq!(database.count("SELECT count(*) FROM host_dead_letters"), 0);
    assert_eq!(host.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_finds_what_a_lost_timer_missed() {
    let mut host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let at = now_ms() + 2_000;
    remind(&ana, "lost", at).await;
    until_waiting(&host, 1).await;
    host.kill().await;
    assert_eq!(host.database().execute("DELETE FROM host_jobs"), 1);
    until_ms(at).await;
    let _host = host.restart().await;
    let notification = until_notified(&ana, 1).await.remove(0);
    assert_eq!(notification["title"], "lost");
}
