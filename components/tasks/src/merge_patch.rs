use axum::extract::{FromRequest, Request};
use dayloom_kit::{Json, Problem};
use http::{HeaderMap, HeaderValue, header};
use serde::de::DeserializeOwned;

/// A JSON merge patch: a [`Json`] body that may also call itself `application/merge-patch+json` (RFC 7396).
///
/// # Errors
/// Those of [`Json`].
pub(crate) struct MergePatch<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for MergePatch<T> {
    type Rejection = Problem;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Problem> {
        if is_merge_patch(request.headers()) {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        Json::from_request(request, state).await.map(|Json(patch)| Self(patch))
    }
}

fn is_merge_patch(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/merge-patch+json"))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::FromRequest;
    use dayloom_domain::{Field, TaskPatch};
    use http::Request;

    use super::MergePatch;

    async fn patch(content_type: &str) -> Result<TaskPatch, u16> {
        let request = Request::patch("/")
            .header("Content-Type", content_type)
            .body(Body::from(r#"{"category":null}"#))
            .unwrap();
        let patch = MergePatch::from_request(request, &()).await;
        patch
            .map(|MergePatch(patch)| patch)
            .map_err(|problem| problem.status().as_u16())
    }

    #[tokio::test]
    async fn both_media_types_are_taken_and_no_other() {
        let cleared = TaskPatch {
            category: Field::Null,
            ..TaskPatch::default()
        };
        for known in [
            "application/merge-patch+json",
            "Application/Merge-Patch+JSON",
            "application/json; charset=utf-8",
        ] {
            assert_eq!(patch(known).await.as_ref(), Ok(&cleared), "{known}");
        }
        for other in [
            "application/json-patch+json",
            "text/plain",
            "application/merge-patch+json2",
        ] {
            assert_eq!(patch(other).await, Err(415), "{other}");
        }
    }
}
