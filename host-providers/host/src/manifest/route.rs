//! Which component answers a path, by Spin's rules: exact text, `:name` for one segment, a final `/...` for the path
//! itself and everything below it; the most specific route wins, text before `:name` before `/...`.

/// Routes and what each leads to.
#[derive(Debug, Clone)]
pub struct Router<T> {
    matcher: matchit::Router<T>,
}

/// Why a route can not be added.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RouteError {
    /// Not of the form that Spin knows.
    #[error("route `{0}` is malformed; write `/text`, `/:segment` or a final `/...`")]
    Malformed(String),
    /// Another route matches exactly the same paths.
    #[error("route `{0}` matches the same paths as another one; remove one of them")]
    Duplicate(String),
}

impl<T: Clone> Router<T> {
    /// A router without routes.
    pub fn new() -> Self {
        Self {
            matcher: matchit::Router::new(),
        }
    }

    /// Adds a route.
    ///
    /// # Errors
    /// A malformed route, or one that matches the same paths as an earlier one.
    pub fn add(&mut self, route: &str, target: T) -> Result<(), RouteError> {
        for pattern in patterns(route).ok_or_else(|| RouteError::Malformed(route.to_owned()))? {
            self.matcher
                .insert(pattern, target.clone())
                .map_err(|_conflict| RouteError::Duplicate(route.to_owned()))?;
        }
        Ok(())
    }

    /// The target of the most specific route that matches `path` (as it came, undecoded, without query).
    pub fn target(&self, path: &str) -> Option<&T> {
        self.matcher.at(path).ok().map(|matched| matched.value)
    }
}

impl<T: Clone> Default for Router<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The route in the matcher's own language. Segments are named by their position, because the matcher refuses two names
/// for one place while Spin allows them.
fn patterns(route: &str) -> Option<Vec<String>> {
    let (fixed, open) = match route.strip_suffix("/...") {
        Some(fixed) => (fixed, true),
        None => (route, false),
    };
    if !route.starts_with('/') || fixed.contains(['{', '}', '*', '?', '#']) || fixed.contains("...") {
        return None;
    }
    let mut pattern = String::new();
    for (position, segment) in fixed.split('/').skip(1).enumerate() {
        pattern.push('/');
        match segment.strip_prefix(':') {
            Some("") => return None,
            Some(_name) => pattern.push_str(&format!("{{segment{position}}}")),
            None => pattern.push_str(segment),
        }
    }
    if !open {
        return Some(vec![pattern]);
    }
    // The matcher's wildcard needs at least one character, so the path itself is a pattern of its own.
    let below = format!("{pattern}/{{*below}}");
    let slash = format!("{pattern}/");
    Some(if pattern.is_empty() {
        vec![slash, below]
    } else {
        vec![pattern, slash, below]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(routes: &[&'static str]) -> Router<&'static str> {
        let mut router = Router::new();
        for route in routes {
            router.add(route, *route).unwrap();
        }
        router
    }

    #[test]
    fn the_most_specific_route_wins() {
        let router = router(&[
            "/...",
            "/api/auth/...",
            "/api/:user_id/tasks/...",
            "/api/:user_id/audit-logs/...",
            "/api/sse/:id",
            "/ws",
        ]);
        for (path, expected) in [
            ("/", "/..."),
            ("/index.html", "/..."),
            ("/ws", "/ws"),
            ("/ws/", "/..."),
            ("/wsx", "/..."),
            ("/api/auth", "/api/auth/..."),
            ("/api/auth/", "/api/auth/..."),
            ("/api/auth/sign-in", "/api/auth/..."),
            ("/api/authx/tasks", "/api/:user_id/tasks/..."),
            ("/api/u1/tasks", "/api/:user_id/tasks/..."),
            ("/api/u1/tasks/7/complete", "/api/:user_id/tasks/..."),
            ("/api/u1/audit-logs", "/api/:user_id/audit-logs/..."),
            ("/api/u1/other", "/..."),
            ("/api/sse/u1", "/api/sse/:id"),
            ("/api/sse/u1/x", "/..."),
        ] {
            assert_eq!(router.target(path), Some(&expected), "{path}");
        }
    }

    #[test]
    fn nothing_matches_without_a_wildcard() {
        let router = router(&["/exact", "/a/:b"]);
        for path in ["/", "/exact/", "/exactly", "/a", "/a/", "/a/b/c", ""] {
            assert_eq!(router.target(path), None, "{path}");
        }
        assert_eq!(router.target("/a/b"), Some(&"/a/:b"));
    }

    #[test]
    fn names_of_segments_do_not_matter() {
        let router = router(&["/x/:a/one", "/x/:b/two"]);
        assert_eq!(router.target("/x/1/two"), Some(&"/x/:b/two"));
    }

    #[test]
    fn malformed_and_duplicate_routes_are_refused() {
        for route in ["", "api", "/a/:", "/a/{b}", "/.../a", "/a...", "/a?b"] {
            assert_eq!(
                Router::new().add(route, ()),
                Err(RouteError::Malformed(route.to_owned())),
                "{route}"
            );
        }
        let mut router = router(&["/a/:b"]);
        assert_eq!(
            router.add("/a/:c", "/a/:c"),
            Err(RouteError::Duplicate("/a/:c".to_owned()))
        );
    }
}
