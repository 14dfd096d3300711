//! Opaque page cursors: base64url of the last row's sort key as JSON. A client may keep one, never make one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use crate::problem::Problem;

/// Rows on a page when the client does not say.
pub const PAGE_LIMIT_DEFAULT: u32 = 50;
/// Rows on a page at most: about 100 KiB of tasks.
pub const PAGE_LIMIT_MAX: u32 = 200;
/// Bytes of a cursor at most; ours are shorter than the longest title in base64.
const CURSOR_BYTES_MAX: usize = 2_048;

/// The cursor that stands after a row with this sort key.
pub fn encode<K: Serialize>(key: &K) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).expect("a sort key is plain strings and numbers"))
}

/// The sort key of a cursor, or `422` for one we did not make.
pub fn decode<K: DeserializeOwned>(cursor: &str) -> Result<K, Problem> {
    let invalid = || Problem::invalid("?cursor", "This is not a cursor of this list.");
    if cursor.len() > CURSOR_BYTES_MAX {
        return Err(invalid());
    }
    let json = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
    serde_json::from_slice(&json).map_err(|_| invalid())
}

/// The page size to use, or `422`.
pub fn page_limit(limit: Option<u32>) -> Result<usize, Problem> {
    match limit.unwrap_or(PAGE_LIMIT_DEFAULT) {
        limit @ 1..=PAGE_LIMIT_MAX => Ok(limit as usize),
        _ => Err(Problem::invalid("?limit", format!("Between 1 and {PAGE_LIMIT_MAX}."))),
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn a_cursor_comes_back_as_it_was_and_nothing_else_does() {
        let key = (17_i64, "0193-é".to_owned());
        assert_eq!(decode::<(i64, String)>(&encode(&key)), Ok(key));
        for hostile in ["", "!", "e30", &"A".repeat(5_000)] {
            assert_eq!(decode::<(i64, String)>(hostile).unwrap_err().status(), 422, "{hostile}");
        }
    }
}
