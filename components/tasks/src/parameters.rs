//! Parameters that several routes share, as the API document tells of them. They are read by the extractors of the kit.
#![expect(dead_code, reason = "describes what extractors read")]

use dayloom_domain::TaskId;
use utoipa::IntoParams;

/// Where a user's tasks are.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TasksPath {
    /// The caller's own id.
    #[param(min_length = 1)]
    user_id: String,
}

/// Where one task is.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TaskPath {
    /// The caller's own id.
    #[param(min_length = 1)]
    user_id: String,
    /// The task's id.
    id: TaskId,
}

/// The version that a change is meant for.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct IfMatch {
    /// The `ETag` of the version that the change is meant for; any version without it.
    #[param(
        rename = "If-Match",
        required = false,
        pattern = "^(\"[1-9][0-9]{0,18}\"|\\*)$",
        example = "\"1\""
    )]
    if_match: String,
}

/// The versions that a client has.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct IfNoneMatch {
    /// Entity tags of versions that the client has. What is none is passed over.
    #[param(rename = "If-None-Match", required = false, example = "\"1\"")]
    if_none_match: String,
}
