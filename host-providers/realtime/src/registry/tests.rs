use std::sync::Arc;

use dayloom_ports::Message;
use tokio::time::{Duration, Instant};

use super::{ABSENT_USERS_MAX, Registry};
use dayloom_ports::live::Position;

use crate::config::GatewayConfig;

fn message(user_id: &str, event_id: usize) -> Message {
    Message {
        user_id: user_id.into(),
        event_id: event_id.to_string(),
        body: "{}".into(),
    }
}

#[test]
fn a_history_outlives_its_last_connection_by_a_time_and_leaves_nothing() {
    let config = GatewayConfig::default();
    let mut registry = Registry::new(&config);
    let (start, ana) = (Instant::now(), Arc::from("ana"));
    assert!(!registry.send(message("ana", 0), start), "nobody is there");

    let (ready, _wake) = registry.join(&ana, start).unwrap();
    registry.join(&ana, start).unwrap();
    registry.leave(&ana, start);
    let much_later = start + 2 * config.history_kept;
    assert!(registry.send(message("ana", 1), much_later), "one connection is left");

    registry.leave(&ana, much_later);
    let just_before = much_later + config.history_kept - Duration::from_millis(1);
    assert!(registry.send(message("ana", 2), just_before));
    assert!(!registry.send(message("ana", 2), just_before), "a repeat");
    assert_eq!(registry.after("ana", ready.number).unwrap().len(), 2);

    assert!(!registry.send(message("ana", 3), much_later + config.history_kept));
    assert_eq!((registry.weight, registry.sent.len(), registry.users.len()), (0, 0, 0));
    assert_ne!(registry.join(&ana, much_later).unwrap().0.epoch, ready.epoch);
}

#[test]
fn who_comes_back_is_not_forgotten() {
    let config = GatewayConfig::default();
    let mut registry = Registry::new(&config);
    let (start, ana) = (Instant::now(), Arc::from("ana"));
    let (ready, _wake) = registry.join(&ana, start).unwrap();
    registry.leave(&ana, start);
    let (again, _wake) = registry.join(&ana, start + config.history_kept / 2).unwrap();
    assert_eq!(again, ready);
    assert!(registry.send(message("ana", 1), start + 2 * config.history_kept));
}

#[test]
fn only_so_many_absent_users_are_remembered() {
    let mut registry = Registry::new(&GatewayConfig::default());
    let now = Instant::now();
    for n in 0..=ABSENT_USERS_MAX {
        let user_id = Arc::from(n.to_string());
        registry.join(&user_id, now).unwrap();
        registry.leave(&user_id, now);
    }
    assert_eq!(registry.users.len(), ABSENT_USERS_MAX);
    assert!(!registry.send(message("0", 1), now), "the first to leave");
    assert!(registry.send(message("1", 1), now));
}

#[test]
fn a_log_is_kept_for_those_who_may_come_and_resumed_from_where_all_of_it_is_here() {
    let config = GatewayConfig::default();
    let mut registry = Registry::of_log(&config);
    let (start, at) = (Instant::now(), |number| Position { epoch: 7, number });
    assert_ne!(registry.join(&Arc::from("early"), start).unwrap().0.epoch, 7);
    registry.begin(at(10));
    assert_eq!(registry.latest("early"), Some(at(10)), "and is told to reload");
    assert_eq!(registry.generation(), 1);

    assert!(!registry.receive(12, message("ana", 1), start), "not connected");
    assert!(!registry.receive(13, message("ana", 1), start), "a repeat");
    assert!(registry.receive(14, message("early", 2), start));
    assert_eq!(registry.join(&Arc::from("ana"), start).unwrap().0, at(12));
    for (number, reached) in [(9, false), (10, true), (12, true), (99, true)] {
        assert_eq!(registry.reaches_back_to("ana", at(number)), reached, "{number}");
    }

    // Who was forgotten takes the place along from which new histories begin.
    registry.receive(15, message("bob", 3), start);
    let later = start + config.history_kept;
    registry.receive(16, message("carl", 4), later);
    assert_eq!(registry.join(&Arc::from("bob"), later).unwrap().0, at(15));
    assert!(registry.reaches_back_to("ana", at(12)), "hers is all here");

    registry.begin(Position { epoch: 8, number: 0 });
    assert_eq!((registry.weight, registry.sent.len(), registry.absent.len()), (0, 0, 0));
    assert!(!registry.users.contains_key("carl") && !registry.reaches_back_to("ana", at(12)));
}

#[test]
fn an_absent_user_of_a_log_is_kept_since_the_last_message() {
    let config = GatewayConfig::default();
    let mut registry = Registry::of_log(&config);
    let start = Instant::now();
    registry.begin(Position { epoch: 7, number: 0 });
    let almost = config.history_kept - Duration::from_millis(1);
    registry.receive(1, message("ana", 1), start);
    registry.receive(2, message("bob", 2), start);
    registry.receive(3, message("ana", 3), start + almost);
    registry.receive(4, message("carl", 4), start + config.history_kept);
    assert_eq!((registry.users.len(), registry.log_floor.unwrap().number), (2, 2));
}

#[test]
fn all_histories_together_are_bounded_and_the_oldest_message_goes_first() {
    let config = GatewayConfig {
        history_messages_max: 3,
        history_total_bytes_max: 1_500,
        ..GatewayConfig::default()
    };
    let mut registry = Registry::new(&config);
    let now = Instant::now();
    let users = ["ana", "bob"].map(Arc::from);
    let _wakes = users.each_ref().map(|user_id| registry.join(user_id, now).unwrap());
    for n in 0..100 {
        assert!(registry.send(message(&users[n % 2], n), now));
        assert!(registry.weight <= 1_500);
        let weights: usize = registry.users.values().map(|user| user.history.weight()).sum();
        let lengths: usize = registry.users.values().map(|user| user.history.len()).sum();
        assert_eq!((registry.weight, registry.sent.len()), (weights, lengths));
    }
    assert!(registry.after("ana", 49).unwrap().len() == 1 && registry.after("bob", 49).unwrap().len() == 1);
    assert!(registry.after("ana", 46).is_none(), "pushed out by the other user's");
}
