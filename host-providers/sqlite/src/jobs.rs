use async_trait::async_trait;
use dayloom_ports::{ComponentId, Job, JobStore, SchedulerError, StorageError, TimestampMs};
use rusqlite::params;

use crate::SqliteStore;

#[async_trait]
impl JobStore for SqliteStore {
    async fn put(&self, job: Job) -> Result<(), SchedulerError> {
        let write = move |connection: &rusqlite::Connection| {
            connection
                .prepare_cached(
                    "INSERT INTO host_jobs (component, name, at, payload, attempts) VALUES (?1, ?2, ?3, ?4, ?5) \
                     ON CONFLICT (component, name) DO UPDATE \
                     SET at = excluded.at, payload = excluded.payload, attempts = excluded.attempts",
                )?
                .execute(params![
                    &*job.component,
                    job.name,
                    stored(job.at),
                    job.payload,
                    job.attempts
                ])
        };
        self.queue.host(write).await.map(drop).map_err(unavailable)
    }

    async fn remove(&self, component: &ComponentId, name: &str) -> Result<(), SchedulerError> {
        let (component, name) = (component.clone(), name.to_owned());
        let write = move |connection: &rusqlite::Connection| {
            connection
                .prepare_cached("DELETE FROM host_jobs WHERE component = ?1 AND name = ?2")?
                .execute(params![&*component, name])
        };
        self.queue.host(write).await.map(drop).map_err(unavailable)
    }

    async fn due(&self, now: TimestampMs, limit: usize) -> Result<Vec<Job>, SchedulerError> {
        let read = |connection: &rusqlite::Connection| {
            connection
                .prepare_cached(
                    "SELECT component, name, at, payload, attempts FROM host_jobs WHERE at <= ?1 ORDER BY at LIMIT ?2",
                )?
                .query_map(params![stored(now), i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
                    Ok(Job {
                        component: row.get::<_, String>(0)?.into(),
                        name: row.get(1)?,
                        at: row.get::<_, i64>(2)?.cast_unsigned(),
                        payload: row.get(3)?,
                        attempts: row.get(4)?,
                    })
                })?
                .collect()
        };
        self.readers.host(read).await.map_err(unavailable)
    }

    async fn finish(&self, ran: &Job) -> Result<(), SchedulerError> {
        let job = ran.clone();
        let write = move |connection: &rusqlite::Connection| {
            connection
                .prepare_cached(
                    "DELETE FROM host_jobs WHERE component = ?1 AND name = ?2 AND at = ?3 AND payload = ?4",
                )?
                .execute(params![&*job.component, job.name, stored(job.at), job.payload])
        };
        self.queue.host(write).await.map(drop).map_err(unavailable)
    }

    async fn postpone(&self, failed: &Job, at: TimestampMs) -> Result<(), SchedulerError> {
        let job = failed.clone();
        let write = move |connection: &rusqlite::Connection| {
            connection
                .prepare_cached(
                    "UPDATE host_jobs SET at = ?5, attempts = attempts + 1 \
                     WHERE component = ?1 AND name = ?2 AND at = ?3 AND payload = ?4",
                )?
                .execute(params![
                    &*job.component,
                    job.name,
                    stored(job.at),
                    job.payload,
                    stored(at)
                ])
        };
        self.queue.host(write).await.map(drop).map_err(unavailable)
    }

    /// Always: no other host can open the data directory.
    async fn claim_tick(&self, _: &ComponentId, _: &str, _: TimestampMs) -> Result<bool, SchedulerError> {
        Ok(true)
    }
}

/// An instant as SQLite keeps it: one past the year 292 million is as far away as any.
fn stored(at: TimestampMs) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

fn unavailable(error: StorageError) -> SchedulerError {
    SchedulerError::Unavailable(error.to_string())
}
