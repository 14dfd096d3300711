//! The sessions' table.

use dayloom_kit::storage::{self, Cells, Commit, Row, Statement, StorageError, Value, expecting, statement};
use dayloom_kit::{new_id, revoke_session};

use crate::account::User;
use crate::cookie::Secret;
use crate::session::{Session, expiry};

/// Sessions of one user at most; the ones not used for longest end. More than anybody's devices, and a list one can read.
const SESSIONS_OF_USER_MAX: i64 = 50;
/// Surplus sessions ended with one sign-in at most. There is one, or a few after sign-ins in the same moment.
const SURPLUS_MAX: i64 = 100;

/// The session of a secret, unless it has ended.
pub(crate) fn find(secret: Secret, now_ms: i64) -> Result<Option<Session>, StorageError> {
    let rows = storage::query(
        "SELECT s.id, u.id, u.email, u.name, s.created_at, s.last_seen_at, s.expires_at \
         FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.secret_hash = $1 AND s.expires_at > $2",
        &[secret.hash().into(), now_ms.into()],
    )?;
    rows.into_iter().next().map(|row| read(row, secret)).transpose()
}

fn read(row: Row, secret: Secret) -> Result<Session, StorageError> {
    let mut cells = Cells::of(row);
    Ok(Session {
        id: cells.text()?,
        user: User {
            id: cells.text()?,
            email: cells.text()?,
            name: cells.text()?,
        },
        created_at: cells.integer()?,
        last_seen_at: cells.integer()?,
        expires_at: cells.integer()?,
        secret,
    })
}

/// A new session of a user, and the statement that stores it.
pub(crate) fn begin(user: User, user_agent: Option<String>, now_ms: i64) -> (Session, Statement) {
    let session = Session {
        id: new_id().to_string(),
        user,
        created_at: now_ms,
        last_seen_at: now_ms,
        expires_at: expiry(now_ms, now_ms),
        secret: Secret::generate(),
    };
    let insert = expecting(
        1,
        "INSERT INTO sessions (id, secret_hash, user_id, user_agent, created_at, last_seen_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        vec![
            session.id.as_str().into(),
            session.secret.hash().into(),
            session.user.id.as_str().into(),
            user_agent.into(),
            session.created_at.into(),
            session.last_seen_at.into(),
            session.expires_at.into(),
        ],
    );
    (session, insert)
}

/// Sessions that must end for the user to have room for one more.
pub(crate) fn surplus(user_id: &str) -> Result<Vec<String>, StorageError> {
    let rows = storage::query(
        "SELECT id FROM sessions WHERE user_id = $1 ORDER BY last_seen_at DESC, id DESC LIMIT $2 OFFSET $3",
        &[
            user_id.into(),
            SURPLUS_MAX.into(),
            Value::from(SESSIONS_OF_USER_MAX - 1),
        ],
    )?;
    rows.into_iter().map(|row| Cells::of(row).text()).collect()
}

/// The statement that ends a user's session; ending one that is not there changes nothing.
pub(crate) fn end(id: &str, user_id: &str) -> Statement {
    statement(
        "DELETE FROM sessions WHERE id = $1 AND user_id = $2",
        vec![id.into(), user_id.into()],
    )
}

/// Ends a user's session and its tokens; false if the user has no such session.
pub(crate) fn end_now(id: &str, user_id: &str) -> Result<bool, StorageError> {
    let mut commit = Commit::default();
    commit.push(end(id, user_id));
    let ended = commit.apply()? == [1];
    if ended {
        revoke_session(id);
    }
    Ok(ended)
}

/// Notes when a session was used last and when it ends now.
pub(crate) fn note_use(id: &str, last_seen_at: i64, expires_at: i64) -> Result<(), StorageError> {
    let mut commit = Commit::default();
    commit.push(statement(
        "UPDATE sessions SET last_seen_at = $2, expires_at = $3 WHERE id = $1",
        vec![id.into(), last_seen_at.into(), expires_at.into()],
    ));
    commit.apply().map(drop)
}
