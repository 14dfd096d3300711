use std::sync::Arc;

use dayloom_ports::Outcome::{Done, Reject, Retry};
use dayloom_ports::limits::REASON_BYTES_MAX;
use uuid::Uuid;

use super::{Backlog, Origin, Pending};
use crate::log::LogEntry;

const NOW: u64 = 1_000;

fn pending(position: u64, key: &str) -> Pending {
    let entry = LogEntry {
        position,
        partition: 0,
        id: Uuid::nil(),
        event_type: "t".into(),
        key: key.into(),
        body: position.to_string(),
    };
    Pending {
        entry: Arc::new(entry),
        topic: "topic".into(),
        origin: Origin::Log,
        failures: 0,
        first_failed_at: 0,
    }
}

fn backlog(keys: &[&str], attempts_max: u32) -> Backlog {
    let mut backlog = Backlog::new(0, 10, attempts_max);
    backlog.extend((1..).zip(keys).map(|(position, key)| pending(position, key)), 20);
    backlog
}

fn retry() -> dayloom_ports::Outcome {
    Retry("later".into())
}

/// Positions and attempt numbers of the next call.
fn next_call(backlog: &Backlog) -> Vec<(String, u32)> {
    let text = |body: Vec<u8>| String::from_utf8(body).unwrap_or_default();
    backlog
        .deliveries()
        .into_iter()
        .map(|delivery| (text(delivery.body), delivery.attempt))
        .collect()
}

#[test]
fn done_events_move_the_cursor_to_what_was_scanned() {
    let mut backlog = backlog(&["a", "b"], 5);
    assert_eq!(backlog.cursor(), 0);
    let settled = backlog.settle(vec![Done, Done], NOW);
    assert_eq!((settled.done, backlog.cursor(), backlog.is_empty()), (2, 20, true));
}

#[test]
fn the_cursor_stays_before_a_retried_event_though_later_ones_are_done() {
    let mut backlog = backlog(&["a", "b", "c"], 5);
    let settled = backlog.settle(vec![Done, retry(), Done], NOW);
    assert_eq!(settled.failures, Some(1));
    assert_eq!(backlog.cursor(), 1);
    assert_eq!(next_call(&backlog), [("2".into(), 2)]);
    backlog.settle(vec![Done], NOW);
    assert_eq!(backlog.cursor(), 20);
}

#[test]
fn an_event_behind_a_retried_one_of_its_key_comes_again_after_it() {
    let mut backlog = backlog(&["a", "a", "b"], 5);
    backlog.settle(vec![retry(), Done, Done], NOW);
    assert_eq!(next_call(&backlog), [("1".into(), 2)]);
    backlog.settle(vec![Done], NOW);
    assert_eq!(next_call(&backlog), [("2".into(), 1)]);
}

#[test]
fn a_rejection_behind_a_retried_event_of_its_key_waits_for_it() {
    let mut backlog = backlog(&["a", "a"], 5);
    let settled = backlog.settle(vec![retry(), Reject("no".into())], NOW);
    assert!(settled.dead.is_empty());
    assert_eq!(backlog.cursor(), 0);
}

#[test]
fn rejected_events_are_dead_at_once() {
    let mut backlog = backlog(&["a"], 5);
    let settled = backlog.settle(vec![Reject("no".into())], NOW);
    let dead = &settled.dead[0];
    assert_eq!(
        (
            dead.reason.as_str(),
            dead.pending.failures,
            dead.pending.first_failed_at
        ),
        ("no", 1, NOW)
    );
    assert_eq!((settled.rejected, settled.failures, backlog.cursor()), (1, None, 20));
}

#[test]
fn the_last_attempt_ends_in_a_dead_letter() {
    let mut backlog = backlog(&["a"], 3);
    for _ in 0..2 {
        assert!(backlog.settle(vec![retry()], NOW).dead.is_empty());
    }
    let settled = backlog.settle(vec![retry()], NOW + 1);
    assert_eq!(
        (
            settled.dead[0].pending.failures,
            settled.dead[0].pending.first_failed_at
        ),
        (3, NOW)
    );
    assert!(backlog.is_empty());
}

#[test]
fn one_poisonous_event_dies_alone() {
    let mut backlog = backlog(&["a", "poison", "c"], 2);
    let mut dead = Vec::new();
    let mut done = 0;
    while !backlog.is_empty() {
        // The component fails for every call that holds the event.
        let call = next_call(&backlog);
        let fails = call.iter().any(|(position, _)| position == "2");
        let outcome = if fails { retry() } else { Done };
        let settled = backlog.settle(vec![outcome; call.len()], NOW);
        done += settled.done;
        dead.extend(settled.dead.into_iter().map(|dead| dead.pending.entry.position));
    }
    assert_eq!((dead, done), (vec![2], 2));
}

#[test]
fn what_failed_is_called_alone_and_the_rest_in_batches() {
    let keys: Vec<String> = (0..12).map(|key| key.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut backlog = backlog(&keys, 5);
    let first = [vec![Done; 5], vec![retry(); 2], vec![Done; 2], vec![retry(); 1]].concat();
    assert_eq!(backlog.deliveries().len(), first.len());
    backlog.settle(first, NOW);
    let mut sizes = Vec::new();
    while !backlog.is_empty() {
        sizes.push(backlog.deliveries().len());
        backlog.settle(vec![Done; backlog.deliveries().len()], NOW);
    }
    assert_eq!(sizes, [1, 1, 1, 2]);
}

#[test]
fn a_wrong_number_of_outcomes_is_a_retry_for_all() {
    let mut backlog = backlog(&["a", "b"], 5);
    let settled = backlog.settle(vec![Done], NOW);
    assert_eq!((settled.done, settled.retried, backlog.cursor()), (0, 2, 0));
}

#[test]
fn a_replay_does_not_hold_the_cursor() {
    let mut backlog = Backlog::new(7, 10, 1);
    backlog.replay(Pending {
        origin: Origin::DeadLetter(3),
        ..pending(0, "a")
    });
    assert_eq!(backlog.cursor(), 7);
    assert_eq!(backlog.settle(vec![Done], NOW).replayed, [3]);
}

#[test]
fn a_long_reason_is_cut_at_a_character() {
    let mut backlog = backlog(&["a"], 5);
    let reason = format!("{}é", "x".repeat(REASON_BYTES_MAX - 1));
    let settled = backlog.settle(vec![Reject(reason)], NOW);
    assert_eq!(settled.dead[0].reason.len(), REASON_BYTES_MAX - 1);
}
