use std::sync::atomic::Ordering;

use dayloom_ports::{Scheduler, SchedulerError};

use crate::{START, World, becomes, component};

#[tokio::test]
async fn a_failing_timer_backs_off_and_is_dropped_after_ten_attempts() {
    let world = World::start();
    for name in ["fail", "panic"] {
        world.schedule(name, START, "{}").await;
    }
    // The longest waits add up to 511 s.
    for _ in 0..60 {
        world.clock.advance(10_000).await;
    }
    becomes(|| world.store.jobs().is_empty()).await;
    for name in ["fail", "panic"] {
        let times: Vec<_> = world
            .sink
            .runs()
            .into_iter()
            .filter(|run| run.0 == name)
            .map(|run| run.2)
            .collect();
        assert_eq!(times.len(), 10, "{name}");
        for (n, pair) in times.windows(2).enumerate() {
            let (wait, longest) = (pair[1] - pair[0], 1_000 << n);
            // A step of the test's clock may add to what the back-off is.
            assert!(
                (longest / 2..=longest + 50).contains(&wait),
                "{name}: wait {n} was {wait} ms"
            );
        }
    }
}

#[tokio::test]
async fn attempts_survive_a_restart_and_a_new_timer_begins_anew() {
    let world = World::start();
    world.schedule("fail", START, "{}").await;
    becomes(|| world.store.jobs().first().is_some_and(|job| job.attempts == 1)).await;
    let again = world.store.jobs()[0].at;
    let world = World::with(world.stop().await, Vec::new());
    world.clock.advance(again - START - 1).await;
    assert_eq!(world.sink.runs(), []);
    world.clock.advance(1).await;
    becomes(|| world.store.jobs().first().is_some_and(|job| job.attempts == 2)).await;
    world.schedule("fail", START, "{}").await;
    becomes(|| world.store.jobs().first().is_some_and(|job| job.attempts == 1)).await;
}

#[tokio::test]
async fn an_outage_of_the_store_delays_and_repeats_nothing() {
    let world = World::start();
    world.schedule("hold", START, "{}").await;
    world.schedule("later", START + 3_000, "{}").await;
    becomes(|| world.sink.held.load(Ordering::SeqCst) == 1).await;

    world.store.down.store(true, Ordering::SeqCst);
    let refused = world.scheduler.schedule(&component(), "new", START, "{}").await;
    assert!(matches!(refused, Err(SchedulerError::Unavailable(_))));
    world.sink.release.add_permits(1);
    world.clock.advance(10_000).await;
    assert_eq!(world.sink.runs().len(), 1);
    let refused = world.store.refused.load(Ordering::SeqCst);
    assert!(
        (10..=30).contains(&refused),
        "asked {refused} times in 10 s, by two who try once a second"
    );

    world.store.down.store(false, Ordering::SeqCst);
    world.clock.advance(2_000).await;
    becomes(|| world.store.jobs().is_empty()).await;
    let names: Vec<_> = world.sink.runs().into_iter().map(|run| run.0).collect();
    assert_eq!(names, ["hold", "later"]);
}
