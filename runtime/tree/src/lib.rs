//! Files as values.
//!
//! Application source, an unpacked download and a layer are all a [`Tree`]: an immutable, content-addressed map from name
//! to file, symbolic link or directory. Trees share what they have in common, so that a copy costs nothing, and contents
//! are [`Blob`]s that live in memory, in a scratch file, in the store or in the directory they were read from.
//!
//! This crate opens nothing by itself: directories and scratch files are handed in. It reads no clock and no environment.

pub mod archive;
mod blob;
mod diff;
mod digest;
pub mod directory;
mod host;
mod merge;
pub mod overlay;
mod positional;
#[cfg(test)]
mod samples;
mod scratch;
mod tree;
pub mod write;

pub use blob::{Blob, BlobReader, ReadAt};
pub use diff::{Change, ChangeKind, diff};
pub use digest::{Algorithm, Digest, DigestError, Hasher};
pub use scratch::{Region, Scratch};
pub use tree::{Entry, File, MAX_DEPTH, MAX_NAME, Node, PathError, Tree, Walk, check_name, components};
