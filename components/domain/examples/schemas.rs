//! Writes the JSON Schemas of all events to `components/domain/schemas`.
//!
//! `cargo run -p dayloom-domain --features schema --example schemas`

use std::{fs, io};

use dayloom_domain::{event::EventType, schema};

fn main() -> io::Result<()> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
    fs::create_dir_all(folder)?;
    for event_type in EventType::ALL {
        fs::write(
            format!("{folder}/{event_type}.json"),
            format!("{:#}\n", schema::of_event(*event_type)),
        )?;
    }
    Ok(())
}
