//! Each built component on its own: the real `.wasm`, behind ports that misbehave.

mod conflict_storms_end;
mod duplicates_have_one_effect;
mod malformed_events_are_rejected_alone;
mod outages_are_retried;
mod ports;
mod rig;
