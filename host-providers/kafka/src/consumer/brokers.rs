use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use rdkafka::Statistics;

/// Reports in a row that name no broker, after which the client is lost: one may be chance.
const LOST_REPORTS: u32 = 2;

/// Whether the client still knows any broker.
///
/// It forgets them all for good when a broker that is just back, and not yet let into the cluster, answers that there is
/// none: those of the configuration are not asked again (librdkafka 2.12 and later, confluentinc/librdkafka#5301).
/// While brokers are merely away it knows them.
#[derive(Debug, Default)]
pub(super) struct Brokers {
    /// Reports in a row that named none.
    silent: AtomicU32,
}

impl Brokers {
    pub(super) fn note(&self, statistics: &Statistics) {
        if names_a_broker(statistics) {
            self.silent.store(0, Relaxed);
        } else {
            self.silent.fetch_add(1, Relaxed);
        }
    }

    /// Whether only another client can go on.
    pub(super) fn are_forgotten(&self) -> bool {
        self.silent.load(Relaxed) >= LOST_REPORTS
    }
}

/// Other entries are stand-ins of the client's own, such as the one for the group's coordinator.
fn names_a_broker(statistics: &Statistics) -> bool {
    let mut brokers = statistics.brokers.values();
    brokers.any(|broker| ["configured", "learned"].contains(&broker.source.as_str()))
}

#[cfg(test)]
mod tests {
    use rdkafka::Statistics;
    use rdkafka::statistics::Broker;

    use super::Brokers;

    fn report(sources: &[&str]) -> Statistics {
        let broker = |source: &&str| Broker {
            source: (*source).to_owned(),
            state: "DOWN".to_owned(),
            ..Broker::default()
        };
        Statistics {
            brokers: sources
                .iter()
                .map(|source| (source.to_string(), broker(source)))
                .collect(),
            ..Statistics::default()
        }
    }

    #[test]
    fn a_client_that_names_no_broker_twice_in_a_row_is_lost() {
        let brokers = Brokers::default();
        for sources in [
            &["configured"][..],
            &["learned", "logical"],
            &["logical"],
            &["learned"],
            &[],
        ] {
            brokers.note(&report(sources));
            assert!(!brokers.are_forgotten(), "{sources:?}");
        }
        brokers.note(&report(&["logical", "internal"]));
        assert!(brokers.are_forgotten());
    }
}
