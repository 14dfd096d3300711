//! Headers as plain pairs, and the names of those that this crate reads and writes.

use rdkafka::message::{Header, OwnedHeaders};

/// A record's headers in order; a name may come twice, a value may be missing.
pub(crate) type Headers = Vec<(String, Option<Vec<u8>>)>;

/// CloudEvents `id`, beside the one in the body so that nobody has to parse that.
pub(crate) const EVENT_ID: &str = "ce_id";
/// CloudEvents `type`, likewise: what a subscriber does not want is skipped by it.
pub(crate) const EVENT_TYPE: &str = "ce_type";
/// What makes the record a structured-mode CloudEvent (Kafka protocol binding §3.3).
pub(crate) const CONTENT_TYPE: (&str, &str) = ("content-type", "application/cloudevents+json");

/// Everything this crate adds to a dead letter begins so.
pub(crate) const DEAD_LETTER_PREFIX: &str = "dayloom_dl_";

/// The first header of that name, as text.
pub(crate) fn text<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    let (_, value) = headers.iter().find(|(key, _)| key == name)?;
    std::str::from_utf8(value.as_deref()?).ok()
}

/// The first header of that name, as a number.
pub(crate) fn number<T: std::str::FromStr>(headers: &Headers, name: &str) -> Option<T> {
    text(headers, name)?.parse().ok()
}

pub(crate) fn pair(name: &str, value: impl ToString) -> (String, Option<Vec<u8>>) {
    (name.to_owned(), Some(value.to_string().into_bytes()))
}

pub(crate) fn read(headers: Option<&impl rdkafka::message::Headers>) -> Headers {
    let Some(headers) = headers else { return Headers::new() };
    headers
        .iter()
        .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
        .collect()
}

pub(crate) fn write(headers: &Headers) -> OwnedHeaders {
    headers.iter().fold(
        OwnedHeaders::new_with_capacity(headers.len()),
        |written, (key, value)| {
            written.insert(Header {
                key,
                value: value.as_ref(),
            })
        },
    )
}
