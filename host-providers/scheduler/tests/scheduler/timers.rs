use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use dayloom_ports::{ComponentId, JobSink, Scheduler, SchedulerError, TimestampMs};
use dayloom_scheduler::{Clock, SystemClock, TimerScheduler};
use tokio_util::sync::CancellationToken;

use crate::{START, World, becomes, component, store::MemoryStore};

#[tokio::test]
async fn a_timer_runs_at_its_time_once_and_not_before() {
    let world = World::start();
    let at = START + 61_000;
    world.schedule("later", at, "{}").await;
    world.schedule("cancelled", at, "{}").await;
    world.schedule("moved", at, "1").await;
    world.schedule("moved", at + 1, "2").await;
    world.scheduler.cancel(&component(), "cancelled").await.unwrap();
    world.scheduler.cancel(&component(), "never there").await.unwrap_err();
    world.scheduler.cancel(&component(), "never-there").await.unwrap();

    world.clock.advance(60_999).await;
    assert_eq!(world.sink.runs(), []);
    world.clock.advance(1).await;
    becomes(|| world.sink.runs() == [("later".into(), "{}".into(), at)]).await;
    world.clock.advance(1).await;
    becomes(|| world.sink.runs().last() == Some(&("moved".into(), "2".into(), at + 1))).await;
    becomes(|| world.store.jobs().is_empty()).await;
    world.clock.advance(60_000).await;
    assert_eq!(world.sink.runs().len(), 2);
}

#[tokio::test]
async fn a_timer_in_the_past_runs_at_once() {
    let world = World::start();
    world.clock.quiet().await;
    world.schedule("now", START, "{}").await;
    world.schedule("past", 0, "{}").await;
    becomes(|| world.sink.runs().len() == 2).await;
}

#[tokio::test]
async fn a_wall_clock_that_jumps_takes_the_timers_with_it() {
    let world = World::start();
    let hour = 3_600_000;
    world.schedule("one", START + hour, "{}").await;
    world.schedule("two", START + 2 * hour, "{}").await;
    world.clock.advance(1_000).await;

    world.clock.set(START + hour);
    world.clock.advance(250).await;
    becomes(|| world.sink.runs().len() == 1).await;

    world.clock.set(START + 2 * hour - 1_000);
    world.clock.advance(750).await;
    world.clock.set(START);
    world.clock.advance(30_000).await;
    assert_eq!(world.sink.runs().len(), 1, "set back, so it is not time any more");
    world.clock.set(START + 2 * hour - 1);
    world.clock.advance(1).await;
    world.clock.advance(250).await;
    becomes(|| world.sink.runs().len() == 2).await;
    assert!(world.sink.runs()[1].2 >= START + 2 * hour);
}

#[tokio::test]
async fn timers_survive_a_restart() {
    let world = World::start();
    world.schedule("due-while-away", START + 5_000, "{}").await;
    world.schedule("hold", START, "{}").await;
    becomes(|| world.sink.held.load(Ordering::SeqCst) == 1).await;
    world.running.abort();
    let world = World::with(world.store, Vec::new());
    becomes(|| world.sink.runs().len() == 1).await;
    assert_eq!(world.sink.runs()[0].0, "hold", "what was cut off runs again");
    world.clock.advance(5_000).await;
    becomes(|| world.sink.runs().len() == 2).await;
}

#[tokio::test]
async fn shutdown_waits_for_what_runs() {
    let world = World::start();
    world.schedule("hold", START, "{}").await;
    becomes(|| world.sink.held.load(Ordering::SeqCst) == 1).await;
    world.shutdown.cancel();
    world.sink.release.add_permits(1);
    assert!(world.stop().await.jobs().is_empty());
}

#[tokio::test]
async fn a_timer_replaced_while_it_runs_runs_again_after_it() {
    let world = World::start();
    world.schedule("hold", START, "1").await;
    becomes(|| world.sink.held.load(Ordering::SeqCst) == 1).await;
    world.schedule("hold", START, "2").await;
    world.clock.advance(1_000).await;
    assert_eq!(world.sink.runs().len(), 1, "one at a time");

    world.sink.release.add_permits(2);
    becomes(|| world.sink.runs().len() == 2).await;
    assert_eq!(world.sink.runs()[1].1, "2");
    becomes(|| world.store.jobs().is_empty()).await;
}

