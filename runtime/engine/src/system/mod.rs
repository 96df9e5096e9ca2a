//! Operating systems of images: what a run image has, the packages that are added to it, and run images made of packages.

mod archive;
mod base;
mod create;
mod filesystem;
mod image;
mod keyring;
mod notes;
mod packages;

pub use archive::ArchiveError;
pub use create::{RunImageReport, RunImageTarget};
pub use image::RunImageError;
pub use keyring::Keyring;
pub use packages::PackagesError;

pub(crate) use base::System;
pub(crate) use image::Chosen;
pub(crate) use packages::{Granted, PACKAGES, Packages};
