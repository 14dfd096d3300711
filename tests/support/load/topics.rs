use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::Acknowledged;
use crate::{KafkaTools, Tables, TopicRecord};

/// The topics that carry what happens to tasks.
const TASK_TOPICS: [&str; 2] = ["task-events", "task-updates"];

/// What is on the topics.
#[derive(Debug, Default)]
pub struct Found {
    /// Events, each topic counted.
    pub events: usize,
    /// Records beyond the first of an event on its topic.
    pub repeats: usize,
}

/// A task's event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Fact {
    task: String,
    sequence: u64,
    event_type: String,
}

/// The topics, as a client reads them that is not ours, have every acknowledged write and exactly what the trail tells;
/// each task's events are in one partition, and first appear there in their order.
pub async fn check_topics(kafka: &KafkaTools, acknowledged: &[Acknowledged], tables: &impl Tables) -> Found {
    let told: HashSet<Fact> = tables
        .rows("SELECT task_id, sequence, event_type FROM audit_logs WHERE event_type LIKE 'com.todo.task.%'")
        .await
        .into_iter()
        .map(|row| Fact {
            task: row[0].clone(),
            sequence: row[1].parse().expect("a number"),
            event_type: row[2].clone(),
        })
        .collect();
    let mut found = Found::default();
    for topic in TASK_TOPICS {
        let records = kafka.read(topic).await;
        let there = check_order(topic, &records, &mut found);
        let lost: Vec<_> = acknowledged
            .iter()
            .filter(|write| !there.contains(&fact(write)))
            .collect();
        assert!(lost.is_empty(), "{} writes are not on {topic}: {lost:?}", lost.len());
        let differ: Vec<_> = told.symmetric_difference(&there).collect();
        assert!(differ.is_empty(), "{topic} and the trail differ: {differ:?}");
    }
    found
}

/// No event is a dead letter.
pub async fn check_dead_letters(kafka: &KafkaTools, topics: &[&str]) {
    for topic in topics {
        let dead = kafka.read(topic).await;
        assert!(dead.is_empty(), "{topic}: {dead:?}");
    }
}

/// Checks the order of a topic's records, and returns what it tells of tasks.
fn check_order(topic: &str, records: &[TopicRecord], found: &mut Found) -> HashSet<Fact> {
    let mut seen = HashSet::new();
    let mut partitions: HashMap<&str, i32> = HashMap::new();
    let mut offsets: HashMap<i32, i64> = HashMap::new();
    let mut newest: HashMap<&str, u64> = HashMap::new();
    let mut facts = HashSet::new();
    for record in records {
        let TopicRecord {
            partition,
            offset,
            key,
            value,
        } = record;
        let last = offsets.insert(*partition, *offset);
        assert!(
            last < Some(*offset),
            "{topic}: the consumer did not read in order: {record:?}"
        );
        let first = *partitions.entry(key).or_insert(*partition);
        assert_eq!(first, *partition, "{topic}: {key} is in two partitions");
        let event: Value = serde_json::from_str(value).unwrap_or_else(|error| panic!("{error}: {record:?}"));
        if !seen.insert(event["id"].to_string()) {
            found.repeats += 1;
            continue;
        }
        found.events += 1;
        let event_type = event["type"].as_str().expect("an event has a type");
        if !event_type.starts_with("com.todo.task.") {
            continue;
        }
        let data = &event["data"];
        assert_eq!(
            data["task_id"],
            key.as_str(),
            "{topic}: the key is the task: {record:?}"
        );
        let sequence = data["sequence"].as_u64().expect("an event has a sequence");
        let before = newest.insert(key, sequence).unwrap_or_default();
        assert_eq!(sequence, before + 1, "{topic}: out of order: {record:?}");
        facts.insert(Fact {
            task: key.clone(),
            sequence,
            event_type: event_type.to_owned(),
        });
    }
    facts
}

fn fact(write: &Acknowledged) -> Fact {
    Fact {
        task: write.task_id.clone(),
        sequence: write.sequence,
        event_type: write.event_type.to_owned(),
    }
}
