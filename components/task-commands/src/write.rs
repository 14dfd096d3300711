//! The statements of a change. The first one of each fails if the change was not made on the present state.

use dayloom_domain::{Stamp, Task, TaskId, Transition, UserId};
use dayloom_kit::new_id;
use dayloom_kit::storage::{Commit, Event, Statement, Value, expecting};

use crate::row;

/// Adds a task that must not be there yet.
pub(crate) fn insert(commit: &mut Commit, task: &Task) {
    let mut params = Vec::with_capacity(22);
    params.extend(key(&task.user_id, task.id));
    params.push(task.parent_id.map(|id| id.to_string()).into());
    params.push(task.created_at.as_ms().into());
    row::state(&mut params, task);
    commit.push(expecting(1, row::INSERT, params));
    for tag in &task.tags {
        commit.push(insert_tag(task, tag));
    }
}

/// Replaces `previous`, at exactly its version.
pub(crate) fn update(commit: &mut Commit, previous: &Task, task: &Task) {
    let mut params = Vec::with_capacity(21);
    params.extend(key(&task.user_id, task.id));
    params.push(row::sequence(previous.sequence));
    row::state(&mut params, task);
    commit.push(expecting(1, row::UPDATE, params));
    for tag in previous.tags.iter().filter(|tag| !task.tags.contains(tag)) {
        commit.push(delete_tag(task, tag));
    }
    for tag in task.tags.iter().filter(|tag| !previous.tags.contains(tag)) {
        commit.push(insert_tag(task, tag));
    }
}

/// Removes `previous`, at exactly its version, and remembers the version of the deletion.
pub(crate) fn delete(commit: &mut Commit, previous: &Task, deleted: &Task) {
    commit.push(expecting(
        1,
        "DELETE FROM tasks WHERE user_id = $1 AND id = $2 AND sequence = $3",
        key_at(previous),
    ));
    for tag in &previous.tags {
        commit.push(delete_tag(previous, tag));
    }
    commit.push(expecting(
        1,
        "INSERT INTO deleted_tasks (user_id, id, sequence) VALUES ($1, $2, $3)",
        key_at(deleted),
    ));
}

/// Forgets a deletion, which must be the latest.
pub(crate) fn undelete(commit: &mut Commit, deleted: &Task) {
    commit.push(expecting(
        1,
        "DELETE FROM deleted_tasks WHERE user_id = $1 AND id = $2 AND sequence = $3",
        key_at(deleted),
    ));
}

/// Adds what the transition has to tell.
pub(crate) fn events(commit: &mut Commit, transition: &Transition, stamp: Stamp<'_>) {
    let events = transition.events(stamp, || new_id().into());
    commit.events.extend(events.into_iter().map(|event| Event {
        id: event.id.to_string(),
        event_type: event.event_type.as_str().to_owned(),
        key: event.key.to_string(),
        body: event.body,
    }));
}

/// `$1` and `$2` of every statement about one task.
pub(crate) fn key(user_id: &UserId, id: TaskId) -> [Value; 2] {
    [user_id.as_str().into(), id.to_string().into()]
}

fn key_at(task: &Task) -> Vec<Value> {
    let [user_id, id] = key(&task.user_id, task.id);
    vec![user_id, id, row::sequence(task.sequence)]
}

fn insert_tag(task: &Task, tag: &str) -> Statement {
    expecting(
        1,
        "INSERT INTO task_tags (user_id, tag, task_id) VALUES ($1, $2, $3)",
        tag_key(task, tag),
    )
}

/// By the whole primary key, so that no index by task is needed.
fn delete_tag(task: &Task, tag: &str) -> Statement {
    expecting(
        1,
        "DELETE FROM task_tags WHERE user_id = $1 AND tag = $2 AND task_id = $3",
        tag_key(task, tag),
    )
}

fn tag_key(task: &Task, tag: &str) -> Vec<Value> {
    vec![task.user_id.as_str().into(), tag.into(), task.id.to_string().into()]
}
