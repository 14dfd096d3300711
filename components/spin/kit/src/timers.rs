//! The lease under which one instance runs a component's due jobs and schedules.

use crate::leases::{Holder, LEASE_MS, TIMERS, is_free};
use crate::outbox::statement;
use crate::{Database, Error, Value};

/// Held while a component's timers run.
#[derive(Debug)]
pub struct TimersLease {
    component: String,
    holder: Holder,
}

impl TimersLease {
    /// Takes the lease, unless another instance has it.
    ///
    /// A process that dies leaves it to run out; what was due then runs [`LEASE_MS`] later.
    ///
    /// # Errors
    /// The database can not be asked.
    pub fn take(database: &Database, component: &str) -> Result<Option<Self>, Error> {
        let dialect = database.dialect();
        let (free, now) = (is_free("l", dialect), dialect.now_ms());
        let holder = Holder::new();
        let sql = format!(
            "INSERT INTO host_delivery_leases AS l (subscriber, shard, holder, held_until) \
             VALUES ($1, {TIMERS}, $2, {now} + {LEASE_MS}) \
             ON CONFLICT (subscriber, shard) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until \
             WHERE {free} RETURNING shard"
        );
        let params = vec![Value::Text(component.to_owned()), Value::Text(holder.0.clone())];
        let taken = database.commit(&[statement(sql, params)], &[])?;
        let is_taken = taken.first().is_some_and(|outcome| !outcome.rows.is_empty());
        Ok(is_taken.then(|| Self {
            component: component.to_owned(),
            holder,
        }))
    }

    /// Gives it back.
    ///
    /// # Errors
    /// The database can not be asked; the lease then runs out.
    pub fn give_back(self, database: &Database) -> Result<(), Error> {
        let sql = format!(
            "UPDATE host_delivery_leases SET holder = NULL, held_until = 0 \
             WHERE subscriber = $1 AND shard = {TIMERS} AND holder = $2"
        );
        let params = vec![Value::Text(self.component), Value::Text(self.holder.0)];
        database.commit(&[statement(sql, params)], &[]).map(drop)
    }
}
