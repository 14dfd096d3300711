use std::collections::{HashMap, HashSet};

use super::listener::Heard;
use super::writer::Acknowledged;
use crate::{Client, Tables};

type Fact = (String, u64, String);

/// The trail, which an independent consumer writes, has every acknowledged write of this client's user, and nothing twice.
/// For when every event is delivered.
pub async fn check_trail(client: &Client, acknowledged: &[Acknowledged]) {
    let wanted: HashSet<Fact> = acknowledged
        .iter()
        .filter(|write| write.user_id == client.user().id)
        .map(fact)
        .collect();
    let entries = client.all("/audit-logs").await;
    let there: HashSet<Fact> = entries.iter().map(fact_of_entry).collect();
    let lost: Vec<_> = wanted.difference(&there).collect();
    assert!(
        lost.is_empty(),
        "{} of {} writes are not in the trail: {lost:?}",
        lost.len(),
        wanted.len()
    );
    let mut ids = HashSet::new();
    assert!(
        entries.iter().all(|entry| ids.insert(entry["event_id"].to_string())),
        "an event is in the trail twice"
    );
}

/// Every acknowledged write was heard live, or the listener was told afterwards to load everything anew.
pub fn check_heard(acknowledged: &[Acknowledged], listeners: &[Heard]) {
    for heard in listeners {
        assert_eq!(heard.foreign, Vec::<String>::new(), "events of another user arrived");
        assert_eq!(
            heard.repeated,
            Vec::<String>::new(),
            "events were sent again that had just been sent"
        );
        let last_reload = heard.reloads.last().copied();
        let missed: Vec<_> = acknowledged
            .iter()
            .filter(|write| write.user_id == heard.user_id)
            .filter(|write| last_reload.is_none_or(|reload| write.at > reload))
            .filter(|write| !heard.applied.contains(&fact(write)))
            .collect();
        assert!(
            missed.is_empty(),
            "{} of {} writes were never heard: {missed:?}",
            missed.len(),
            acknowledged.len()
        );
    }
}

/// The tables agree with each other and have every acknowledged write, as an independent reader finds them. For when every
/// event is delivered and no reminder is due.
pub async fn check_tables(tables: &impl Tables, acknowledged: &[Acknowledged]) {
    acknowledged_writes_are_in_the_trail_once(tables, acknowledged).await;
    trail_is_gapless_and_tells_the_tables(tables).await;
    recurring_tasks_have_one_successor(tables).await;
    reminders_follow_their_tasks(tables).await;
    fired_reminders_are_one_notification(tables).await;
    assert_eq!(
        tables.count("SELECT count(*) FROM host_dead_letters").await,
        0,
        "something was dead-lettered"
    );
}

/// Reminders whose time has come by now (milliseconds since the Unix epoch, UTC) and that still wait.
pub async fn reminders_overdue(tables: &impl Tables, now_ms: i64) -> i64 {
    let sql = format!("SELECT count(*) FROM reminder_timers WHERE state = 'pending' AND remind_at <= {now_ms}");
    tables.count(&sql).await
}

async fn acknowledged_writes_are_in_the_trail_once(tables: &impl Tables, acknowledged: &[Acknowledged]) {
    let mut there: HashMap<Fact, usize> = HashMap::new();
    for row in tables
        .rows("SELECT task_id, sequence, event_type FROM audit_logs")
        .await
    {
        let [task, sequence, event_type] = row.try_into().expect("three columns");
        let fact = (task, sequence.parse().expect("a number"), event_type);
        *there.entry(fact).or_default() += 1;
    }
    let wrong: Vec<_> = acknowledged
        .iter()
        .map(|write| (write, there.get(&fact(write)).copied().unwrap_or_default()))
        .filter(|(_, count)| *count != 1)
        .collect();
    assert!(wrong.is_empty(), "writes that are not in the trail once: {wrong:?}");
}

