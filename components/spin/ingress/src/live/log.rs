//! Where live messages are read from.

use std::time::Duration;

use dayloom_ports::live::Position;

/// One message of the user.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    /// Its place.
    pub(super) number: u64,
    /// The event as JSON text.
    pub(super) body: String,
}

/// What follows a position.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// The user's messages, in order; maybe none.
    Messages {
        messages: Vec<Message>,
        /// Up to where all were read.
        reached: Position,
    },
    /// Something in between is gone: the log's newest place, from where one can go on.
    Gone(Position),
}

/// A log of live messages of all users.
pub(super) trait Log {
    /// The newest place.
    fn newest(&mut self) -> Result<Position, String>;
    /// What follows, for one user.
    fn after(&mut self, position: Position, user_id: &str) -> Result<Next, String>;
    /// Returns once there may be something after the position, or after `wait`.
    fn wait(&mut self, position: Position, wait: Duration) -> Result<(), String>;
}
