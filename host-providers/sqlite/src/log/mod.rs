//! The event log: what is in it (`entry`), how it is written (`append`), its newest part in memory (`tail`) and its older
//! part on disk (`scan`).

mod append;
mod entry;
mod scan;
mod tail;

pub(crate) use append::{INSERT_EVENT, insert_event, last_position};
pub(crate) use entry::{LogEntry, NewEvent, Slice, partition_of};
pub(crate) use scan::{first_position, scan};
pub(crate) use tail::Tail;

/// Ordered streams within the log. Events of one key are in one of them; one subscriber handles them side by side. Four
/// keep the two to eight cores of a machine busy; the number is part of the stored data.
pub const PARTITIONS: u8 = 4;
