//! Images between registries and layouts: with a real registry, with one that misbehaves, and with `skopeo` as a reader
//! that is not ours.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails panics")]

mod archives;
mod fake;
mod images;
mod layouts;
mod memory;
mod misbehaving;
mod real;
mod tunnel;