/// Each task's trail counts 1, 2, 3 … once each, and ends in the version the tasks table has, or in a deletion.
async fn trail_is_gapless_and_tells_the_tables(tables: &impl Tables) {
    let mut trails: HashMap<String, Vec<(u64, String)>> = HashMap::new();
    let sql = "SELECT task_id, sequence, event_type FROM audit_logs WHERE event_type LIKE 'com.todo.task.%' \
               ORDER BY task_id, sequence";
    for row in tables.rows(sql).await {
        let [task, sequence, event_type] = row.try_into().expect("three columns");
        trails
            .entry(task)
            .or_default()
            .push((sequence.parse().expect("a number"), event_type));
    }
    let mut versions: HashMap<String, u64> = tables
        .rows("SELECT id, sequence FROM tasks")
        .await
        .into_iter()
        .map(|row| (row[0].clone(), row[1].parse().expect("a number")))
        .collect();
    for (task, trail) in &trails {
        let sequences: Vec<u64> = trail.iter().map(|(sequence, _)| *sequence).collect();
        assert_eq!(
            sequences,
            (1..=trail.len() as u64).collect::<Vec<_>>(),
            "the trail of {task} has gaps or repeats: {trail:?}"
        );
        let (last, last_type) = trail.last().expect("a trail has an entry");
        match versions.remove(task) {
            Some(sequence) => assert_eq!(sequence, *last, "{task} and its trail differ"),
            None => assert_eq!(last_type, "com.todo.task.deleted", "{task} is gone without a deletion"),
        }
    }
    assert!(versions.is_empty(), "tasks without a trail: {versions:?}");
}

async fn recurring_tasks_have_one_successor(tables: &impl Tables) {
    let wrong = tables
        .rows(
            "SELECT t.id, t.sequence FROM tasks t WHERE t.status = 'completed' AND t.recurring_rule IS NOT NULL \
             AND (SELECT count(*) FROM tasks n WHERE n.parent_id = t.id) <> 1",
        )
        .await;
    assert!(
        wrong.is_empty(),
        "completed recurring tasks without exactly one successor: {wrong:?}"
    );
}

/// Every reminder that was told of has one timer: pending or fired while its task is open, not pending once it is not.
async fn reminders_follow_their_tasks(tables: &impl Tables) {
    let told = "SELECT count(DISTINCT task_id) FROM audit_logs WHERE event_type = 'com.todo.reminder.scheduled'";
    assert_eq!(
        tables.count("SELECT count(*) FROM reminder_timers").await,
        tables.count(told).await,
        "a reminder without a timer, or with two"
    );
    let wrong = tables
        .rows(
            "SELECT r.reminder_id, r.state, t.status FROM reminder_timers r LEFT JOIN tasks t ON t.id = r.task_id \
             WHERE r.state <> 'fired' AND (r.state = 'pending') <> (t.id IS NOT NULL AND t.status <> 'completed')",
        )
        .await;
    assert!(wrong.is_empty(), "timers that do not follow their tasks: {wrong:?}");
}

/// A task of the load has one reminder, so it has one notification if that fired, and none if it did not.
async fn fired_reminders_are_one_notification(tables: &impl Tables) {
    let wrong = tables
        .rows(
            "SELECT r.task_id, r.state FROM reminder_timers r WHERE (SELECT count(*) FROM notifications n \
             WHERE n.task_id = r.task_id) <> CASE WHEN r.state = 'fired' THEN 1 ELSE 0 END",
        )
        .await;
    assert!(
        wrong.is_empty(),
        "reminders with a notification too many or too few: {wrong:?}"
    );
    assert!(
        tables.count("SELECT count(*) FROM notifications").await > 0,
        "no reminder fired: the load was no load"
    );
}

fn fact(write: &Acknowledged) -> Fact {
    (write.task_id.clone(), write.sequence, write.event_type.to_owned())
}

fn fact_of_entry(entry: &serde_json::Value) -> Fact {
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    (
        text("task_id"),
        entry["sequence"].as_u64().unwrap_or_default(),
        text("event_type"),
    )
}
