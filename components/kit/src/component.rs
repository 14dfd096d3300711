use wasip2::http::types::{IncomingRequest, ResponseOutparam};
use wstd::http::server::Responder;

/// Answers one request with a router that was built before: a router costs far more to build than a request to serve.
pub fn serve(routes: &axum::Router, request: IncomingRequest, response: ResponseOutparam) {
    let responder = Responder::new(response);
    wstd::runtime::block_on(async move {
        let answer = match wstd::http::request::try_from_incoming(request) {
            Ok(request) => wstd_axum::serve(request, routes.clone()).await,
            Err(error) => Err(error),
        };
        match answer {
            // A client that left in the middle of its answer needs nobody to know.
            Ok(answer) => drop(responder.respond(answer).await),
            Err(error) => responder.fail(error),
        }
    });
}
