//! What the sidecar is told of events. Only these three words exist: any other makes it send the event again for ever.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    /// It was handled, or there was nothing to do.
    Success,
    /// It must come again.
    Retry,
    /// It can never be handled: it goes to the dead letters.
    Drop,
}

/// The answer for one event.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Single {
    pub(crate) status: Status,
}

/// The answer for many.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Many<'a> {
    #[serde(borrow)]
    pub(crate) statuses: Vec<Entry<'a>>,
}

/// The answer for one of many.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry<'a> {
    /// As it came. An index within its batch, so not unique.
    #[serde(rename = "entryId", borrow)]
    pub(crate) entry_id: Cow<'a, str>,
    pub(crate) status: Status,
    /// Why it was not handled: for a relay, which writes dead letters. The sidecar has no use for it.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<Cow<'a, str>>,
}

#[cfg(test)]
mod tests {
    use super::{Entry, Many, Single, Status};

    #[test]
    fn the_words_are_the_sidecars() {
        let single = |status| serde_json::to_string(&Single { status }).expect("it serialises");
        assert_eq!(single(Status::Success), r#"{"status":"SUCCESS"}"#);
        assert_eq!(single(Status::Retry), r#"{"status":"RETRY"}"#);
        assert_eq!(single(Status::Drop), r#"{"status":"DROP"}"#);
        let many = Many {
            statuses: vec![Entry {
                entry_id: "0".into(),
                status: Status::Success,
                reason: None,
            }],
        };
        let text = serde_json::to_string(&many).expect("it serialises");
        assert_eq!(text, r#"{"statuses":[{"entryId":"0","status":"SUCCESS"}]}"#);
        assert_eq!(serde_json::from_str::<Many<'_>>(&text).expect("it reads back"), many);
    }
}
