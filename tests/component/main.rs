//! The real components against ports that misbehave on command.
