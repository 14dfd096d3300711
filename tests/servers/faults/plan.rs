use std::collections::BTreeMap;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// `kill -9` of a host, with the relay and the consumers in it, and a new start.
    HostKilled,
    /// A host stands still for longer than its consumers' session, with all its connections open, and goes on.
    HostFrozen,
    /// Kafka is stopped and started.
    KafkaStopped,
    /// Kafka is killed and started.
    KafkaKilled,
    /// One host's connections to Kafka break.
    KafkaCut,
    /// PostgreSQL is stopped and started.
    PostgresRestarted,
    /// PostgreSQL is killed and started.
    PostgresKilled,
    /// One host's connections to PostgreSQL break.
    PostgresCut,
    /// Redis loses everything it has.
    RedisFlushed,
    /// Redis is stopped and started.
    RedisStopped,
    /// One host's connections to Redis break.
    RedisCut,
}

impl Fault {
    const ALL: [Self; 11] = [
        Self::HostKilled,
        Self::HostFrozen,
        Self::KafkaStopped,
        Self::KafkaKilled,
        Self::KafkaCut,
        Self::PostgresRestarted,
        Self::PostgresKilled,
        Self::PostgresCut,
        Self::RedisFlushed,
        Self::RedisStopped,
        Self::RedisCut,
    ];

    /// Kafka needs seconds for a start, and a session seconds for its end.
    const fn is_slow(self) -> bool {
        matches!(self, Self::HostFrozen | Self::KafkaStopped | Self::KafkaKilled)
    }
}

/// A quick fault for so many slow ones, so that fifty faults take minutes.
const QUICK_FOR_EACH_SLOW: usize = 6;

/// So many faults in a random order, each kind at least once.
pub(crate) fn plan(count: usize, random: &mut fastrand::Rng) -> Vec<Fault> {
    assert!(
        count >= Fault::ALL.len(),
        "DAYLOOM_FAULTS is at least {}",
        Fault::ALL.len()
    );
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
}

/// How often each kind is in it, as text.
pub(crate) fn by_kind(faults: &[Fault]) -> String {
    let mut counts: BTreeMap<Fault, usize> = BTreeMap::new();
    for fault in faults {
        *counts.entry(*fault).or_default() += 1;
    }
    let counts: Vec<_> = counts
        .iter()
        .map(|(fault, count)| format!("{count} {fault:?}"))
        .collect();
    counts.join(", ")
}
