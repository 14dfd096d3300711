use std::sync::Arc;

use async_trait::async_trait;
use dayloom_ports::{ComponentId, Job, JobStore, SchedulerError, TimestampMs};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::PostgresStore;
use crate::error::SqlError;

/// How long a host holds a timer it asked for, by the database's clock: three times the time after which a scheduler asks
/// again, so a slow look does not lose it, and a dead host's timers are half a minute late.
const HELD: &str = "interval '30 seconds'";

/// How far ahead of the database's clock a claimed tick may be before it counts as a mistake of some host's clock, which
/// must not silence the others.
const AHEAD_MS_MAX: i64 = 60_000;

#[async_trait]
impl JobStore for PostgresStore {
    /// A timer that has not come yet is given up by whoever holds it; one that may be running is not.
    async fn put(&self, job: Job) -> Result<(), SchedulerError> {
        let sql = "INSERT INTO host_jobs AS j (component, name, at, payload, attempts) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (component, name) DO UPDATE \
                   SET at = excluded.at, payload = excluded.payload, attempts = excluded.attempts, \
                       holder = CASE WHEN j.at <= extract(epoch FROM now()) * 1000 THEN j.holder END";
        let attempts = i32::try_from(job.attempts).unwrap_or(i32::MAX);
        let params: [&(dyn ToSql + Sync); 5] = [&&*job.component, &job.name, &stored(job.at), &job.payload, &attempts];
        self.write(sql, &params).await.map(drop)
    }

    async fn remove(&self, component: &ComponentId, name: &str) -> Result<(), SchedulerError> {
        let sql = "DELETE FROM host_jobs WHERE component = $1 AND name = $2";
        self.write(sql, &[&&**component, &name]).await.map(drop)
    }

    async fn due(&self, now: TimestampMs, limit: usize) -> Result<Vec<Job>, SchedulerError> {
        self.due_of(None, now, limit).await
    }

    async fn finish(&self, ran: &Job) -> Result<(), SchedulerError> {
        let sql = "DELETE FROM host_jobs WHERE component = $1 AND name = $2 AND at = $3 AND payload = $4";
        let params: [&(dyn ToSql + Sync); 4] = [&&*ran.component, &ran.name, &stored(ran.at), &ran.payload];
        self.write(sql, &params).await.map(drop)
    }

    async fn postpone(&self, failed: &Job, at: TimestampMs) -> Result<(), SchedulerError> {
        let sql = "UPDATE host_jobs SET at = $5, attempts = attempts + 1, holder = NULL, held_until = NULL \
                   WHERE component = $1 AND name = $2 AND at = $3 AND payload = $4";
        let params: [&(dyn ToSql + Sync); 5] = [
            &&*failed.component,
            &failed.name,
            &stored(failed.at),
            &failed.payload,
            &stored(at),
        ];
        self.write(sql, &params).await.map(drop)
    }

    async fn claim_tick(
        &self,
        component: &ComponentId,
        schedule: &str,
        at: TimestampMs,
    ) -> Result<bool, SchedulerError> {
        let sql = "INSERT INTO host_ticks AS t (component, schedule, at) VALUES ($1, $2, $3) \
                   ON CONFLICT (component, schedule) DO UPDATE SET at = excluded.at \
                   WHERE t.at < excluded.at OR t.at > extract(epoch FROM now()) * 1000 + $4::bigint RETURNING at";
        let params: [&(dyn ToSql + Sync); 4] = [&&**component, &schedule, &stored(at), &AHEAD_MS_MAX];
        self.write(sql, &params).await.map(|rows| !rows.is_empty())
    }
}

/// The timers of a host that runs a part of the components: the others' are left to other hosts.
pub struct JobsOf {
    /// Where all timers are.
    pub store: Arc<PostgresStore>,
    /// Whose timers the host runs.
    pub components: Vec<ComponentId>,
}

#[async_trait]
impl JobStore for JobsOf {
    async fn put(&self, job: Job) -> Result<(), SchedulerError> {
        self.store.put(job).await
    }

    async fn remove(&self, component: &ComponentId, name: &str) -> Result<(), SchedulerError> {
        self.store.remove(component, name).await
    }

    async fn due(&self, now: TimestampMs, limit: usize) -> Result<Vec<Job>, SchedulerError> {
        self.store.due_of(Some(&self.components), now, limit).await
    }

    async fn finish(&self, ran: &Job) -> Result<(), SchedulerError> {
        self.store.finish(ran).await
    }

    async fn postpone(&self, failed: &Job, at: TimestampMs) -> Result<(), SchedulerError> {
        self.store.postpone(failed, at).await
    }

    async fn claim_tick(
        &self,
        component: &ComponentId,
        schedule: &str,
        at: TimestampMs,
    ) -> Result<bool, SchedulerError> {
        self.store.claim_tick(component, schedule, at).await
    }
}

impl PostgresStore {
    /// What is due of these components, or of all.
    async fn due_of(
        &self,
        components: Option<&[ComponentId]>,
        now: TimestampMs,
        limit: usize,
    ) -> Result<Vec<Job>, SchedulerError> {
        let sql = format!(
            "WITH mine AS (SELECT component, name FROM host_jobs \
                 WHERE at <= $1 AND (holder IS NULL OR holder = $2 OR held_until < now()) \
                   AND ($4::text[] IS NULL OR component = ANY ($4)) \
                 ORDER BY at LIMIT $3 FOR UPDATE SKIP LOCKED) \
             UPDATE host_jobs j SET holder = $2, held_until = now() + {HELD} FROM mine m \
             WHERE j.component = m.component AND j.name = m.name \
             RETURNING j.component, j.name, j.at, j.payload, j.attempts"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let components: Option<Vec<&str>> = components.map(|names| names.iter().map(|name| &**name).collect());
        let params: [&(dyn ToSql + Sync); 4] = [&stored(now), &self.holder, &limit, &components];
        let rows = self.write(&sql, &params).await?;
        let mut jobs: Vec<Job> = rows.iter().map(job).collect();
        jobs.sort_by_key(|job| job.at);
        Ok(jobs)
    }

    /// Runs one statement of the host's own, durably.
    async fn write(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, SchedulerError> {
        let write = async {
            let lease = self.writers.lease().await?;
            let statement = lease.prepare(sql, &[]).await?;
            let rows = lease.query(&statement, params).await?;
            lease.give_back();
            Ok(rows)
        };
        let write = async { write.await.map_err(|error: SqlError| error.into_storage_error(0)) };
        self.in_time(write)
            .await
            .map_err(|error| SchedulerError::Unavailable(error.to_string()))
    }
}

fn job(row: &Row) -> Job {
    Job {
        component: row.get::<_, &str>("component").into(),
        name: row.get("name"),
        at: row.get::<_, i64>("at").cast_unsigned(),
        payload: row.get("payload"),
        attempts: row.get::<_, i32>("attempts").cast_unsigned(),
    }
}

/// An instant as the database keeps it: one past the year 292 million is as far away as any.
fn stored(at: TimestampMs) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}
