//! Live connections by the GRIP convention (<https://pushpin.org/docs/protocols/grip/>): the service decides who may listen
//! to what, and this component holds the connection and writes Server-Sent Events.
//!
//! The service's answer can not be seen where the request is handed over, so the service is asked through Spin, as its own
//! neighbour would. Only components whose variable `holds_streams` is true are asked so.
//!
//! Spin has no inbound WebSockets: a handshake reaches the service as it is, and clients fall back to this.

mod ask;
mod hold;
mod log;
mod redis_log;
mod stream;
mod table_log;

use dayloom_spin_kit::{Database, Settings, bindings::wasi::config::store};
use wasip2::http::types::{IncomingRequest, Method, ResponseOutparam};

use crate::exchange::{self, Answer};
use ask::Asked;
use log::Log;

/// The variable that says that the service may want connections held.
const HOLDS_STREAMS: &str = "holds_streams";

/// Whether the service may answer a request with a hold.
pub(crate) fn may_hold(method: &Method, request: &IncomingRequest) -> bool {
    let is_candidate = || {
        let headers = request.headers();
        !ask::is_asking(&headers) && !headers.has("upgrade")
    };
    matches!(method, Method::Get) && is_on(HOLDS_STREAMS) && is_candidate()
}

fn is_on(variable: &str) -> bool {
    match store::get(variable) {
        Ok(value) => value.as_deref() == Some("true"),
        Err(error) => {
            eprintln!("variable {variable} can not be read: {error:?}");
            false
        }
    }
}

/// Passes on what the service answers, or holds the connection if it wants that.
pub(crate) fn serve(request: &IncomingRequest, target: &str, response: ResponseOutparam) {
    let settings = Settings::read();
    let headers = request.headers();
    let hold = match ask::ask(&settings.component, target, &headers) {
        Ok(Asked::Hold(hold)) => hold,
        Ok(Asked::Answer(answer)) => return exchange::respond(response, answer),
        Err(error) => {
            eprintln!("the service can not be asked who may listen: {error}");
            return exchange::respond(response, unavailable());
        }
    };
    let resume_after = headers.get("last-event-id").into_iter().next();
    let resume_after = resume_after.and_then(|id| String::from_utf8(id).ok());
    // What the hold is about goes on for minutes; the request is not needed any more.
    drop(headers);
    let database = match Database::open(&settings) {
        Ok(database) => database,
        Err(error) => {
            eprintln!("live messages can not be read: {error}");
            return exchange::respond(response, unavailable());
        }
    };
    let log = match &settings.redis_url {
        Some(url) => redis_log::RedisLog::open(url).map(|log| Box::new(log) as Box<dyn Log>),
        None => Ok(Box::new(table_log::TableLog::new(database)) as Box<dyn Log>),
    };
    let opened = log.and_then(|mut log| {
        stream::Opening::of(&mut *log, &hold.user_id, resume_after.as_deref()).map(|opening| (log, opening))
    });
    match opened {
        Ok((mut log, opening)) => stream::run(&mut *log, &hold, opening, response),
        Err(error) => {
            eprintln!("live messages can not be read: {error}");
            exchange::respond(response, unavailable());
        }
    }
}

/// `503` as every service says it.
fn unavailable() -> Answer {
    Answer {
        status: 503,
        headers: vec![
            ("content-type".to_owned(), b"application/problem+json".to_vec()),
            ("retry-after".to_owned(), b"1".to_vec()),
        ],
        body: br#"{"type":"about:blank","title":"Service Unavailable","status":503}"#.to_vec(),
    }
}
