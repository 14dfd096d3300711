//! What is published, and by whom.

use super::fixture::{commit, event, ids, insert, owner, statement};
use crate::limits::EVENT_KEY_BYTES_MAX;
use crate::{Event, Storage, StorageError};

fn is_invalid<T>(result: Result<T, StorageError>) -> bool {
    matches!(result, Err(StorageError::Invalid(_)))
}

/// The second use is a conflict whose index is the number of statements, and rolls its statements back.
pub async fn an_event_id_is_taken_once(storage: &dyn Storage) {
    let taken = event("k");
    commit(storage, [insert("a")], [taken.clone()])
        .await
        .expect("the id is new");
    let repeat = commit(storage, [insert("b"), insert("c")], [event("k"), taken.clone()]).await;
    assert_eq!(repeat, Err(StorageError::Conflict(2)));
    assert_eq!(ids(storage).await, ["a"]);
    let twice = event("k");
    assert_eq!(
        commit(storage, [], [twice.clone(), twice]).await,
        Err(StorageError::Conflict(0))
    );
}

/// An event goes with its statements: what was rolled back was never published.
pub async fn a_rolled_back_event_frees_its_id(storage: &dyn Storage) {
    let event = event("k");
    let conflict = crate::Statement {
        expected_changes: Some(1),
        ..statement("DELETE FROM things", [])
    };
    assert_eq!(
        commit(storage, [conflict], [event.clone()]).await,
        Err(StorageError::Conflict(0))
    );
    assert!(commit(storage, [], [event]).await.is_ok());
}

/// A trailing `*` grants any ending; nothing else is granted.
pub async fn only_granted_types_are_published(storage: &dyn Storage) {
    for event_type in ["secret.told", "thing", "other", ""] {
        let event = Event {
            event_type: event_type.to_owned(),
            ..event("k")
        };
        assert!(
            is_invalid(commit(storage, [insert("a")], [event]).await),
            "{event_type}"
        );
    }
    assert!(ids(storage).await.is_empty());
    let event = Event {
        event_type: "thing.of.any.kind".to_owned(),
        ..event("k")
    };
    assert!(commit(storage, [], [event]).await.is_ok());
}

/// Publishing into the void would lose the event, so it is refused though the type is granted.
pub async fn a_type_no_topic_carries_is_invalid(storage: &dyn Storage) {
    let event = Event {
        event_type: "nobody.listens".to_owned(),
        ..event("k")
    };
    assert!(is_invalid(commit(storage, [], [event]).await));
}

/// Consumers recognise repeats by it.
pub async fn an_event_id_is_a_uuid(storage: &dyn Storage) {
    for id in ["", "1", "not-a-uuid"] {
        let event = Event {
            id: id.to_owned(),
            ..event("k")
        };
        assert!(is_invalid(storage.commit(&owner(), vec![], vec![event]).await), "{id}");
    }
}

/// Bytes, not characters.
pub async fn a_key_has_one_to_128_bytes(storage: &dyn Storage) {
    assert!(is_invalid(commit(storage, [], [event("")]).await));
    assert!(is_invalid(
        commit(storage, [], [event(&"k".repeat(EVENT_KEY_BYTES_MAX + 1))]).await
    ));
    assert!(is_invalid(
        commit(storage, [], [event(&"ä".repeat(EVENT_KEY_BYTES_MAX / 2 + 1))]).await
    ));
    assert!(
        commit(storage, [], [event(&"ä".repeat(EVENT_KEY_BYTES_MAX / 2))])
            .await
            .is_ok()
    );
}
