//! What a subscriber could not take, and getting it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use dayloom_ports::conformance::fixture::{commit, event};
use dayloom_ports::{Event, Outcome, Replay, Subscription};
use dayloom_sqlite::{DeadLetter, DeadLetterError, DeadLetters, SqliteConfig, SqliteStore};
use tempfile::TempDir;

use crate::support::{Dispatching, Sink, config, directory, eventually, subscription};

fn open() -> (TempDir, Arc<SqliteStore>, DeadLetters) {
    let dir = directory();
    let subscriptions = vec![subscription("a"), subscription("b")];
    let store = SqliteStore::open(SqliteConfig {
        subscriptions,
        ..config(dir.path())
    })
    .expect("the store opens");
    let letters = DeadLetters::open(&dir.path().join("data")).expect("the database is there");
    (dir, store, letters)
}

async fn publish(store: &SqliteStore, body: &str) -> String {
    let event = Event {
        body: body.to_owned(),
        ..event("k")
    };
    let id = event.id.clone();
    commit(store, [], [event]).await.expect("an event is recorded");
    id
}

fn list(letters: &DeadLetters) -> Vec<DeadLetter> {
    letters.list(None, 0, 100).expect("dead letters are read")
}

/// `a` takes bad events only once `well` is set; `b` takes everything.
fn picky(well: &Arc<AtomicBool>) -> Arc<Sink> {
    let well = well.clone();
    Sink::new(move |component, delivery| match (&**component, &delivery.body[..]) {
        ("a", b"rejected") if !well.load(SeqCst) => Outcome::Reject("can not read it".to_owned()),
        ("a", b"retried") if !well.load(SeqCst) => Outcome::Retry("no server".to_owned()),
        _ => Outcome::Done,
    })
}

#[tokio::test]
async fn rejected_and_exhausted_events_become_dead_letters_and_replays_bring_them_back() {
    let (_dir, store, letters) = open();
    let well = Arc::new(AtomicBool::new(false));
    let sink = picky(&well);
    let dispatching = Dispatching::start(&store, sink.clone());
    let rejected = publish(&store, "rejected").await;
    let retried = publish(&store, "retried").await;
    publish(&store, "good").await;
    eventually("two dead letters", async || list(&letters).len() == 2).await;
    // One more where it stood in a call behind the retried event of its key.
    sink.until(|seen| seen.iter().filter(|(_, d)| d.body == b"good").count() >= 2)
        .await;

    let found = list(&letters);
    let of = |id: &str| {
        found
            .iter()
            .find(|letter| letter.event_id == id)
            .expect("it is a dead letter")
    };
    assert_eq!(
        (of(&rejected).reason.as_str(), of(&rejected).attempts),
        ("can not read it", 1)
    );
    assert_eq!((of(&retried).reason.as_str(), of(&retried).attempts), ("no server", 3));
    for letter in &found {
        assert_eq!(
            (letter.subscriber.as_str(), letter.topic.as_str(), letter.key.as_str()),
            ("a", "things", "k")
        );
        assert!(0 < letter.first_failed_at && letter.first_failed_at <= letter.last_failed_at);
        assert_eq!(letter.replay_requested_at, None);
    }
    let (shown, body) = letters.show(of(&retried).id).expect("it is read").expect("it is there");
    assert_eq!((&shown, body.as_str()), (of(&retried), "retried"));
    assert_eq!(letters.show(9_999).expect("it is read"), None);

    // Still ill: the replay fails, with attempts from the start, and can be asked for again.
    assert_eq!(letters.replay(&Replay::One(of(&rejected).id)).expect("it is marked"), 1);
    assert_eq!(
        letters
            .replay(&Replay::One(of(&rejected).id))
            .expect("it is marked already"),
        0
    );
    eventually("a failed replay", async || {
        list(&letters)
            .iter()
            .any(|letter| letter.attempts == 2 && letter.replay_requested_at.is_none())
    })
    .await;

    well.store(true, SeqCst);
    assert_eq!(
        letters.replay(&Replay::AllOf("b".to_owned())).expect("nothing to mark"),
        0
    );
    assert_eq!(
        letters.replay(&Replay::AllOf("a".to_owned())).expect("both are marked"),
        2
    );
    eventually("no dead letters", async || list(&letters).is_empty()).await;
    dispatching.stop().await;
    let seen = sink.seen.lock().expect("no test panics holding it");
    let last = seen
        .iter()
        .rev()
        .find(|(_, delivery)| delivery.body == b"retried")
        .expect("it was delivered");
    assert_eq!((&*last.0, last.1.attempt, last.1.topic.as_str()), ("a", 1, "things"));
}

#[tokio::test]
async fn dead_letters_are_listed_by_subscriber_and_in_pages() {
    let (_dir, store, letters) = open();
    let sink = Sink::new(|_, _| Outcome::Reject("no".to_owned()));
    let dispatching = Dispatching::start(&store, sink);
    for _ in 0..3 {
        publish(&store, "bad").await;
    }
    eventually("six dead letters", async || list(&letters).len() == 6).await;
    dispatching.stop().await;
    let of_a = letters.list(Some("a"), 0, 2).expect("they are read");
    assert!(of_a.len() == 2 && of_a.iter().all(|letter| letter.subscriber == "a"));
    let rest = letters.list(Some("a"), of_a[1].id, 2).expect("they are read");
    assert!(rest.len() == 1 && rest[0].id > of_a[1].id);
}

#[tokio::test]
async fn a_replay_asked_for_while_no_host_runs_happens_at_the_next_start() {
    let (dir, store, letters) = open();
    let dispatching = Dispatching::start(&store, Sink::new(|_, _| Outcome::Reject("no".to_owned())));
    publish(&store, "bad").await;
    eventually("two dead letters", async || list(&letters).len() == 2).await;
    dispatching.stop().await;
    drop(store);
    for newly in [1, 0] {
        assert_eq!(
            letters.replay(&Replay::AllOf("a".to_owned())).expect("it is marked"),
            newly
        );
    }
    let subscriptions = vec![Subscription {
        batch: 1,
        ..subscription("a")
    }];
    let store = SqliteStore::open(SqliteConfig {
        subscriptions,
        ..config(dir.path())
    })
    .expect("the store opens");
    let dispatching = Dispatching::start(&store, Sink::done());
    eventually(
        "one dead letter, of the other",
        async || matches!(&list(&letters)[..], [letter] if letter.subscriber == "b"),
    )
    .await;
    dispatching.stop().await;
}

#[test]
fn a_directory_without_a_database_has_no_dead_letters() {
    let dir = directory();
    assert!(matches!(
        DeadLetters::open(dir.path()),
        Err(DeadLetterError::Missing(_))
    ));
}
