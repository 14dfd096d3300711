use std::time::{Duration, Instant};

use dayloom_ports::Outcome;

use super::super::record::{Record, Source};
use super::{Backlog, HELD_KEYS_MAX, Next, Settled, WINDOW_BYTES_MAX, WINDOW_RECORDS_MAX};

const PAUSE: Duration = Duration::from_secs(1);

fn record(offset: i64, key: &str) -> Record {
    Record {
        offset,
        source: Source {
            topic: "things".to_owned(),
            partition: 0,
            offset,
            timestamp: None,
        },
        raw_key: Some(key.as_bytes().to_vec()),
        key: key.to_owned(),
        headers: Vec::new(),
        body: offset.to_string().into_bytes(),
        past: None,
    }
}

/// A backlog with one record for each key, and a clock.
struct Bench {
    backlog: Backlog,
    now: Instant,
}

impl Bench {
    fn new(keys: &[&str], batch: usize, attempts_max: u32) -> Self {
        let mut backlog = Backlog::new(batch, attempts_max);
        for (offset, key) in (0..).zip(keys) {
            backlog.push(record(offset, key));
        }
        Self {
            backlog,
            now: Instant::now(),
        }
    }

    /// Makes the next call; the bodies (offsets) handed over with their attempts, and what came of it.
    fn call(&mut self, decide: impl Fn(&str) -> Outcome) -> (Vec<(String, u32)>, Settled) {
        let Next::Call(numbers, deliveries) = self.backlog.next(self.now) else {
            return (Vec::new(), Settled::default());
        };
        let seen: Vec<(String, u32)> = deliveries
            .iter()
            .map(|delivery| {
                (
                    String::from_utf8(delivery.body.clone()).expect("text"),
                    delivery.attempt,
                )
            })
            .collect();
        let outcomes = seen.iter().map(|(body, _)| decide(body)).collect();
        let settled = self.backlog.settle(&numbers, outcomes, (self.now, 77), |_| PAUSE);
        (seen, settled)
    }

    fn bodies(&mut self, decide: impl Fn(&str) -> Outcome) -> Vec<String> {
        self.call(decide).0.into_iter().map(|(body, _)| body).collect()
    }
}

fn done(_: &str) -> Outcome {
    Outcome::Done
}

fn retry(which: &'static str) -> impl Fn(&str) -> Outcome {
    move |body| {
        if body == which {
            Outcome::Retry("not now".to_owned())
        } else {
            Outcome::Done
        }
    }
}

#[test]
fn the_position_is_before_the_first_unsettled_record() {
    let mut bench = Bench::new(&["a", "b", "c"], 10, 5);
    assert_eq!(Backlog::new(1, 1).position(), None);
    assert_eq!(bench.backlog.position(), Some(0));
    assert_eq!(bench.bodies(retry("1")), ["0", "1", "2"]);
    assert_eq!(bench.backlog.position(), Some(1));
    bench.now += PAUSE;
    assert_eq!(bench.call(done).0, [("1".to_owned(), 2)]);
    assert_eq!(bench.backlog.position(), Some(3));
}

#[test]
fn what_is_skipped_moves_the_position_but_not_past_what_is_unsettled() {
    let mut bench = Bench::new(&[], 10, 5);
    bench.backlog.skip(4);
    assert_eq!(bench.backlog.position(), Some(5));
    bench.backlog.push(record(5, "a"));
    bench.backlog.skip(6);
    assert_eq!(bench.backlog.position(), Some(5));
    bench.bodies(done);
    assert_eq!(bench.backlog.position(), Some(7));
}

#[test]
fn a_retry_holds_back_its_key_and_no_other() {
    let mut bench = Bench::new(&["a", "a", "b", "b"], 1, 5);
    assert_eq!(bench.bodies(retry("0")), ["0"]);
    assert_eq!(bench.bodies(done), ["2"]);
    assert_eq!(bench.bodies(done), ["3"]);
    let Next::Wait(Some(due)) = bench.backlog.next(bench.now) else {
        panic!("`a` waits")
    };
    assert_eq!(due, bench.now + PAUSE);
    bench.now = due;
    assert_eq!(bench.bodies(retry("0")), ["0"]);
    assert!(bench.bodies(done).is_empty());
    bench.now += PAUSE;
    assert_eq!(bench.bodies(done), ["0"]);
    assert_eq!(bench.bodies(done), ["1"]);
}

#[test]
fn what_was_handled_behind_a_retry_of_its_key_comes_again_after_it() {
    let mut bench = Bench::new(&["a", "a", "b"], 10, 5);
    assert_eq!(bench.bodies(retry("0")), ["0", "1", "2"]);
    bench.now += PAUSE;
    assert_eq!(bench.call(done).0, [("0".to_owned(), 2)]);
    assert_eq!(bench.call(done).0, [("1".to_owned(), 1)]);
    assert_eq!(bench.backlog.position(), Some(3));
}

