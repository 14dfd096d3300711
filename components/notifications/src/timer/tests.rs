//! The statements on a real SQLite with the real migration: whatever order the events come in, the end is the same.

use dayloom_domain::event::{RawEvent, ReminderPayload};
use dayloom_domain::{TaskId, Timestamp, UserId};
use dayloom_kit::storage::{Statement, Value};
use rusqlite::Connection;
use rusqlite::types::Value as Cell;

use super::{Timer, cancel, close_task, fired, hold_task, set};

const TASK: &str = "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21";
const REMINDER: &str = "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d22";

/// What may be heard of the one reminder; the number is the task's sequence.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Heard {
    Scheduled(i64, &'static str),
    Cancelled(i64),
    Closed(i64),
}
use Heard::{Cancelled, Closed, Scheduled};

fn database() -> Connection {
    let database = Connection::open_in_memory().unwrap();
    let migration = include_str!("../../../migrations/0005_notifications.sql");
    database.execute_batch(migration).unwrap();
    database
}

/// Runs a statement and returns how many rows it changed.
fn run(database: &Connection, statement: Statement) -> usize {
    let mut prepared = database.prepare(&statement.sql).unwrap();
    for (n, value) in statement.params.into_iter().enumerate() {
        // SQLite numbers `$3, $1` by appearance.
        let slot = prepared.parameter_index(&format!("${}", n + 1)).unwrap().unwrap();
        let cell = match value {
            Value::Null => Cell::Null,
            Value::Integer(integer) => Cell::Integer(integer),
            Value::Real(real) => Cell::Real(real),
            Value::Text(text) => Cell::Text(text),
        };
        prepared.raw_bind_parameter(slot, cell).unwrap();
    }
    prepared.raw_execute().unwrap()
}

fn hear(database: &Connection, heard: Heard) {
    let now = at("2026-11-21T00:00:00Z");
    let (sequence, remind_at) = match heard {
        Scheduled(sequence, at) => (sequence, at),
        Cancelled(sequence) | Closed(sequence) => (sequence, "2026-01-01T00:00:00Z"),
    };
    let reminder = ReminderPayload {
        reminder_id: REMINDER.parse().unwrap(),
        remind_at: at(remind_at),
        title: "t".into(),
        due_date: None,
        time_zone: dayloom_domain::TimeZone::UTC,
    };
    let payload = serde_json::to_string(&reminder).unwrap();
    let body = format!(
        r#"{{"specversion":"1.0","id":"e","type":"t","time":"2026-11-21T00:00:00Z","data":{{"task_id":"{TASK}",
           "user_id":"u","sequence":{sequence},"idempotency_key":"k","correlation_id":"c","payload":{payload}}}}}"#
    );
    let event = RawEvent::parse(body.as_bytes()).unwrap();
    let statements = match heard {
        Scheduled(..) => vec![
            hold_task(event.data.task_id, now),
            set(&event.data, sequence, &reminder, now),
        ],
        Cancelled(_) => vec![cancel(&event.data, sequence, &reminder, now)],
        Closed(_) => close_task(event.data.task_id, sequence, now).into(),
    };
    for statement in statements {
        run(database, statement);
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The timer as `state` and, if it waits, when it fires.
fn timer(database: &Connection) -> Option<(String, Option<Timestamp>)> {
    let sql = "SELECT state, CASE WHEN state = 'pending' THEN remind_at END FROM reminder_timers";
    let read = |row: &rusqlite::Row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(Timestamp::from_ms)));
    database.query_row(sql, [], read).ok()
}

fn fire(database: &Connection, sequence: i64) -> usize {
    let timer = Timer {
        reminder_id: REMINDER.parse().unwrap(),
        user_id: UserId::new("u"),
        task_id: TASK.parse::<TaskId>().unwrap(),
        sequence,
        remind_at: at(NINE),
        correlation_id: "c".into(),
        reminder: ReminderPayload {
            reminder_id: REMINDER.parse().unwrap(),
            remind_at: at(NINE),
            title: "t".into(),
            due_date: None,
            time_zone: dayloom_domain::TimeZone::UTC,
        },
    };
    run(database, fired(&timer, at(NINE)))
}

const NINE: &str = "2026-11-21T09:00:00Z";
const TEN: &str = "2026-11-21T10:00:00Z";

fn permutations(heard: &[Heard]) -> Vec<Vec<Heard>> {
    if heard.is_empty() {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for n in 0..heard.len() {
        let mut rest = heard.to_vec();
        let first = rest.remove(n);
        for mut order in permutations(&rest) {
            order.insert(0, first);
            all.push(order);
        }
    }
    all
}

#[test]
fn the_end_is_the_same_in_any_order_and_with_repeats() {
    let cases: [(&[Heard], &str, Option<&str>); 7] = [
        (&[Scheduled(1, NINE)], "pending", Some(NINE)),
        (&[Scheduled(1, NINE), Scheduled(2, TEN)], "pending", Some(TEN)),
        (&[Scheduled(1, NINE), Cancelled(2)], "cancelled", None),
        (
            &[Scheduled(1, NINE), Cancelled(2), Scheduled(3, TEN)],
            "pending",
            Some(TEN),
        ),
        (&[Scheduled(1, NINE), Closed(2)], "cancelled", None),
        (&[Scheduled(2, NINE), Closed(2), Closed(1)], "cancelled", None),
        (
            &[Scheduled(1, NINE), Closed(2), Cancelled(2), Scheduled(3, TEN)],
            "pending",
            Some(TEN),
        ),
    ];
    for (heard, state, remind_at) in cases {
        let expected = Some((state.to_owned(), remind_at.map(at)));
        for order in permutations(heard) {
            let database = database();
            for heard in &order {
                hear(&database, *heard);
                hear(&database, *heard);
            }
            assert_eq!(timer(&database), expected, "{order:?}");
            for heard in &order {
                hear(&database, *heard);
            }
            assert_eq!(timer(&database), expected, "{order:?}, twice");
        }
    }
}

#[test]
fn a_timer_fires_once_for_each_moment() {
    let database = database();
    hear(&database, Scheduled(1, NINE));
    assert_eq!(fire(&database, 1), 1);
    assert_eq!(fire(&database, 1), 0, "the job and the sweep");

    hear(&database, Scheduled(2, NINE));
    assert_eq!(fire(&database, 2), 0, "another title, the same moment");

    hear(&database, Scheduled(3, TEN));
    assert_eq!(fire(&database, 2), 0, "it has moved since it was read");
    assert_eq!(fire(&database, 3), 1);
}

#[test]
fn a_cancelled_timer_does_not_fire() {
    let database = database();
    hear(&database, Scheduled(1, NINE));
    hear(&database, Closed(2));
    assert_eq!(fire(&database, 1), 0);
}
