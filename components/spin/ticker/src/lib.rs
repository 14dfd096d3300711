//! `POST /tick`: makes every component look what is due.
//!
//! Spin has no timers, so something outside has to say that time goes on; without a sidecar it says it here. Anybody may:
//! whatever a tick starts is due, and claimed by one instance.
//!
//! ```sh
//! while sleep 1; do curl -sX POST http://127.0.0.1:3000/tick; done
//! ```

mod bindings;
mod look;

use bindings::exports::wasi::http::incoming_handler::Guest;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct Ticker;

impl Guest for Ticker {
    fn handle(request: IncomingRequest, response: ResponseOutparam) {
        let (status, allow) = match request.method() {
            Method::Post => (look::everybody(), None),
            _ => (405, Some("POST")),
        };
        respond(response, status, allow);
    }
}

fn respond(response: ResponseOutparam, status: u16, allow: Option<&str>) {
    let headers: Vec<_> = allow
        .map(|methods| ("allow".to_owned(), methods.as_bytes().to_vec()))
        .into_iter()
        .collect();
    let head = Fields::from_list(&headers).map(OutgoingResponse::new);
    let Ok(head) = head else {
        let cause = Some("the host refused a header".to_owned());
        return ResponseOutparam::set(response, Err(ErrorCode::InternalError(cause)));
    };
    let answer = match (head.set_status_code(status), head.body()) {
        (Ok(()), Ok(body)) => OutgoingBody::finish(body, None).map(|()| head),
        _ => Err(ErrorCode::InternalError(Some("the host refused a status".to_owned()))),
    };
    ResponseOutparam::set(response, answer);
}
