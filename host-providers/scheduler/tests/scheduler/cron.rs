use std::{
    num::NonZeroU32,
    sync::{Arc, atomic::Ordering},
};

use dayloom_ports::TimestampMs;
use dayloom_scheduler::CronEntry;

use crate::{START, World, becomes, component};

/// The last whole minute before `START`.
const MINUTE: TimestampMs = START - START % 60_000;

fn every_minute(schedule: &str) -> World {
    let every_seconds = NonZeroU32::new(60).unwrap();
    World::with(
        Arc::default(),
        vec![CronEntry {
            component: component(),
            schedule: schedule.into(),
            every_seconds,
        }],
    )
}

fn due(world: &World) -> Vec<TimestampMs> {
    world.sink.ticks().into_iter().map(|(due, _)| due).collect()
}

#[tokio::test]
async fn one_tick_follows_the_start_and_then_one_each_period() {
    let world = every_minute("sweep");
    becomes(|| world.sink.ticks() == [(MINUTE, START)]).await;
    world.clock.advance(MINUTE + 60_000 - START - 1).await;
    assert_eq!(due(&world), [MINUTE]);
    world.clock.advance(1).await;
    becomes(|| world.sink.ticks().last() == Some(&(MINUTE + 60_000, MINUTE + 60_000))).await;
    world.clock.advance(120_000).await;
    becomes(|| due(&world) == [0, 1, 2, 3].map(|n| MINUTE + n * 60_000)).await;
    world.stop().await;
}

#[tokio::test]
async fn a_tick_that_fails_is_no_reason_to_stop() {
    for name in ["fail", "panic"] {
        let world = every_minute(name);
        world.clock.advance(120_000).await;
        becomes(|| due(&world).len() == 3).await;
    }
}

#[tokio::test]
async fn ticks_never_overlap_and_none_is_made_up() {
    let world = every_minute("hold");
    becomes(|| world.sink.held.load(Ordering::SeqCst) == 1).await;
    world.clock.set(MINUTE + 600_000);
    becomes(|| due(&world) == [MINUTE]).await;
    world.sink.release.add_permits(2);
    becomes(|| due(&world) == [MINUTE, MINUTE + 600_000]).await;
    world.clock.advance(59_999).await;
    assert_eq!(due(&world).len(), 2);
}

#[tokio::test]
async fn a_clock_set_forward_ticks_once_and_set_back_ticks_on() {
    let world = every_minute("sweep");
    world.clock.advance(1_000).await;
    world.clock.set(MINUTE + 3_600_000);
    world.clock.advance(250).await;
    becomes(|| due(&world) == [MINUTE, MINUTE + 3_600_000]).await;

    world.clock.set(MINUTE + 500);
    world.clock.advance(59_499).await;
    assert_eq!(due(&world).len(), 2);
    world.clock.advance(1).await;
    becomes(|| due(&world).last() == Some(&(MINUTE + 60_000))).await;
    assert_eq!(due(&world).len(), 3);
}

#[tokio::test]
async fn hosts_that_share_a_store_tick_once_between_them() {
    let one = every_minute("sweep");
    becomes(|| due(&one) == [MINUTE]).await;
    let entry = CronEntry {
        component: component(),
        schedule: "sweep".into(),
        every_seconds: NonZeroU32::new(60).unwrap(),
    };
    let other = World::with(Arc::clone(&one.store), vec![entry]);
    other.clock.advance(60_000).await;
    becomes(|| due(&other) == [MINUTE + 60_000]).await;
    one.clock.advance(60_000).await;
    assert_eq!(due(&one), [MINUTE]);
}

#[tokio::test]
async fn a_tick_that_can_not_be_claimed_is_left_out() {
    let world = every_minute("sweep");
    becomes(|| due(&world) == [MINUTE]).await;
    world.store.down.store(true, Ordering::SeqCst);
    world.clock.advance(60_000).await;
    world.store.down.store(false, Ordering::SeqCst);
    world.clock.advance(60_000).await;
    becomes(|| due(&world) == [MINUTE, MINUTE + 120_000]).await;
}
