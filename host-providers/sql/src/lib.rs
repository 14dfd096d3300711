//! What the SQL providers share, without a database: the checks of a call before it reaches one, the folder of component
//! migrations and its history, the metrics of commits, and the format in which tables travel between databases.

mod admission;
mod hex;
mod metrics;
pub mod migrations;
mod part;
mod reader;
pub mod transfer;
mod writer;

pub use admission::{Admitted, admit, check_params};
pub use metrics::CommitMetrics;
pub use part::part_of;
