//! Timers that hosts share.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dayloom_ports::{ComponentId, Job, JobSink, JobStore, Scheduler, TimestampMs};
use dayloom_postgres::{JobsOf, PostgresStore};
use dayloom_scheduler::{CronEntry, TimerScheduler};
use tokio_util::sync::CancellationToken;

use crate::support::{Database, eventually};

fn job(name: &str, at: u64) -> Job {
    Job {
        component: "owner".into(),
        name: name.to_owned(),
        at,
        payload: "{}".to_owned(),
        attempts: 0,
    }
}

async fn due(store: &Arc<PostgresStore>) -> Vec<String> {
    let jobs = store.due(u64::MAX, 100).await.expect("jobs are read");
    jobs.into_iter().map(|job| job.name).collect()
}

async fn expire(database: &Database) {
    let sql = "UPDATE host_jobs SET held_until = now() - interval '1 second'";
    database.client().await.batch_execute(sql).await.expect("time passes");
}

#[tokio::test]
async fn a_job_belongs_to_one_host_until_that_is_dead() {
    let database = Database::new().await;
    let (one, other) = (database.store().await, database.store().await);
    for name in ["a", "b"] {
        one.put(job(name, 10)).await.expect("a job is put");
    }
    assert_eq!(one.due(10, 1).await.map(|jobs| jobs.len()), Ok(1));
    assert_eq!(due(&other).await.len(), 1);
    assert_eq!(due(&one).await.len(), 1, "asked again, the same one");
    // The first host dies.
    drop(one);
    expire(&database).await;
    assert_eq!(due(&other).await.len(), 2);
}

#[tokio::test]
async fn a_host_with_a_part_of_the_components_leaves_the_others_timers() {
    let database = Database::new().await;
    let whole = database.store().await;
    let part = JobsOf {
        store: database.store().await,
        components: vec!["other".into()],
    };
    part.put(job("a", 10)).await.expect("a job is put");
    assert_eq!(part.due(10, 5).await, Ok(Vec::new()));
    let own = Job {
        component: "other".into(),
        ..job("b", 20)
    };
    whole.put(own.clone()).await.expect("a job is put");
    assert_eq!(part.due(20, 5).await, Ok(vec![own]));
    assert_eq!(due(&whole).await, ["a"]);
}

#[tokio::test]
async fn a_job_that_failed_may_be_run_by_any_host() {
    let database = Database::new().await;
    let (one, other) = (database.store().await, database.store().await);
    one.put(job("a", 10)).await.expect("a job is put");
    assert_eq!(due(&one).await, ["a"]);
    one.postpone(&job("a", 10), 20).await.expect("the job is postponed");
    assert_eq!(due(&other).await, ["a"]);
}

#[tokio::test]
async fn a_job_replaced_while_it_runs_stays_with_its_host_and_one_that_waits_does_not() {
    let database = Database::new().await;
    let (one, other) = (database.store().await, database.store().await);
    one.put(job("runs", 10)).await.expect("a job is put");
    one.put(job("waits", 9_000_000_000_000)).await.expect("a job is put");
    assert_eq!(due(&one).await, ["runs", "waits"]);
    for name in ["runs", "waits"] {
        other.put(job(name, 20)).await.expect("a job is put");
    }
    assert_eq!(due(&other).await, ["waits"]);
    one.finish(&job("runs", 10)).await.expect("the old one is not there");
    assert_eq!(due(&one).await, ["runs"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_ask_together_never_get_the_same_job() {
    let database = Database::new().await;
    let hosts = [database.store().await, database.store().await, database.store().await];
    for number in 0..60 {
        hosts[0].put(job(&format!("{number}"), 10)).await.expect("a job is put");
    }
    let asking = hosts.each_ref().map(|host| {
        let host = host.clone();
        tokio::spawn(async move {
            let mut mine = std::collections::BTreeSet::new();
            for _ in 0..10 {
                mine.extend(
                    host.due(10, 5)
                        .await
                        .expect("jobs are read")
                        .into_iter()
                        .map(|job| job.name),
                );
                mine.extend(due(&host).await);
            }
            mine
        })
    });
    let mut all = Vec::new();
    for mine in asking {
        all.extend(mine.await.expect("no panic"));
    }
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!((count, all.len()), (60, 60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_host_of_many_runs_a_tick() {
    let database = Database::new().await;
    let hosts = [database.store().await, database.store().await, database.store().await];
    for at in [60_000, 120_000, 300_000] {
        let claims = hosts.each_ref().map(|host| {
            let host = host.clone();
            tokio::spawn(async move { host.claim_tick(&"owner".into(), "sweep", at).await })
        });
        let mut claimed = 0;
        for claim in claims {
            claimed += usize::from(claim.await.expect("no panic").expect("it is answered"));
        }
        assert_eq!(claimed, 1, "{at}");
    }
    assert_eq!(hosts[0].claim_tick(&"owner".into(), "sweep", 240_000).await, Ok(false));
}

#[tokio::test]
async fn a_host_whose_clock_runs_ahead_does_not_silence_the_others() {
    let database = Database::new().await;
    let store = database.store().await;
    let claim = async |at| store.claim_tick(&"owner".into(), "sweep", at).await;
    assert_eq!(claim(9_000_000_000_000).await, Ok(true));
    assert_eq!(claim(60_000).await, Ok(true));
    assert_eq!(claim(60_000).await, Ok(false));
}

/// Counts what ran.
#[derive(Default)]
struct Counter {
    jobs: Mutex<HashMap<String, usize>>,
    ticks: Mutex<HashMap<TimestampMs, usize>>,
}

#[async_trait]
impl JobSink for Counter {
    async fn run(&self, _: &ComponentId, name: &str, _: &str) -> Result<(), String> {
        *self.jobs.lock().expect("no panic").entry(name.to_owned()).or_default() += 1;
        // Long enough for the other host to look meanwhile.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok(())
    }

    async fn tick(&self, _: &ComponentId, _: &str, at: TimestampMs) -> Result<(), String> {
        *self.ticks.lock().expect("no panic").entry(at).or_default() += 1;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedulers_of_two_hosts_run_everything_once_between_them() {
    let database = Database::new().await;
    let sink = Arc::new(Counter::default());
    let stop = CancellationToken::new();
    let mut schedulers = Vec::new();
    let mut running = Vec::new();
    for _ in 0..2 {
        let scheduler = TimerScheduler::new(database.store().await);
        let cron = CronEntry {
            component: "owner".into(),
            schedule: "sweep".to_owned(),
            every_seconds: NonZeroU32::MIN,
        };
        let (to, run, until) = (sink.clone(), scheduler.clone(), stop.clone());
        running.push(tokio::spawn(async move { run.run(to, vec![cron], until).await }));
        schedulers.push(scheduler);
    }
    for number in 0..40_usize {
        let name = format!("job-{number}");
        schedulers[number % 2]
            .schedule(&"owner".into(), &name, 0, "{}")
            .await
            .expect("a timer is set");
    }
    eventually("all have run", async || sink.jobs.lock().expect("no panic").len() == 40).await;
    eventually("it ticks", async || sink.ticks.lock().expect("no panic").len() >= 3).await;
    eventually("all are settled", async || {
        database.count("SELECT count(*) FROM host_jobs").await == 0
    })
    .await;
    stop.cancel();
    for run in running {
        run.await.expect("no panic");
    }
    assert!(sink.jobs.lock().expect("no panic").values().all(|&runs| runs == 1));
    assert!(sink.ticks.lock().expect("no panic").values().all(|&ticks| ticks == 1));
}
