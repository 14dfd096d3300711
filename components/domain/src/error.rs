use std::borrow::Cow;

/// Why a task was not made or changed. Nothing happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// A value breaks a rule.
    #[error("{0}")]
    Invalid(Violation),
    /// The caller's version of the task is not the present one.
    #[error("the task is at version {current}, not {expected}")]
    Stale {
        /// The `sequence` the caller had.
        expected: u64,
        /// The task's `sequence`.
        current: u64,
    },
}

/// One value that breaks a rule, in words for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {detail}")]
pub struct Violation {
    /// Where it is: an RFC 6901 pointer into the request body, such as `/reminders/0/before_minutes`.
    pub pointer: Cow<'static, str>,
    /// What is wrong and what would be right. Repeats no more than a few words of the input.
    pub detail: Cow<'static, str>,
}

impl TaskError {
    pub(crate) fn invalid(pointer: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(Violation {
            pointer: pointer.into(),
            detail: detail.into(),
        })
    }
}
