use bytes::Bytes;
use http_body_util::Empty;
use wstd::http::Body;

/// The body of a request that has none. [`Body::empty`] would still flush its stream, and whoever answers another component's
/// request without looking for a body may have closed that by then: the answer would be lost to "connection reset".
pub fn no_body() -> Body {
    Body::from_http_body(Empty::<Bytes>::new())
}
