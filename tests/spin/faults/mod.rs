//! What goes wrong in the fault run, and when.

use std::collections::BTreeMap;

use crate::cluster::SERVICES;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// `kill -9` of a service's application, and a new start.
    AppKilled,
    /// `kill -9` of a service's sidecar, and a new start.
    SidecarKilled,
    /// A service's sidecar is stopped as an operator does, and started.
    SidecarStopped,
    /// Kafka is stopped and started.
    KafkaStopped,
    /// Kafka is killed and started.
    KafkaKilled,
    /// PostgreSQL is stopped and started.
    PostgresRestarted,
    /// PostgreSQL is killed and started.
    PostgresKilled,
    /// Redis loses everything it has.
    RedisFlushed,
    /// Redis is stopped and started.
    RedisStopped,
}

impl Fault {
    const ALL: [Self; 9] = [
        Self::AppKilled,
        Self::SidecarKilled,
        Self::SidecarStopped,
        Self::KafkaStopped,
        Self::KafkaKilled,
        Self::PostgresRestarted,
        Self::PostgresKilled,
        Self::RedisFlushed,
        Self::RedisStopped,
    ];

    /// Kafka needs seconds for a start, and its consumers for a new session.
    const fn is_slow(self) -> bool {
        matches!(self, Self::KafkaStopped | Self::KafkaKilled)
    }
}

/// A quick fault for so many slow ones, so that the run takes minutes.
const QUICK_FOR_EACH_SLOW: usize = 5;

/// So many faults in a random order, each kind at least once, with the service that each befalls.
pub(crate) fn plan(count: usize, random: &mut fastrand::Rng) -> Vec<(Fault, &'static str)> {
    let least = Fault::ALL.len();
    assert!(count >= least, "DAYLOOM_FAULTS is at least {least}");
    let weighted: Vec<Fault> = Fault::ALL
        .into_iter()
        .flat_map(|fault| std::iter::repeat_n(fault, if fault.is_slow() { 1 } else { QUICK_FOR_EACH_SLOW }))
        .collect();
    let mut faults = Fault::ALL.to_vec();
    while faults.len() < count {
        faults.push(weighted[random.usize(..weighted.len())]);
    }
    random.shuffle(&mut faults);
    faults
        .into_iter()
        .map(|fault| (fault, SERVICES[random.usize(..SERVICES.len())].0))
        .collect()
}

/// How often each kind is in it, as text.
pub(crate) fn by_kind(faults: &[(Fault, &str)]) -> String {
    let mut counts: BTreeMap<Fault, usize> = BTreeMap::new();
    for (fault, _) in faults {
        *counts.entry(*fault).or_default() += 1;
    }
    let counts: Vec<_> = counts
        .iter()
        .map(|(fault, count)| format!("{count} {fault:?}"))
        .collect();
    counts.join(", ")
}
