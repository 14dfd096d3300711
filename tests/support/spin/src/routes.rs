//! Spin's routes: `/text`, `/:segment`, and a final `/...` that stands for the path itself and everything below it.

use anyhow::Context;

/// Which component a path leads to.
pub(crate) struct Routes(matchit::Router<Target>);

/// A component and the route to it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) component: String,
    pub(crate) route: String,
}

impl Routes {
    pub(crate) fn new() -> Self {
        Self(matchit::Router::new())
    }

    pub(crate) fn add(&mut self, route: &str, component: &str) -> anyhow::Result<()> {
        let (fixed, is_open) = match route.strip_suffix("/...") {
            Some(fixed) => (fixed, true),
            None => (route, false),
        };
        let segments = fixed.split('/').enumerate();
        // Named by their place: two routes may name the same segment differently.
        let segments = segments.map(|(n, segment)| match segment.strip_prefix(':') {
            Some(_name) => format!("{{s{n}}}"),
            None => segment.to_owned(),
        });
        let pattern = segments.collect::<Vec<_>>().join("/");
        let patterns = match (is_open, pattern.is_empty()) {
            (false, _) => vec![pattern],
            (true, true) => vec!["/".to_owned(), "/{*rest}".to_owned()],
            (true, false) => vec![pattern.clone(), format!("{pattern}/"), format!("{pattern}/{{*rest}}")],
        };
        let target = Target {
            component: component.to_owned(),
            route: route.to_owned(),
        };
        for pattern in patterns {
            let added = self.0.insert(pattern, target.clone());
            added.with_context(|| format!("route `{route}`"))?;
        }
        Ok(())
    }

    /// The most specific route that matches.
    pub(crate) fn find(&self, path: &str) -> Option<&Target> {
        self.0.at(path).ok().map(|found| found.value)
    }
}

#[cfg(test)]
mod tests {
    use super::Routes;

    #[test]
    fn the_most_specific_route_wins() {
        let mut routes = Routes::new();
        for route in [
            "/...",
            "/api/auth/...",
            "/api/:user_id/tasks/...",
            "/api/:user/other",
            "/ws",
        ] {
            routes.add(route, "a").unwrap();
        }
        for (path, route) in [
            ("/", "/..."),
            ("/index.html", "/..."),
            ("/api/auth", "/api/auth/..."),
            ("/api/auth/sign-in", "/api/auth/..."),
            ("/api/u/tasks/1/complete", "/api/:user_id/tasks/..."),
            ("/api/u/other", "/api/:user/other"),
            ("/ws", "/ws"),
            ("/ws/x", "/..."),
        ] {
            assert_eq!(routes.find(path).unwrap().route, route, "{path}");
        }
    }
}
