//! Entries as the sidecar keeps them.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dayloom_spin_kit::http::Answer;
use dayloom_spin_kit::limits::{KEYVALUE_KEPT, KEYVALUE_KEY_BYTES_MAX, KEYVALUE_VALUE_BYTES_MAX};
use dayloom_spin_kit::{Settings, Sidecar, SidecarSettings, encoded};
use serde::Serialize;

/// One entry's address: its state store and its key there.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    key: String,
}

/// A version of an entry, or that there is none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Version {
    pub(crate) value: Option<Vec<u8>>,
    etag: Option<String>,
}

/// What became of a conditional write.
#[derive(Debug, PartialEq)]
pub(crate) enum Written {
    Yes,
    /// Somebody else was first.
    Conflict,
}

impl Entry {
    /// # Errors
    /// A bucket's name or a key over the limit.
    pub(crate) fn new(bucket: &str, key: &str) -> Result<Self, String> {
        if bucket.len().max(key.len()) > KEYVALUE_KEY_BYTES_MAX {
            return Err(format!("a bucket or key of more than {KEYVALUE_KEY_BYTES_MAX} bytes"));
        }
        // No character with a meaning for the sidecar or its store, and no two entries with one key.
        let [bucket, key] = [bucket, key].map(|text| URL_SAFE_NO_PAD.encode(text));
        Ok(Self {
            key: format!("{bucket}.{key}"),
        })
    }

    /// The present version.
    pub(crate) fn read(&self) -> Result<Version, String> {
        let settings = settings()?;
        let path = format!("{}/{}", path(settings), encoded(&self.key));
        let answer = Sidecar::new(settings)
            .json("GET", &path, &[])
            .map_err(|error| error.to_string())?;
        version(&answer)
    }

    /// Writes in place of a version.
    pub(crate) fn write(&self, over: &Version, value: &[u8]) -> Result<Written, String> {
        if value.len() > KEYVALUE_VALUE_BYTES_MAX {
            return Err(format!("a value of more than {KEYVALUE_VALUE_BYTES_MAX} bytes"));
        }
        let settings = settings()?;
        let body = self.save(over, value)?;
        let written = written(Sidecar::new(settings).call("POST", &path(settings), "application/json", &body));
        match (written, &over.etag) {
            // Where a new entry is written and somebody else was first, Redis' store behind the sidecar knows no version that
            // does not match, only a failure.
            (Err(_), None) if self.read().is_ok_and(|now| now.value.is_some()) => Ok(Written::Conflict),
            (written, _) => written,
        }
    }

    /// Removes whatever version there is.
    pub(crate) fn remove(&self) -> Result<(), String> {
        let settings = settings()?;
        let path = format!("{}/{}", path(settings), encoded(&self.key));
        let answer = Sidecar::new(settings).json("DELETE", &path, &[]);
        answer.map(drop).map_err(|error| error.to_string())
    }

    fn save(&self, over: &Version, value: &[u8]) -> Result<Vec<u8>, String> {
        let save = [Save {
            key: &self.key,
            value: STANDARD.encode(value),
            etag: over.etag.as_deref(),
            options: Options {
                concurrency: "first-write",
                consistency: "strong",
            },
            metadata: Metadata {
                ttl: KEYVALUE_KEPT.as_secs().to_string(),
            },
        }];
        serde_json::to_vec(&save).map_err(|error| error.to_string())
    }
}

#[derive(Serialize)]
struct Save<'a> {
    key: &'a str,
    /// The bytes in base64: values of the sidecar are JSON.
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    options: Options,
    metadata: Metadata,
}

#[derive(Serialize)]
struct Options {
    concurrency: &'static str,
    consistency: &'static str,
}

#[derive(Serialize)]
struct Metadata {
    #[serde(rename = "ttlInSeconds")]
    ttl: String,
}

fn path(settings: &SidecarSettings) -> String {
    format!("/v1.0/state/{}", encoded(&settings.state_store))
}

fn version(answer: &Answer) -> Result<Version, String> {
    // 204: there is none.
    if answer.body.is_empty() {
        return Ok(Version {
            value: None,
            etag: None,
        });
    }
    let text: String = serde_json::from_slice(&answer.body).map_err(|error| format!("no entry of ours: {error}"))?;
    let value = STANDARD
        .decode(text)
        .map_err(|error| format!("no entry of ours: {error}"))?;
    Ok(Version {
        value: Some(value),
        etag: answer.header("etag").map(str::to_owned),
    })
}

fn written(answer: Result<Answer, dayloom_spin_kit::SidecarError>) -> Result<Written, String> {
    let answer = answer.map_err(|error| error.to_string())?;
    match answer.status {
        200..300 => Ok(Written::Yes),
        409 => Ok(Written::Conflict),
        status => Err(format!("the sidecar answered {status}")),
    }
}

fn settings() -> Result<&'static SidecarSettings, String> {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    let settings = SETTINGS.get_or_init(Settings::read);
    let sidecar = settings.sidecar.as_ref();
    sidecar.ok_or_else(|| "the variable sidecar_url is empty".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Answer, Entry, KEYVALUE_KEY_BYTES_MAX, Version, Written, version, written};

    fn answer(status: u16, body: &str, etag: Option<&str>) -> Answer {
        Answer {
            status,
            headers: etag.into_iter().map(|etag| ("etag".to_owned(), etag.into())).collect(),
            body: body.into(),
        }
    }

    #[test]
    fn names_never_meet() {
        let names = [
            ("", ":"),
            (":", ""),
            ("a", "b:c"),
            ("a:b", "c"),
            ("a.b", ""),
            ("a", "b"),
        ];
        let keys: std::collections::BTreeSet<_> = names
            .iter()
            .map(|(bucket, key)| Entry::new(bucket, key).expect("an entry").key)
            .collect();
        assert_eq!(keys.len(), names.len());
        assert!(Entry::new("b", &"x".repeat(KEYVALUE_KEY_BYTES_MAX)).is_ok());
        assert!(Entry::new("b", &"x".repeat(KEYVALUE_KEY_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn a_version_is_read_and_written_over() {
        let absent = version(&answer(204, "", None)).expect("none");
        assert_eq!(absent.value, None);
        let present = version(&answer(200, "\"AP8=\"", Some("7"))).expect("a version");
        assert_eq!(present.value.as_deref(), Some(&[0_u8, 255][..]));
        assert!(version(&answer(200, "{}", None)).is_err());

        let save = |over: &Version| {
            let body = Entry::new("b", "k")
                .expect("an entry")
                .save(over, b"x")
                .expect("a body");
            String::from_utf8(body).expect("text")
        };
        assert!(save(&present).contains("\"etag\":\"7\""));
        assert!(!save(&absent).contains("etag"));
        assert!(save(&absent).contains("\"concurrency\":\"first-write\""));
        assert!(save(&absent).contains("\"ttlInSeconds\":\"3600\""));
    }

    #[test]
    fn a_conflict_is_no_error() {
        assert_eq!(written(Ok(answer(204, "", None))), Ok(Written::Yes));
        assert_eq!(written(Ok(answer(409, "{}", None))), Ok(Written::Conflict));
        assert!(written(Ok(answer(500, "{}", None))).is_err());
    }
}
