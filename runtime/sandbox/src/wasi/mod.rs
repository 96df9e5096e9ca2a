//! WASI 0.2 over an [`Overlay`](wattle_tree::overlay::Overlay): everything here is the host's, nothing is the machine's.
//!
//! All of it is synchronous, and stays so: a guest that waits only moves its own clock.

#![expect(unreachable_pub, reason = "the generated traits name these types and are public themselves")]

mod cli;
mod clocks;
mod filesystem;
mod random;
mod streams;

pub(crate) use cli::Exit;
pub use cli::Terminal;
pub(crate) use clocks::Clock;
pub use clocks::Pollable;
pub use filesystem::{Descriptor, Entries, FilesystemError};
pub use streams::{Input, IoError, Output, StreamError};

/// Most bytes that one read or write moves.
pub(crate) const CHUNK: u64 = 1 << 20;
/// Every time of every file, and the time of day: 1980-01-01T00:00:01Z, what CNB layers carry.
pub(crate) const EPOCH: u64 = 315_532_801;
