use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use dayloom_ports::{ComponentId, Job, JobStore, SchedulerError, TimestampMs};

/// Jobs that outlive a scheduler, in a store that can be made to fail.
#[derive(Default)]
pub(crate) struct MemoryStore {
    jobs: Mutex<BTreeMap<(ComponentId, String), Job>>,
    ticks: Mutex<BTreeSet<(ComponentId, String, TimestampMs)>>,
    pub(crate) down: AtomicBool,
    pub(crate) refused: AtomicUsize,
    /// Reads are answered late while it is set: what they say is old by then.
    pub(crate) slow: AtomicBool,
    /// Reads whose answer is on its way.
    pub(crate) late: AtomicUsize,
}

impl MemoryStore {
    pub(crate) fn jobs(&self) -> Vec<Job> {
        self.jobs.lock().unwrap().values().cloned().collect()
    }

    fn up(&self) -> Result<(), SchedulerError> {
        if !self.down.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.refused.fetch_add(1, Ordering::SeqCst);
        Err(SchedulerError::Unavailable("down".into()))
    }

    /// The job as it was run, unless it was replaced.
    fn update(&self, ran: &Job, change: impl FnOnce(Job) -> Option<Job>) {
        let mut jobs = self.jobs.lock().unwrap();
        let key = (ran.component.clone(), ran.name.clone());
        if jobs
            .get(&key)
            .is_some_and(|job| job.at == ran.at && job.payload == ran.payload)
        {
            let changed = jobs.remove(&key).and_then(change);
            jobs.extend(changed.map(|job| (key, job)));
        }
    }
}

#[async_trait]
impl JobStore for MemoryStore {
    async fn put(&self, job: Job) -> Result<(), SchedulerError> {
        self.up()?;
        self.jobs
            .lock()
            .unwrap()
            .insert((job.component.clone(), job.name.clone()), job);
        Ok(())
    }

    async fn remove(&self, component: &ComponentId, name: &str) -> Result<(), SchedulerError> {
        self.up()?;
        self.jobs.lock().unwrap().remove(&(component.clone(), name.to_owned()));
        Ok(())
    }

    async fn due(&self, now: TimestampMs, limit: usize) -> Result<Vec<Job>, SchedulerError> {
        self.up()?;
        let mut due: Vec<Job> = self.jobs().into_iter().filter(|job| job.at <= now).collect();
        due.sort_by_key(|job| job.at);
        due.truncate(limit);
        self.late.fetch_add(1, Ordering::SeqCst);
        while self.slow.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        self.late.fetch_sub(1, Ordering::SeqCst);
        Ok(due)
    }

    async fn finish(&self, ran: &Job) -> Result<(), SchedulerError> {
        self.up()?;
        self.update(ran, |_| None);
        Ok(())
    }

    async fn postpone(&self, failed: &Job, at: TimestampMs) -> Result<(), SchedulerError> {
        self.up()?;
        self.update(failed, |job| {
            Some(Job {
                at,
                attempts: job.attempts + 1,
                ..job
            })
        });
        Ok(())
    }

    async fn claim_tick(
        &self,
        component: &ComponentId,
        schedule: &str,
        at: TimestampMs,
    ) -> Result<bool, SchedulerError> {
        self.up()?;
        let mut claimed = self.ticks.lock().unwrap();
        Ok(claimed.insert((component.clone(), schedule.to_owned(), at)))
    }
}
