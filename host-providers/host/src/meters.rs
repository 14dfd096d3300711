//! What is measured. Labels are component ids and status classes, never paths, so that the number of series is bounded.

use dayloom_ports::ComponentId;
use metrics::{Counter, Histogram, counter, histogram};

/// Upper bounds of the histogram of request durations, in seconds: from a cached answer to the call's own limit.
pub(crate) const DURATION_BUCKETS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0];
/// Name of that histogram.
pub(crate) const DURATION: &str = "dayloom_http_request_duration_seconds";

/// One component's series, looked up once.
#[derive(Debug, Clone)]
pub(crate) struct CallMeters {
    /// Instances made.
    pub(crate) instances: Counter,
    /// Seconds from request to response head.
    pub(crate) duration: Histogram,
    /// Responses of 1xx to 5xx.
    classes: [Counter; 5],
}

impl CallMeters {
    pub(crate) fn new(component: &ComponentId) -> Self {
        let route = component.to_string();
        let class = |class: &'static str| {
            counter!("dayloom_http_requests_total", "route" => route.clone(), "status" => class)
        };
        Self {
            instances: counter!("dayloom_instances_created_total", "component" => route.clone()),
            duration: histogram!(DURATION, "route" => route.clone()),
            classes: ["1xx", "2xx", "3xx", "4xx", "5xx"].map(class),
        }
    }

    /// Counts a response.
    pub(crate) fn answered(&self, status: http::StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, self.classes.len());
        self.classes[class - 1].increment(1);
    }
}
