use dayloom_domain::{NewTask, Stamp, Task, TaskDraft, TaskError, TaskId, Timestamp, UserId};
use dayloom_kit::storage::Commit;
use dayloom_kit::{new_id, now};
use uuid::Uuid;

use crate::write;

/// A task that is decided and not yet there.
#[derive(Debug)]
pub struct Creation {
    /// As it will be stored.
    pub task: Task,
    /// What makes it so. The caller may put a statement of its own in front that decides whether it happens at all.
    pub commit: Commit,
}

/// Decides a new task of the user, without looking at anything that is stored.
///
/// A task with a parent is its next occurrence; there can be one, so a second one's commit is a conflict.
///
/// # Errors
/// [`TaskError::Invalid`] if the draft breaks a rule.
pub fn creation(
    draft: TaskDraft,
    user_id: UserId,
    parent_id: Option<TaskId>,
    stamp: Stamp<'_>,
) -> Result<Creation, TaskError> {
    let id = new_id();
    let new = NewTask {
        id: id.into(),
        user_id,
        parent_id,
    };
    let transition = Task::create(draft, new, made_at(id), || new_id().into())?;
    let mut commit = Commit::default();
    write::insert(&mut commit, &transition.task);
    write::events(&mut commit, &transition, stamp);
    Ok(Creation {
        task: transition.task,
        commit,
    })
}

/// The instant inside a UUIDv7. Taken from there, so that the order of ids is that of `created_at` to the millisecond and one
/// index serves both.
fn made_at(id: Uuid) -> Timestamp {
    id.get_timestamp().map_or_else(now, |timestamp| {
        let (seconds, nanoseconds) = timestamp.to_unix();
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        Timestamp::from_ms(seconds.saturating_mul(1_000)).plus_ms(i64::from(nanoseconds / 1_000_000))
    })
}

#[cfg(test)]
mod tests {
    use dayloom_domain::{Stamp, TaskDraft, UserId};

    use super::{creation, made_at};

    fn draft(title: &str, tags: &[&str]) -> TaskDraft {
        TaskDraft {
            title: title.into(),
            tags: Some(tags.iter().map(|&tag| tag.to_owned()).collect()),
            ..TaskDraft::default()
        }
    }

    #[test]
    fn a_plain_task_is_one_row_and_one_event() {
        let stamp = Stamp {
            source: "/dayloom/test",
            correlation_id: "c",
        };
        let user = UserId::new("u");
        let plain = creation(draft("Tea", &[]), user.clone(), None, stamp).unwrap();
        assert_eq!((plain.commit.statements.len(), plain.commit.events.len()), (1, 1));
        assert_eq!(plain.task.created_at, made_at(plain.task.id.0));
        assert_eq!(plain.commit.events[0].event_type, "com.todo.task.created");
        assert_eq!(plain.commit.events[0].key, plain.task.id.to_string());

        let tagged = creation(draft("Tea", &["a", "b"]), user.clone(), None, stamp).unwrap();
        assert_eq!(tagged.commit.statements.len(), 3);
        assert!(creation(draft(" ", &[]), user, None, stamp).is_err());
    }

    #[test]
    fn the_instant_of_an_id_is_its_milliseconds() {
        let id = "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21".parse().unwrap();
        assert_eq!(made_at(id).as_ms(), 0x019a_a4f6_2f00);
    }
}
