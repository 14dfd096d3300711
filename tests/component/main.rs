//! Each built component on its own.

mod worlds;
