//! Load whose every consequence can be checked: who writes, who listens, who checks.

mod checker;
mod listener;
mod settle;
mod topics;
mod writer;

pub use checker::{check_heard, check_tables, check_trail, reminders_overdue};
pub use listener::{Heard, Listener};
pub use settle::settle;
pub use topics::{Found, check_dead_letters, check_topics};
pub use writer::{Acknowledged, Writer};
