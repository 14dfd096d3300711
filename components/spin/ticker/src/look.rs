use std::time::Duration;

use bytes::Bytes;
use dayloom_spin_kit::{Application, Service};
use futures::future::join_all;
use http_body_util::Empty;
use wstd::future::FutureExt;
use wstd::http::{Body, Client, Method, Request};

/// How long one component may take: as long as it may hold its lease on what is due.
const LOOK_WITHIN: Duration = Duration::from_secs(30);

/// Calls every component that has something to do by itself; `200` if each of them looked, else `503`.
pub(crate) fn everybody() -> u16 {
    let application = match Application::read() {
        Ok(application) => application,
        Err(error) => {
            eprintln!("nobody knows who is to be called: {error}");
            return 500;
        }
    };
    let called = application
        .services
        .iter()
        .filter(|(_, service)| has_something(service));
    let looks = called.map(|(id, _)| look(id));
    let failures = wstd::runtime::block_on(join_all(looks))
        .into_iter()
        .filter(|looked| !looked)
        .count();
    if failures == 0 { 200 } else { 503 }
}

/// Schedules and timers of its own, or events that it left to be relayed.
fn has_something(service: &Service) -> bool {
    !service.cron.is_empty() || !service.grant.publishes.is_empty()
}

async fn look(component: &str) -> bool {
    let within = wstd::time::Duration::from(LOOK_WITHIN);
    let result = match post(component).timeout(within).await {
        Ok(result) => result,
        Err(_) => Err("it did not answer in time".to_owned()),
    };
    if let Err(reason) = &result {
        eprintln!("{component} did not look what is due: {reason}");
    }
    result.is_ok()
}

async fn post(component: &str) -> Result<(), String> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://{component}.spin.internal/cron"))
        // Not `Body::empty()`: that one is flushed, which fails where the callee was done with it sooner.
        .body(Body::from_http_body(Empty::<Bytes>::new()))
        .map_err(|error| error.to_string())?;
    let response = Client::new().send(request).await.map_err(|error| error.to_string())?;
    match response.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("it answered {status}")),
    }
}

#[cfg(test)]
mod tests {
    use dayloom_spin_kit::Service;

    use super::has_something;

    #[test]
    fn who_has_no_time_of_its_own_is_not_called() {
        let mut service = Service::default();
        assert!(!has_something(&service));
        service.cron.insert("sweep".to_owned(), 60);
        assert!(has_something(&service));
    }
}
