//! A component that uses each of Spin's interfaces as it is asked to: the guest of the Spin test host's own tests.
//!
//! Empty for any other target, so that a build of the whole workspace passes over it.
#![cfg(target_family = "wasm")]

mod bindings;
mod databases;
mod http;

use std::time::Duration;

use wasip2::{
    exports::http::incoming_handler::Guest,
    http::types::{IncomingRequest, ResponseOutparam},
};

use bindings::wasi::{config::store as config, keyvalue};

wasip2::http::proxy::export!(Probe with_types_in wasip2);

struct Probe;

/// Of a stream's pieces, and before what is done after an answer.
const PAUSE: Duration = Duration::from_millis(300);

impl Guest for Probe {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let headers = request.headers();
        let header = |name: &str| {
            let values = headers.get(name);
            String::from_utf8_lossy(values.first().map(Vec::as_slice).unwrap_or_default()).into_owned()
        };
        let (route, argument) = path.trim_start_matches('/').split_once('?').unwrap_or((&path[1..], ""));
        let answer = match route {
            "variable" => format!("{:?}", config::get(argument)),
            "header" => header(argument),
            "file" => format!("{:?}", std::fs::read_to_string(argument).map_err(|error| error.kind())),
            "write" => format!("{:?}", std::fs::write(argument, "x").map_err(|error| error.kind())),
            "increment" => format!("{:?}", increment(argument)),
            "count" => format!("{:?}", count(argument)),
            "swap" => format!("{:?}", swap(argument)),
            "out" => http::get(argument),
            "sqlite" => databases::sqlite(&http::body(&request)),
            "postgres" => databases::postgres(argument, &http::body(&request)),
            "redis" => databases::redis(argument, &http::body(&request)),
            "stream" => return http::stream(out, ["one\n", "two\n", "three\n"], PAUSE),
            "afterwards" => {
                http::respond(out, "answered");
                std::thread::sleep(PAUSE);
                // The test sees by the count that this ran.
                drop(increment(argument));
                return;
            }
            "trap" => panic!("as asked"),
            _ => format!("no route {route}"),
        };
        http::respond(out, &answer);
    }
}

fn increment(key: &str) -> Result<i64, keyvalue::store::Error> {
    let bucket = keyvalue::store::open("default")?;
    keyvalue::atomics::increment(&bucket, key, 1)
}

/// What the counter has counted.
fn count(key: &str) -> Result<i64, keyvalue::store::Error> {
    let value = keyvalue::store::open("default")?.get(key)?.unwrap_or_default();
    Ok(value.try_into().map_or(0, i64::from_le_bytes))
}

/// Two changes that began with the same value: the second must not win.
fn swap(key: &str) -> Result<Vec<bool>, keyvalue::store::Error> {
    let bucket = keyvalue::store::open("default")?;
    bucket.set(key, b"old")?;
    let changes = [
        keyvalue::atomics::Cas::new(&bucket, key)?,
        keyvalue::atomics::Cas::new(&bucket, key)?,
    ];
    for change in &changes {
        change.current()?;
    }
    Ok(changes
        .map(|change| keyvalue::atomics::swap(change, b"new").is_ok())
        .to_vec())
}
