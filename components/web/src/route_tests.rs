use super::{Request, Response, respond};
use crate::asset::{Asset, Caching, Form};

static ASSETS: &[Asset] = &[
    Asset {
        path: "/",
        content_type: "text/html; charset=utf-8",
        caching: Caching::Revalidate,
        identity: Form {
            bytes: b"<!doctype html>",
            etag: "\"page\"",
        },
        brotli: Some(Form {
            bytes: b"br page",
            etag: "\"page-br\"",
        }),
        gzip: Some(Form {
            bytes: b"gz page",
            etag: "\"page-gz\"",
        }),
    },
    Asset {
        path: "/assets/app-1.js",
        content_type: "text/javascript; charset=utf-8",
        caching: Caching::Immutable,
        identity: Form {
            bytes: b"start()",
            etag: "\"app\"",
        },
        brotli: None,
        gzip: Some(Form {
            bytes: b"gz",
            etag: "\"app-gz\"",
        }),
    },
    Asset {
        path: "/assets/font.woff2",
        content_type: "font/woff2",
        caching: Caching::Immutable,
        identity: Form {
            bytes: b"font",
            etag: "\"font\"",
        },
        brotli: None,
        gzip: None,
    },
    Asset {
        path: "/docs",
        content_type: "text/html; charset=utf-8",
        caching: Caching::Revalidate,
        identity: Form {
            bytes: b"docs",
            etag: "\"docs\"",
        },
        brotli: None,
        gzip: None,
    },
];

const BROWSER: Option<&str> = Some("text/html,application/xhtml+xml,*/*;q=0.8");

fn get(path: &str) -> Request<'_> {
    Request {
        method: "GET",
        path,
        accept: None,
        accept_encoding: None,
        if_none_match: None,
    }
}

fn ask(request: Request<'_>) -> Response {
    respond(&request, ASSETS)
}

fn header(response: &Response, name: &str) -> Option<&'static str> {
    let mut values = response
        .headers
        .iter()
        .filter(|(own, _)| *own == name)
        .map(|(_, value)| *value);
    let value = values.next();
    assert_eq!(values.next(), None, "{name} is there twice");
    value
}

#[test]
fn a_file_is_served_with_its_type_length_and_tag() {
    let response = ask(get("/assets/app-1.js"));
    assert_eq!(response.status, 200);
    assert_eq!(response.body, b"start()");
    assert_eq!(response.content_length, Some(7));
    assert_eq!(
        header(&response, "content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(header(&response, "etag"), Some("\"app\""));
    assert_eq!(header(&response, "content-encoding"), None);
    assert_eq!(header(&response, "vary"), Some("accept-encoding"));
}

#[test]
fn only_files_with_a_hashed_name_are_kept_without_asking() {
    let caching = |path| header(&ask(get(path)), "cache-control");
    assert_eq!(caching("/assets/app-1.js"), Some("public, max-age=31536000, immutable"));
    assert_eq!(caching("/"), Some("no-cache"));
    assert_eq!(caching("/docs"), Some("no-cache"));
}

#[test]
fn the_form_follows_accept_encoding() {
    for (accept_encoding, coding, etag) in [
        ("gzip, deflate, br, zstd", Some("br"), "\"page-br\""),
        ("gzip", Some("gzip"), "\"page-gz\""),
        ("br;q=0.5, gzip;q=0.8", Some("gzip"), "\"page-gz\""),
        ("br;q=0, *", Some("gzip"), "\"page-gz\""),
        ("*", Some("br"), "\"page-br\""),
        ("gzip;q=0.1", Some("gzip"), "\"page-gz\""),
        ("identity, gzip;q=0.5", None, "\"page\""),
        ("deflate", None, "\"page\""),
        ("", None, "\"page\""),
        ("*;q=0", None, "\"page\""),
    ] {
        let response = ask(Request {
            accept_encoding: Some(accept_encoding),
            ..get("/")
        });
        assert_eq!(header(&response, "content-encoding"), coding, "{accept_encoding}");
        assert_eq!(header(&response, "etag"), Some(etag), "{accept_encoding}");
    }
}

#[test]
fn what_has_one_form_does_not_vary() {
    let response = ask(Request {
        accept_encoding: Some("br"),
        ..get("/assets/font.woff2")
    });
    assert_eq!(response.body, b"font");
    assert_eq!(header(&response, "vary"), None);
}

