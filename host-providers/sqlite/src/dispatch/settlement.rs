//! Final outcomes that have to be written down before the lane goes on: dead letters, and what became of replays.

use rusqlite::{Connection, params};

use super::backlog::{Dead, Settled};
use super::cursors::{LaneId, advance};
use crate::time::now_ms;

pub(super) struct Settlement {
    pub(super) lane: LaneId,
    /// Written in the same transaction: an event is behind the cursor or a dead letter, or it comes again.
    pub(super) cursor: u64,
    pub(super) dead: Vec<Dead>,
    pub(super) replayed: Vec<i64>,
}

impl Settlement {
    /// What has to be written; none if the cursor alone moved.
    pub(super) fn of(lane: &LaneId, cursor: u64, settled: Settled) -> Option<Self> {
        let Settled { dead, replayed, .. } = settled;
        if dead.is_empty() && replayed.is_empty() {
            return None;
        }
        Some(Self {
            lane: lane.clone(),
            cursor,
            dead,
            replayed,
        })
    }

    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<usize> {
        for id in &self.replayed {
            connection
                .prepare_cached("DELETE FROM host_dead_letters WHERE id = ?1")?
                .execute([id])?;
        }
        for dead in &self.dead {
            bury(connection, &self.lane.0, dead)?;
        }
        advance(connection, &self.lane, self.cursor)?;
        Ok(self.dead.len() + self.replayed.len())
    }
}

/// Adds a dead letter, or says in the one that is there that it failed again.
fn bury(connection: &Connection, subscriber: &str, dead: &Dead) -> rusqlite::Result<usize> {
    let entry = &dead.pending.entry;
    connection
        .prepare_cached(
            "INSERT INTO host_dead_letters \
             (subscriber, event_id, event_type, topic, key, reason, attempts, first_failed_at, last_failed_at, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
             ON CONFLICT (subscriber, event_id) DO UPDATE SET reason = excluded.reason, \
             attempts = attempts + excluded.attempts, last_failed_at = excluded.last_failed_at, \
             replay_requested_at = NULL",
        )?
        .execute(params![
            subscriber,
            entry.id.as_bytes(),
            entry.event_type,
            dead.pending.topic,
            entry.key,
            dead.reason,
            dead.pending.failures,
            dead.pending.first_failed_at.cast_signed(),
            now_ms().cast_signed(),
            entry.body,
        ])
}
