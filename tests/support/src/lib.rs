//! What end-to-end tests need: guest components, the program in a world of its own, servers, images really started.
//!
//! Everything panics with a clear message: a test that cannot get what it needs has failed.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot get what it needs has failed")]

mod guests;
#[cfg(target_os = "linux")]
mod linux;

pub use guests::{component, root};
#[cfg(target_os = "linux")]
pub use linux::*;
