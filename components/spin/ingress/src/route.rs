//! Whose a request is.

use wasip2::http::types::Method;

/// What a request is for.
#[derive(Debug, PartialEq)]
pub(crate) enum Route {
    /// The service.
    Service {
        /// Whether its method is one that changes things.
        may_commit: bool,
    },
    /// The platform.
    Internal(Internal),
}

/// A route of the platform.
#[derive(Debug, PartialEq)]
pub(crate) enum Internal {
    /// The sidecar asks for the application's configuration.
    Config,
    /// The sidecar asks what to subscribe to.
    Subscribe,
    /// Events of one topic, or of several where they come from a relay.
    Events {
        /// As it is in the path, not decoded: topics have no characters that would be encoded.
        topic: Option<String>,
    },
    /// A timer fires.
    Job {
        /// Its name.
        name: String,
    },
    /// The sidecar asks whether `/cron` is wanted.
    CronOffered,
    /// Time to look what is due.
    Cron,
}

impl Route {
    /// The route of a method and a path with a query.
    pub(crate) fn of(method: &Method, target: &str) -> Self {
        let path = target.split('?').next().unwrap_or_default();
        let internal = match (method, path) {
            (Method::Get, "/dapr/config") => Some(Internal::Config),
            (Method::Get, "/dapr/subscribe") => Some(Internal::Subscribe),
            (Method::Options, "/cron") => Some(Internal::CronOffered),
            (Method::Post, "/cron") => Some(Internal::Cron),
            (Method::Post, "/events") => Some(Internal::Events { topic: None }),
            (Method::Post, path) => posted(path),
            _ => None,
        };
        let may_commit = || !matches!(method, Method::Get | Method::Head | Method::Options);
        internal.map_or_else(
            || Self::Service {
                may_commit: may_commit(),
            },
            Self::Internal,
        )
    }
}

fn posted(path: &str) -> Option<Internal> {
    if let Some(topic) = path.strip_prefix("/events/") {
        let topic = Some(topic.to_owned());
        return Some(Internal::Events { topic });
    }
    let name = path.strip_prefix("/job/")?.to_owned();
    Some(Internal::Job { name })
}

#[cfg(test)]
mod tests {
    use wasip2::http::types::Method;

    use super::{Internal, Route};

    #[test]
    fn the_platforms_routes_are_told_from_the_services() {
        let internal = [
            (Method::Get, "/dapr/config", Internal::Config),
            (Method::Get, "/dapr/subscribe?x=1", Internal::Subscribe),
            (Method::Options, "/cron", Internal::CronOffered),
            (Method::Post, "/cron", Internal::Cron),
            (Method::Post, "/events", Internal::Events { topic: None }),
            (
                Method::Post,
                "/events/a/b",
                Internal::Events {
                    topic: Some("a/b".to_owned()),
                },
            ),
            (
                Method::Post,
                "/job/rem-v1.0?x",
                Internal::Job {
                    name: "rem-v1.0".to_owned(),
                },
            ),
        ];
        for (method, target, route) in internal {
            assert_eq!(Route::of(&method, target), Route::Internal(route), "{target}");
        }
        for (method, target) in [
            (Method::Get, "/events/x"),
            (Method::Get, "/cron"),
            (Method::Get, "/health"),
            (Method::Head, "/api/u/tasks/"),
            (Method::Options, "/job/x"),
        ] {
            let route = Route::Service { may_commit: false };
            assert_eq!(Route::of(&method, target), route, "{target}");
        }
        for (method, target) in [
            (Method::Post, "/api/u/tasks/"),
            (Method::Post, "/eventsx"),
            (Method::Delete, "/events"),
            (Method::Other("MERGE".to_owned()), "/"),
        ] {
            let route = Route::Service { may_commit: true };
            assert_eq!(Route::of(&method, target), route, "{target}");
        }
    }
}
