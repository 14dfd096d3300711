//! What the ingress finds in place of an interface that its service does not export. A deployment that calls it has
//! subscribed or scheduled a component for something it can not do, which is said loudly and never passed over as done.

use bindings::exports::dayloom::platform::{cron, handler, job};

struct Absent;

dayloom_spin_kit::adapter!("spin-absent", Absent, []);

impl handler::Guest for Absent {
    fn handle(deliveries: Vec<handler::Delivery>) -> Vec<handler::Outcome> {
        let retry = |_| handler::Outcome::Retry("the component takes no events".to_owned());
        deliveries.iter().map(retry).collect()
    }
}

impl job::Guest for Absent {
    fn run(name: String, _: String) -> Result<(), String> {
        Err(format!("the component has no job `{name}`"))
    }
}

impl cron::Guest for Absent {
    fn tick(schedule: String, _: u64) -> Result<(), String> {
        Err(format!("the component has no schedule `{schedule}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::Absent;
    use super::bindings::exports::dayloom::platform::{cron, handler, job};

    #[test]
    fn nothing_is_passed_over_as_done() {
        let delivery = handler::Delivery {
            topic: "t".to_owned(),
            key: "k".to_owned(),
            attempt: 1,
            body: vec![],
        };
        let outcomes = <Absent as handler::Guest>::handle(vec![delivery.clone(), delivery]);
        assert_eq!(outcomes.len(), 2);
        assert!(
            outcomes
                .iter()
                .all(|outcome| matches!(outcome, handler::Outcome::Retry(_)))
        );
        assert!(<Absent as job::Guest>::run("j".to_owned(), "{}".to_owned()).is_err());
        assert!(<Absent as cron::Guest>::tick("s".to_owned(), 0).is_err());
    }
}
