//! A run image's files from Debian packages, unpacked and never installed, on any host.
//!
//! The way goes from a [`Release`], whose signature says whom to believe, to an [`Index`], whose digest the release lists, to
//! the [`Package`]s in it, whose digests the index lists. A package is [`unpack`]ed into a tree, trees are laid over one
//! another by [`fn@assemble`], which also does as data what the maintainer scripts would have done, and a [`RunImage`] is such a
//! tree with the facts that its configuration needs.
//!
//! Nothing here opens a file or a socket, reads a clock or the environment, or runs a program: bytes come in as
//! [`wattle_tree::Blob`]s, and the caller says where they are from. Packages are named by a registry and a path in it, as
//! `debian:pool/main/...`.

mod architecture;
pub mod assemble;
mod control;
mod cuts;
pub mod deb;
pub mod index;
mod installed;
pub mod lock;
mod merged_usr;
mod modes;
mod near;
mod package;
mod relation;
pub mod release;
pub mod resolve;
pub mod run_image;
pub mod run_toml;
mod suite;
#[cfg(test)]
mod testing;
mod version;

pub use architecture::{Architecture, UnknownArchitecture};
pub use assemble::{AssembleError, Attributes, Below, Filesystem, Notes, add, assemble, fit};
pub use control::ControlError;
pub use cuts::{Cut, CutError, Cuts};
pub use deb::{DebError, Unpacked, unpack};
pub use index::{Index, IndexError};
pub use installed::{Installed, InstalledError, InstalledPackage};
pub use lock::{Lock, LockError};
pub use package::{Package, Priority};
pub use relation::{Comparison, Dependency, Relation, RelationError, Relations};
pub use release::{Release, ReleaseError};
pub use resolve::{Resolution, ResolveError, resolve};
pub use run_image::{RunImage, RunImageError, Selection, Spec};
pub use run_toml::{RunToml, RunTomlError};
pub use suite::Suite;
pub use version::Version;
