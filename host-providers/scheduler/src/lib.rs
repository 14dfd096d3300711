//! Timers that survive a restart, and regular ticks.
