//! What is measured. Labels are component ids and status classes, never paths, so that the number of series is bounded.

use std::sync::{Mutex, PoisonError};

use dayloom_ports::ComponentId;
use metrics::{Counter, Histogram, counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of histograms of durations, in seconds: from a cached answer to a call's own limit.
const SECONDS_BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0,
];

/// The process's recorder, installed by the first call. Providers register their series when they open, so this comes
/// before them.
///
/// # Errors
/// Another recorder was installed by somebody else.
pub fn recorder() -> Result<PrometheusHandle, BuildError> {
    static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*installed {
        return Ok(handle.clone());
    }
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, &SECONDS_BUCKETS)?
        .install_recorder()?;
    describe_counter!(
        "dayloom_http_requests_total",
        "Requests by component and class of status"
    );
    describe_histogram!(
        "dayloom_http_request_duration_seconds",
        "Time from a request's head to its response's head"
    );
    describe_counter!("dayloom_instances_created_total", "Instances made, by component");
    Ok(installed.insert(handle).clone())
}

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
        let class =
            |class: &'static str| counter!("dayloom_http_requests_total", "route" => route.clone(), "status" => class);
        Self {
            instances: counter!("dayloom_instances_created_total", "component" => route.clone()),
            duration: histogram!("dayloom_http_request_duration_seconds", "route" => route.clone()),
            classes: ["1xx", "2xx", "3xx", "4xx", "5xx"].map(class),
        }
    }

    /// Counts a response.
    pub(crate) fn answered(&self, status: http::StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, self.classes.len());
        self.classes[class - 1].increment(1);
    }
}
