use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dayloom_tests::{Client, Database, Host, eventually};

use super::listener::Heard;
use super::writer::Acknowledged;

type Fact = (String, u64, String);

/// Waits until every subscriber has had every event. Then the trail, which an independent consumer writes, has every
/// acknowledged write, and nothing twice.
pub(crate) async fn await_consequences(host: &Host, users: &[Arc<Client>], acknowledged: &[Acknowledged]) {
    let database = host.database();
    eventually("every event is delivered", || async {
        (database.owed() == 0).then_some(())
    })
    .await;
    for user in users {
        let wanted: HashSet<Fact> = acknowledged
            .iter()
            .filter(|write| write.user_id == user.user().id)
            .map(fact)
            .collect();
        let entries = user.all("/audit-logs").await;
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
}

/// Every acknowledged write was heard live, or the listener was told afterwards to load everything anew.
pub(crate) fn check_listeners(acknowledged: &[Acknowledged], listeners: &[Heard]) {
    for heard in listeners {
        assert_eq!(heard.foreign, Vec::<String>::new(), "events of another user arrived");
        assert_eq!(
            heard.repeated,
            Vec::<String>::new(),
            "events arrived twice on one connection"
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

/// The tables of the stopped host agree with each other, as an independent reader finds them.
pub(crate) fn check_tables(database: &Database) {
    assert_eq!(database.rows("PRAGMA integrity_check"), [["ok"]]);
    trail_is_gapless_and_tells_the_tables(database);
    recurring_tasks_have_one_successor(database);
    reminders_follow_their_tasks(database);
    assert_eq!(
        database.count("SELECT count(*) FROM host_dead_letters"),
        0,
        "something was dead-lettered"
    );
}

/// Each task's trail counts 1, 2, 3 … once each, and ends in the version the tasks table has, or in a deletion.
fn trail_is_gapless_and_tells_the_tables(database: &Database) {
    let mut trails: HashMap<String, Vec<(u64, String)>> = HashMap::new();
    for row in database.rows(
        "SELECT task_id, sequence, event_type FROM audit_logs WHERE event_type LIKE 'com.todo.task.%' ORDER BY task_id, sequence",
    ) {
        let [task, sequence, event_type] = row.try_into().expect("three columns");
        trails.entry(task).or_default().push((sequence.parse().expect("a number"), event_type));
    }
    let mut rows: HashMap<String, u64> = database
        .rows("SELECT id, sequence FROM tasks")
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
        match rows.remove(task) {
            Some(sequence) => assert_eq!(sequence, *last, "{task} and its trail differ"),
            None => assert_eq!(last_type, "com.todo.task.deleted", "{task} is gone without a deletion"),
        }
    }
    assert!(rows.is_empty(), "tasks without a trail: {rows:?}");
}

fn recurring_tasks_have_one_successor(database: &Database) {
    let wrong = database.rows(
        "SELECT t.id, t.sequence, (SELECT count(*) FROM tasks n WHERE n.parent_id = t.id) AS successors FROM tasks t
         WHERE t.status = 'completed' AND t.recurring_rule IS NOT NULL AND successors <> 1",
    );
    assert!(
        wrong.is_empty(),
        "completed recurring tasks without exactly one successor: {wrong:?}"
    );
}

/// Every reminder that was told of has one timer: pending while its task is open, cancelled once it is not.
fn reminders_follow_their_tasks(database: &Database) {
    let told = database
        .count("SELECT count(DISTINCT task_id) FROM audit_logs WHERE event_type = 'com.todo.reminder.scheduled'");
    assert_eq!(
        database.count("SELECT count(*) FROM reminder_timers"),
        told,
        "a reminder without a timer, or with two"
    );
    let wrong = database.rows(
        "SELECT r.reminder_id, r.state, t.status FROM reminder_timers r LEFT JOIN tasks t ON t.id = r.task_id
         WHERE (r.state = 'pending') <> (t.id IS NOT NULL AND t.status <> 'completed')",
    );
    assert!(wrong.is_empty(), "timers that do not follow their tasks: {wrong:?}");
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
