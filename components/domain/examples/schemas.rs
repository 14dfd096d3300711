//! Writes the JSON Schemas of all events to `components/domain/schemas`.
//!
//! `cargo run -p dayloom-domain --features schema --example schemas`

use std::{env, fs, io};

use dayloom_domain::{event::EventType, schema};

fn main() -> io::Result<()> {
    let package = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let folder = format!("{package}/schemas");
    fs::create_dir_all(&folder)?;
    for event_type in EventType::ALL {
        fs::write(
            format!("{folder}/{event_type}.json"),
            format!("{:#}\n", schema::of_event(*event_type)),
        )?;
    }
    Ok(())
}
