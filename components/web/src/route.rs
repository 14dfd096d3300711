use crate::asset::Asset;
use crate::encoding::weighted;
use crate::policy;
use crate::problem::{METHOD_NOT_ALLOWED, NOT_FOUND, PROBLEM_JSON, Problem};

/// What of a request decides its answer.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method's name, such as `GET`.
    pub method: &'a str,
    /// The path without the query.
    pub path: &'a str,
    /// `Accept`; several lines joined with commas.
    pub accept: Option<&'a str>,
    /// `Accept-Encoding`; several lines joined with commas.
    pub accept_encoding: Option<&'a str>,
    /// `If-None-Match`; several lines joined with commas.
    pub if_none_match: Option<&'a str>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case, with their values, but for `content-length`.
    pub headers: Vec<(&'static str, &'static str)>,
    /// Bytes of the body as a `GET` gets it; none where a response has no body by its status.
    pub content_length: Option<usize>,
    /// The body; empty for `HEAD`.
    pub body: &'static [u8],
}

/// First segments of paths that belong to services or hold only files: a page of the application is never there, and
/// whoever asks for something that does not exist shall be told so instead of getting a page.
const NEVER_PAGES: [&str; 7] = ["api", "assets", "health", "mcp", "metrics", "ws", ".well-known"];

/// The service runs. It depends on nothing, so it is ready whenever it runs.
const OK: &str = r#"{"status":"ok"}"#;

/// What is at a path.
enum Target<'a> {
    Asset(&'a Asset),
    /// The application's page, for an address that only the application understands.
    Page(&'a Asset),
    Health,
}

/// Answers a request from `assets`, which are in the order of their paths.
pub fn respond(request: &Request<'_>, assets: &[Asset]) -> Response {
    let target = find(request, assets);
    let is_viewer = matches!(target, Some(Target::Asset(asset)) if asset.path == policy::VIEWER_PATH);
    let mut response = answer(request, target);
    response.headers.extend(policy::HEADERS);
    if !is_viewer {
        response.headers.push(policy::TRUSTED_TYPES);
    }
    if request.method == "HEAD" {
        response.body = &[];
    }
    response
}

fn answer(request: &Request<'_>, target: Option<Target<'_>>) -> Response {
    match (target, request.method) {
        (None, _) => Response::problem(&NOT_FOUND).with("vary", "accept"),
        (Some(Target::Asset(asset)), "GET" | "HEAD") => {
            let response = serve(request, asset);
            if asset.varies() {
                response.with("vary", "accept-encoding")
            } else {
                response
            }
        }
        (Some(Target::Page(page)), "GET" | "HEAD") => serve(request, page).with("vary", "accept, accept-encoding"),
        (Some(Target::Health), "GET" | "HEAD") => {
            Response::new(200, "application/json", OK.as_bytes()).with("cache-control", "no-store")
        }
        (Some(_), _) => Response::problem(&METHOD_NOT_ALLOWED).with("allow", "GET, HEAD"),
    }
}

fn find<'a>(request: &Request<'_>, assets: &'a [Asset]) -> Option<Target<'a>> {
    let path = match request.path {
        "/health" | "/health/ready" => return Some(Target::Health),
        "/docs/" => policy::VIEWER_PATH,
        path => path,
    };
    if let Some(asset) = Asset::find(assets, path) {
        return Some(Target::Asset(asset));
    }
    let first_segment = path.split('/').nth(1).unwrap_or_default();
    if NEVER_PAGES.contains(&first_segment) || !is_navigation(request.accept) {
        return None;
    }
    Asset::find(assets, "/").map(Target::Page)
}

/// Whether a browser asks for a page to show. Scripts, images and command lines accept anything, but do not name HTML.
fn is_navigation(accept: Option<&str>) -> bool {
    weighted(accept.unwrap_or_default()).any(|(range, weight)| weight > 0 && range.eq_ignore_ascii_case("text/html"))
}

fn serve(request: &Request<'_>, asset: &Asset) -> Response {
    let (coding, form) = asset.choose(request.accept_encoding);
    let response = if is_known(request.if_none_match, form.etag) {
        Response {
            status: 304,
            headers: Vec::new(),
            content_length: None,
            body: &[],
        }
    } else {
        let response = Response::new(200, asset.content_type, form.bytes);
        match coding.header() {
            Some(coding) => response.with("content-encoding", coding),
            None => response,
        }
    };
    response
        .with("cache-control", asset.caching.header())
        .with("etag", form.etag)
}

/// Whether `If-None-Match` names the tag. The comparison is the weak one (RFC 9110 §13.1.2): a proxy that compressed the
/// body on its way has marked the tag `W/`.
fn is_known(if_none_match: Option<&str>, etag: &str) -> bool {
    let mut known = if_none_match.unwrap_or_default().split(',').map(str::trim);
    known.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

impl Response {
    fn new(status: u16, content_type: &'static str, body: &'static [u8]) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type)],
            content_length: Some(body.len()),
            body,
        }
    }

    fn problem(problem: &Problem) -> Self {
        Self::new(problem.status, PROBLEM_JSON, problem.body.as_bytes()).with("cache-control", "no-store")
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