#[test]
fn a_known_tag_is_not_sent_again() {
    for (tags, status) in [
        ("\"page-br\"", 304),
        ("W/\"page-br\"", 304),
        ("\"old\", \"page-br\"", 304),
        ("*", 304),
        // Another form's tag names other bytes.
        ("\"page\"", 200),
        ("page-br", 200),
        ("", 200),
    ] {
        let request = Request {
            accept_encoding: Some("br"),
            if_none_match: Some(tags),
            ..get("/")
        };
        let response = ask(request);
        assert_eq!(response.status, status, "{tags}");
        assert_eq!(header(&response, "etag"), Some("\"page-br\""));
        assert_eq!(header(&response, "vary"), Some("accept-encoding"));
        assert_eq!(header(&response, "cache-control"), Some("no-cache"));
        if status == 304 {
            assert_eq!((response.body, response.content_length), (&b""[..], None));
            assert_eq!(header(&response, "content-type"), None);
        }
    }
}

#[test]
fn the_application_answers_for_its_own_addresses() {
    let response = ask(Request {
        accept: BROWSER,
        ..get("/tasks/123")
    });
    assert_eq!((response.status, response.body), (200, &b"<!doctype html>"[..]));
    assert_eq!(header(&response, "vary"), Some("accept, accept-encoding"));
    assert_eq!(header(&response, "cache-control"), Some("no-cache"));
    assert_eq!(
        ask(Request {
            accept: BROWSER,
            ..get("/docs/")
        })
        .body,
        b"docs"
    );
}

#[test]
fn what_does_not_exist_is_not_a_page() {
    for (path, accept) in [
        ("/api/u/nothing", BROWSER),
        ("/api", BROWSER),
        ("/assets/app-0.js", BROWSER),
        ("/ws", BROWSER),
        ("/tasks", None),
        ("/tasks", Some("*/*")),
        ("/tasks", Some("application/json")),
        ("/tasks", Some("text/html;q=0, */*")),
    ] {
        let response = ask(Request { accept, ..get(path) });
        assert_eq!(response.status, 404, "{path} {accept:?}");
        assert_eq!(header(&response, "content-type"), Some("application/problem+json"));
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
    }
    // A name that only begins like a service's is the application's.
    assert_eq!(
        ask(Request {
            accept: BROWSER,
            ..get("/apiary")
        })
        .status,
        200
    );
}

#[test]
fn head_is_get_without_the_body() {
    for path in ["/", "/assets/app-1.js", "/health", "/nothing"] {
        let (get, head) = (
            ask(get(path)),
            ask(Request {
                method: "HEAD",
                ..get(path)
            }),
        );
        assert_eq!(head, Response { body: b"", ..get }, "{path}");
    }
}

#[test]
fn nothing_here_can_be_changed() {
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "get"] {
        let response = ask(Request { method, ..get("/") });
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(header(&response, "allow"), Some("GET, HEAD"));
        assert_eq!(header(&response, "content-type"), Some("application/problem+json"));
        assert_eq!(
            ask(Request {
                method,
                ..get("/api/nothing")
            })
            .status,
            404,
            "{method}"
        );
    }
}

#[test]
fn health_is_never_stored() {
    for path in ["/health", "/health/ready"] {
        let response = ask(get(path));
        assert_eq!((response.status, response.body), (200, &br#"{"status":"ok"}"#[..]));
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
    }
}

#[test]
fn every_response_carries_the_policy() {
    for request in [
        get("/"),
        get("/nothing"),
        get("/health"),
        Request {
            method: "POST",
            ..get("/")
        },
    ] {
        let response = ask(request);
        assert_eq!(content_policies(&response), 2);
        for name in ["x-content-type-options", "referrer-policy", "permissions-policy"] {
            assert!(header(&response, name).is_some(), "{name}");
        }
        assert_eq!(header(&response, "cross-origin-opener-policy"), Some("same-origin"));
    }
}

#[test]
fn only_the_api_viewer_may_set_markup_as_text() {
    assert_eq!(content_policies(&ask(get("/docs"))), 1);
    assert_eq!(content_policies(&ask(get("/docs/"))), 1);
    assert_eq!(
        content_policies(&ask(Request {
            accept: BROWSER,
            ..get("/docs/more")
        })),
        2
    );
}

fn content_policies(response: &Response) -> usize {
    response
        .headers
        .iter()
        .filter(|(name, _)| *name == "content-security-policy")
        .count()
}
