//! task-commands