#[test]
fn the_last_attempt_ends_in_a_dead_letter_and_settles_once_that_is_written() {
    let mut bench = Bench::new(&["a", "a"], 10, 2);
    assert!(bench.call(retry("0")).1.dead.is_empty());
    bench.now += PAUSE;
    let (_, settled) = bench.call(retry("0"));
    let [dead] = &settled.dead[..] else {
        panic!("it is dead")
    };
    assert_eq!(
        (dead.reason.as_str(), dead.failures, dead.first_failed_at),
        ("not now", 2, 77)
    );
    assert_eq!(bench.backlog.position(), Some(0));
    bench.backlog.buried(dead.number);
    assert_eq!(bench.backlog.position(), Some(1));
    assert_eq!(bench.bodies(done), ["1"]);
}

#[test]
fn a_rejected_record_dies_at_once_and_holds_nobody_up() {
    let mut bench = Bench::new(&["a", "a"], 10, 5);
    let (_, settled) = bench.call(|body| {
        if body == "0" {
            Outcome::Reject("ß".repeat(600))
        } else {
            Outcome::Done
        }
    });
    assert_eq!((settled.rejected, settled.done, settled.dead.len()), (1, 1, 1));
    // Cut at a character, not inside one.
    assert_eq!(settled.dead[0].reason.len(), 1024);
    bench.backlog.buried(settled.dead[0].number);
    assert_eq!(bench.backlog.position(), Some(2));
}

#[test]
fn one_bad_record_does_not_take_its_batch_along() {
    let mut bench = Bench::new(&["a", "b", "c"], 10, 2);
    // A trap: no outcome at all.
    let Next::Call(numbers, _) = bench.backlog.next(bench.now) else {
        panic!("there are records")
    };
    let settled = bench.backlog.settle(&numbers, vec![], (bench.now, 77), |_| PAUSE);
    assert_eq!((settled.retried, settled.dead.len()), (3, 0));
    bench.now += PAUSE;
    for body in ["0", "1", "2"] {
        assert_eq!(bench.bodies(done), [body]);
    }
}

#[test]
fn a_component_that_takes_nothing_is_not_handed_everything() {
    let keys: Vec<String> = (0..HELD_KEYS_MAX + 10).map(|number| number.to_string()).collect();
    let mut bench = Bench::new(&keys.iter().map(String::as_str).collect::<Vec<_>>(), 1, 100);
    let mut calls = 0;
    while !bench.bodies(|_| Outcome::Retry("down".to_owned())).is_empty() {
        calls += 1;
    }
    assert_eq!(calls, HELD_KEYS_MAX);
    bench.now += PAUSE;
    assert_eq!(bench.bodies(done), ["0"]);
    assert_eq!(bench.backlog.position(), Some(1));
}

#[test]
fn the_window_is_full_at_its_limits_and_has_room_at_half() {
    let mut backlog = Backlog::new(WINDOW_RECORDS_MAX, 5);
    for offset in 0..WINDOW_RECORDS_MAX {
        assert!(!backlog.is_full());
        backlog.push(record(i64::try_from(offset).expect("it is small"), "a"));
    }
    assert!(backlog.is_full() && !backlog.has_room());
    let half = WINDOW_RECORDS_MAX / 2;
    let Next::Call(numbers, _) = backlog.next(Instant::now()) else {
        panic!("there are records")
    };
    backlog.settle(
        &numbers[..half],
        vec![Outcome::Done; half],
        (Instant::now(), 77),
        |_| PAUSE,
    );
    assert!(backlog.has_room());
}

#[test]
fn whatever_makes_a_record_large_fills_the_window() {
    let large = || vec![b'x'; WINDOW_BYTES_MAX];
    for large in [
        Record {
            body: large(),
            ..record(0, "a")
        },
        Record {
            raw_key: Some(large()),
            ..record(0, "a")
        },
        Record {
            headers: vec![("h".to_owned(), Some(large()))],
            ..record(0, "a")
        },
    ] {
        let mut backlog = Backlog::new(10, 5);
        backlog.push(large);
        assert!(backlog.is_full());
        let Next::Call(numbers, _) = backlog.next(Instant::now()) else {
            panic!("there is one")
        };
        backlog.settle(&numbers, vec![Outcome::Done], (Instant::now(), 77), |_| PAUSE);
        assert!(backlog.has_room());
    }
}

#[test]
fn offsets_that_begin_again_are_taken_as_they_come() {
    let mut bench = Bench::new(&["a"], 10, 5);
    bench.bodies(done);
    bench.backlog.push(record(0, "b"));
    assert_eq!(bench.backlog.position(), Some(0));
    assert_eq!(bench.bodies(done), ["0"]);
    assert_eq!(bench.backlog.position(), Some(1));
}
