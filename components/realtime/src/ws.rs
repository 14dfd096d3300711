use axum::response::Response;
use dayloom_kit::openapi::refusals;
use dayloom_kit::{Principal, Problem, ProblemDocument};

use crate::hold::Hold;

/// Opens a WebSocket of the user's events
///
/// The access token comes by subprotocol or in the first message, never in the URL:
///
/// - Offer the subprotocols `dayloom.v1` and `bearer.<token>`; the server selects `dayloom.v1`.
/// - Or say `{"type":"auth","token":"…"}` within 5 seconds. Saying it again with a newer token keeps the connection open
///   beyond the first one's end.
///
/// The server says, each in a text message:
///
/// - `{"type":"ready","id":"…"}` after each token that was accepted: whatever happens after `id` will be sent.
/// - `{"type":"event","id":"…","event":{…}}`: a CloudEvents 1.0 event in structured JSON. Keep the last `id`. An event can
///   come twice; drop what has a smaller `sequence` than you have.
/// - `{"type":"reload"}`: what you missed is gone, load your state again.
///
/// The client may say `{"type":"resume","after":"<id>"}` to get what followed that message. Anything else closes the
/// connection. It is also closed with `4401` when the token is bad or has ended, `1013` when there are too many connections
/// or the client is too slow, and `1001` when the server stops.
#[utoipa::path(
    get,
    path = "/ws",
    tag = "realtime",
    operation_id = "open_websocket",
    security(("bearer" = []), ()),
    responses(
        (status = 101, description = "A WebSocket", headers(("Sec-WebSocket-Protocol" = String, description = "`dayloom.v1`"))),
        (status = 200, description = "Not a handshake but a plain request with an `Authorization` header: the stream of \
            `/api/sse/{user_id}`", body = String, content_type = "text/event-stream"),
        (status = 400, description = "A malformed handshake", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Another site's page", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 426, description = "A handshake of another version", body = ProblemDocument, content_type = "application/problem+json"),
        refusals::OfCredential,
    )
)]
pub(crate) async fn ws(principal: Principal) -> Result<Response, Problem> {
    Hold::of(principal).answer()
}
