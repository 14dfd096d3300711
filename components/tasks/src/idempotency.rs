//! `Idempotency-Key`: the same request twice is one task and the same answer twice.
//!
//! The key's row is in the commit that creates the task, so of several requests at once exactly one wins, and there is no
//! moment at which the task is there and the key is not.

use axum::extract::FromRequestParts;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dayloom_domain::{TaskDraft, TaskId, UserId};
use dayloom_kit::storage::{Cells, Commit, Row, StorageError, expecting, query};
use dayloom_kit::{Problem, now_ms};
use http::request::Parts;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

const HEADER: &str = "idempotency-key";
/// Characters of a key at most: room for a UUID with a prefix, and an index entry stays small.
const KEY_CHARS_MAX: usize = 128;

/// The header, if there is one.
///
/// # Errors
/// `422` for a value outside 1 to 128 visible ASCII characters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Header, names("Idempotency-Key"))]
pub(crate) struct IdempotencyKey(
    /// Names the request, so that sending it again is harmless: 1 to 128 visible ASCII characters.
    #[param(value_type = String, required = false, min_length = 1, max_length = 128, pattern = "^[!-~]+$")]
    pub(crate) Option<String>,
);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(HEADER) else {
            return Ok(Self(None));
        };
        let bytes = value.as_bytes();
        if !(1..=KEY_CHARS_MAX).contains(&bytes.len()) || !bytes.iter().all(u8::is_ascii_graphic) {
            let detail = format!("1 to {KEY_CHARS_MAX} visible ASCII characters.");
            return Err(Problem::invalid("Idempotency-Key", detail));
        }
        Ok(Self(value.to_str().ok().map(str::to_owned)))
    }
}

/// A request to create a task that can be recognised when it comes again.
pub(crate) struct Request<'a> {
    user_id: &'a UserId,
    key: String,
    hash: String,
}

/// Whose request it was in the end.
pub(crate) enum Settled {
    /// This one's: the task is created.
    Now,
    /// That of an earlier one, which got `answer` for the task it created.
    Before { task_id: String, answer: String },
}

impl<'a> Request<'a> {
    pub(crate) fn new(user_id: &'a UserId, key: String, draft: &TaskDraft) -> Self {
        let hash = hash(draft);
        Self { user_id, key, hash }
    }

    /// Applies the commit together with the key, unless the key was used before.
    ///
    /// # Errors
    /// `422` if it was used for another request, `409` if its row went at this very moment, and what storage answers.
    pub(crate) fn settle(self, mut commit: Commit, task_id: TaskId, answer: &str) -> Result<Settled, Problem> {
        let params = vec![
            self.user_id.as_str().into(),
            self.key.as_str().into(),
            self.hash.as_str().into(),
            task_id.to_string().into(),
            answer.into(),
            now_ms().into(),
        ];
        let sql = "INSERT INTO idempotency_keys (user_id, idempotency_key, request_hash, task_id, answer, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, idempotency_key) DO NOTHING";
        commit.statements.insert(0, expecting(1, sql, params));
        match commit.apply() {
            Ok(_) => Ok(Settled::Now),
            Err(conflict @ StorageError::Conflict(0)) => match self.earlier()? {
                Some((task_id, answer)) => Ok(Settled::Before { task_id, answer }),
                None => Err(conflict.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// The task and the answer of an earlier request with this key, if there was one.
    ///
    /// # Errors
    /// `422` if that was another request, and what storage answers.
    pub(crate) fn earlier(&self) -> Result<Option<(String, String)>, Problem> {
        let sql =
            "SELECT request_hash, task_id, answer FROM idempotency_keys WHERE user_id = $1 AND idempotency_key = $2";
        let rows = query(sql, &[self.user_id.as_str().into(), self.key.as_str().into()])?;
        rows.into_iter()
            .next()
            .map(|row| same_request(row, &self.hash))
            .transpose()
    }
}

fn same_request(row: Row, hash: &str) -> Result<(String, String), Problem> {
    let mut cells = Cells::of(row);
    if cells.text()? != hash {
        let detail = "This key was used for a different request; a new request needs a new key.";
        return Err(Problem::invalid("Idempotency-Key", detail));
    }
    Ok((cells.text()?, cells.text()?))
}

/// SHA-256 in base64url of the draft in its canonical form: white space and the order of members make no difference.
fn hash(draft: &TaskDraft) -> String {
    let canonical = serde_json::to_vec(draft).expect("a draft has string keys and values that serialise");
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
}

#[cfg(test)]
mod tests {
    use axum::extract::FromRequestParts;
    use http::Request;

    use super::{IdempotencyKey, hash, same_request};

    #[test]
    fn a_request_is_the_same_however_it_is_written() {
        let of = |json: &str| hash(&serde_json::from_str(json).unwrap());
        let one = of(r#"{"title":"a","priority":"low"}"#);
        assert_eq!(
            one,
            of(r#" { "priority" : "low", "title" : "\u0061", "category": null } "#)
        );
        assert_ne!(one, of(r#"{"title":"a","priority":"high"}"#));
        assert_ne!(one, of(r#"{"title":"A","priority":"low"}"#));
    }

    #[test]
    fn the_stored_answer_is_for_the_same_request_only() {
        let row = || vec!["hash".into(), "task".into(), "{}".into()];
        assert_eq!(same_request(row(), "hash"), Ok(("task".to_owned(), "{}".to_owned())));
        assert_eq!(same_request(row(), "other").unwrap_err().status(), 422);
    }

    #[tokio::test]
    async fn a_key_is_1_to_128_visible_ascii_characters() {
        async fn read(value: Option<&[u8]>) -> Option<Option<String>> {
            let mut request = Request::get("/");
            if let Some(value) = value {
                request = request.header("Idempotency-Key", value);
            }
            let mut parts = request.body(()).unwrap().into_parts().0;
            let key = IdempotencyKey::from_request_parts(&mut parts, &()).await;
            key.ok().map(|key| key.0)
        }
        let longest = "~".repeat(128);
        assert_eq!(read(None).await, Some(None));
        assert_eq!(read(Some(b"!")).await, Some(Some("!".to_owned())));
        assert_eq!(read(Some(longest.as_bytes())).await, Some(Some(longest.clone())));
        for bad in [
            &b""[..],
            b"a b",
            b"a\tb",
            "é".as_bytes(),
            format!("{longest}~").as_bytes(),
        ] {
            assert_eq!(read(Some(bad)).await, None, "{bad:?}");
        }
    }
}