#[tokio::test]
async fn a_timer_that_ends_while_the_store_is_read_does_not_run_again() {
    let world = World::start();
    world.schedule("hold", START, "{}").await;
    becomes(|| world.sink.held.load(Ordering::SeqCst) == 1).await;
    world.store.slow.store(true, Ordering::SeqCst);
    world.schedule("other", START, "{}").await;
    becomes(|| world.store.late.load(Ordering::SeqCst) == 1).await;
    world.sink.release.add_permits(1);
    becomes(|| world.store.jobs().len() == 1).await;
    world.store.slow.store(false, Ordering::SeqCst);
    becomes(|| world.store.jobs().is_empty()).await;
    world.clock.advance(20_000).await;
    let names: Vec<String> = world.sink.runs().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["hold", "other"]);
}

#[tokio::test]
async fn only_so_many_run_at_once_and_none_is_left_out() {
    let world = World::start();
    for n in 0..100 {
        world.schedule(&format!("hold-{n}"), START, "{}").await;
    }
    becomes(|| world.sink.held.load(Ordering::SeqCst) == 16).await;
    world.clock.advance(20_000).await;
    assert_eq!(world.sink.runs().len(), 16);
    world.sink.release.add_permits(100);
    becomes(|| world.store.jobs().is_empty()).await;
    assert_eq!(world.sink.runs().len(), 100);
}

#[tokio::test]
async fn names_payloads_and_instants_have_limits() {
    let world = World::start();
    let schedule =
        async |name: &str, at, payload: &str| world.scheduler.schedule(&component(), name, at, payload).await;
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let far = 253_402_300_799_999;
    assert_eq!(schedule(&"n".repeat(128), far, &text(4 * 1024)).await, Ok(()));
    assert_eq!(schedule("A.z_0-9", far, "null").await, Ok(()));
    let refused = [
        ("", far, "{}".to_owned()),
        (&"n".repeat(129), far, "{}".into()),
        ("a b", far, "{}".into()),
        ("\u{e9}", far, "{}".into()),
        ("n", far, String::new()),
        ("n", far, "{".into()),
        ("n", far, text(4 * 1024 + 1)),
        ("n", far + 1, "{}".into()),
    ];
    for (name, at, payload) in refused {
        let answer = schedule(name, at, &payload).await;
        assert!(
            matches!(answer, Err(SchedulerError::Invalid(_))),
            "{name:?} {at} {}",
            payload.len()
        );
    }
    assert_eq!(world.store.jobs().len(), 2);
}

/// How late each timer runs; its payload says when it is due.
struct Lateness(Mutex<Vec<i128>>);

#[async_trait]
impl JobSink for Lateness {
    async fn run(&self, _component: &ComponentId, _name: &str, payload: &str) -> Result<(), String> {
        let due: TimestampMs = payload.parse().unwrap();
        self.0
            .lock()
            .unwrap()
            .push(i128::from(SystemClock.now()) - i128::from(due));
        Ok(())
    }

    async fn tick(&self, _component: &ComponentId, _schedule: &str, _at: TimestampMs) -> Result<(), String> {
        Ok(())
    }
}

#[tokio::test]
async fn by_the_real_clock_timers_are_punctual_and_never_early() {
    let scheduler = TimerScheduler::new(Arc::new(MemoryStore::default()));
    let sink = Arc::new(Lateness(Mutex::default()));
    let shutdown = CancellationToken::new();
    let (running, to, stop) = (scheduler.clone(), Arc::clone(&sink), shutdown.clone());
    let running = tokio::spawn(async move { running.run(to, Vec::new(), stop).await });
    let now = SystemClock.now();
    for n in 0..200 {
        let at = now + 100 + n * 4;
        scheduler
            .schedule(&component(), &n.to_string(), at, &at.to_string())
            .await
            .unwrap();
    }
    let all = || sink.0.lock().unwrap().len() == 200;
    crate::within(async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        while !all() {
            look.tick().await;
        }
    })
    .await;
    let mut late = sink.0.lock().unwrap().clone();
    late.sort_unstable();
    assert!(late[0] >= 0, "{} ms early", -late[0]);
    assert!(late[197] < 250, "p99 {} ms late", late[197]);
    shutdown.cancel();
    running.await.unwrap();
}
