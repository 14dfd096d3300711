use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use bytes::Bytes;
use dayloom_domain::TaskId;
use http::{HeaderMap, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::objects::ObjectsOnly;
use crate::problem::{FieldError, Problem};

/// Bytes of a request body at most. The largest task is well under 64 KiB; the rest is room for clients that pretty-print.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A JSON request body, strictly: the right media type, at most [`BODY_BYTES_MAX`], UTF-8, JSON, and of the type's shape.
///
/// # Errors
/// `415`, `413`, `400` and `422` in that order; a wrong member is named by its JSON pointer.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::unsupported_media_type());
        }
        let body = read_body(request).await?;
        parse(&body).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let essence_is_json = parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    // JSON is UTF-8 (RFC 8259 §8.1); a client that announces another encoding is told so instead of misread.
    let charset_is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    essence_is_json && charset_is_utf8
}

async fn read_body(request: Request) -> Result<Bytes, Problem> {
    match Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(Problem::too_large(BODY_BYTES_MAX)),
        Err(_) => Err(Problem::malformed("The body ended before it was complete.")),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Problem::malformed(format!("The body is not UTF-8 at byte {}.", error.valid_up_to())))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(ObjectsOnly(&mut deserializer)).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        match inner.classify() {
            Category::Data => Problem::invalid(pointer, inner.to_string()),
            Category::Syntax | Category::Eof | Category::Io => {
                Problem::malformed(format!("The body is not JSON: {inner}."))
            }
        }
    })?;
    deserializer
        .end()
        .map_err(|error| Problem::malformed(format!("The body is not one JSON value: {error}.")))?;
    Ok(value)
}

/// A path of serde as a JSON pointer in a URI fragment (RFC 6901 §6), such as `#/reminders/0/at`.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::from("#");
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => {}
        }
    }
    pointer
}

/// The query string as `T`.
///
/// # Errors
/// `422` that names the parameter.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let pairs = parts.uri.query().unwrap_or_default();
        let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(pairs.as_bytes()));
        serde_path_to_error::deserialize(deserializer)
            .map(Self)
            .map_err(|error| {
                let path = error.path().to_string();
                let name = if path == "." {
                    "?".to_owned()
                } else {
                    format!("?{path}")
                };
                Problem::validation(vec![FieldError {
                    pointer: name,
                    detail: error.into_inner().to_string(),
                }])
            })
    }
}

/// The `{id}` of a path, a task's.
///
/// # Errors
/// `404` for anything else: no thing has such an id.
#[derive(Debug, Clone, Copy)]
pub struct TaskPath(pub TaskId);

impl<S: Send + Sync> FromRequestParts<S> for TaskPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        let id = params
            .iter()
            .find(|(name, _)| *name == "id")
            .map(|(_, value)| value)
            .ok_or_else(Problem::not_found)?;
        id.parse().map(Self).map_err(|_| Problem::not_found())
    }
}

/// `If-Match`: the version a change was made on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum IfMatch {
    /// No header, or `*`: any version.
    Any,
    /// `"<sequence>"`, our strong entity tag.
    Sequence(u64),
    /// Tags that are none of ours, so they match nothing.
    Never,
}

impl IfMatch {
    /// # Errors
    /// `412` if the present version is another one.
    pub fn check(self, present: u64) -> Result<(), Problem> {
        match self {
            Self::Any => Ok(()),
            Self::Sequence(sequence) if sequence == present => Ok(()),
            Self::Sequence(_) | Self::Never => Err(Problem::precondition_failed()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Ok(Self::Any);
        };
        let Ok(value) = value.to_str() else {
            return Ok(Self::Never);
        };
        let value = value.trim();
        if value == "*" {
            return Ok(Self::Any);
        }
        let sequence = value
            .strip_prefix('"')
            .and_then(|v| v.strip_suffix('"'))
            .and_then(|v| v.parse().ok());
        Ok(sequence.map_or(Self::Never, Self::Sequence))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::parse;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Draft {
        title: String,
        #[serde(default)]
        reminders: Vec<Reminder>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Reminder {
        minutes: u32,
    }

    #[test]
    fn each_kind_of_bad_body_has_its_answer() {
        let status = |body: &[u8]| parse::<Draft>(body).unwrap_err().status().as_u16();
        assert_eq!(status(b""), 400);
        assert_eq!(status(b"{"), 400);
        assert_eq!(status(b"{\"title\":\"\xff\"}"), 400);
        assert_eq!(status(b"{\"title\":\"a\"} x"), 400);
        assert_eq!(status(b"[1]"), 422);
        assert_eq!(status(b"{\"title\":1}"), 422);
        assert_eq!(status(b"{\"title\":\"a\",\"colour\":1}"), 422);
    }

    #[test]
    fn a_wrong_member_is_named_by_its_pointer() {
        let problem = parse::<Draft>(br#"{"title":"a","reminders":[{"minutes":1},{"minutes":"x"}]}"#).unwrap_err();
        assert!(format!("{problem:?}").contains("#/reminders/1/minutes"), "{problem:?}");
    }
}
