//! What is wrong with archives.

use std::io;
use wattle_debian::{IndexError, ReleaseError};
use wattle_fetch::FetchError;
use wattle_store::StoreError;

/// Archives cannot be used, or something in them.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Something cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Nothing is known by the name of the release.
    #[error("the archive `{registry}` has no release `{codename}`")]
    NoRelease {
        /// Name of the archive.
        registry: String,
        /// Code name of the release.
        codename: String,
        /// Names of releases that are known.
        near: Vec<String>,
    },
    /// The release file is not right.
    #[error("the release file of `{codename}` cannot be used")]
    Release {
        /// Code name of the release.
        codename: String,
        /// Why.
        #[source]
        source: ReleaseError,
    },
    /// The archive has something else in the release's place.
    #[error("where the archive should have `{wanted}`, it has `{found}`")]
    Codename {
        /// Code name of the release.
        wanted: String,
        /// What the release file says.
        found: String,
    },
    /// There is nobody to trust.
    #[error("there are no keys that releases of `{0}` could be signed by")]
    NoKeys(String),
    /// Nobody here knows the distribution.
    #[error("there are no packages for `{0}`: they come from Debian or Ubuntu")]
    Distribution(String),
    /// An index is not right.
    #[error("the index of packages cannot be used")]
    Index(#[from] IndexError),
    /// A package is not right.
    #[error(transparent)]
    Package(#[from] wattle_debian::DebError),
    /// The store is in the way.
    #[error("packages cannot be kept")]
    Store(#[from] StoreError),
    /// What was kept cannot be read.
    #[error("packages that were kept cannot be read")]
    Read(#[from] io::Error),
}

impl ArchiveError {
    /// Stable, for programs.
    pub fn code(&self) -> String {
        match self {
            ArchiveError::Fetch(error) => error.code(),
            ArchiveError::NoRelease { .. } => "packages/release/unknown",
            ArchiveError::Release { source: ReleaseError::Signature(_), .. } | ArchiveError::NoKeys(_) => {
                "packages/release/signature"
            }
            ArchiveError::Release { .. } | ArchiveError::Codename { .. } => "packages/release/invalid",
            ArchiveError::Distribution(_) => "packages/distribution",
            ArchiveError::Index(_) => "packages/index",
            ArchiveError::Package(_) => "packages/damaged",
            ArchiveError::Store(_) | ArchiveError::Read(_) => "packages/store",
        }
        .to_owned()
    }

    /// True if whoever asked can mend it.
    pub fn is_of_user(&self) -> bool {
        match self {
            // The digest is what the archive itself said.
            ArchiveError::Fetch(FetchError::Digest { .. }) => false,
            ArchiveError::Fetch(error) => error.fault() == wattle_fetch::Fault::User,
            ArchiveError::NoRelease { .. } | ArchiveError::Distribution(_) | ArchiveError::NoKeys(_) => true,
            _ => false,
        }
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            ArchiveError::Fetch(FetchError::Digest { .. }) => {
                vec![
                    "the archive, or something on the way to it, changes files: name another by `--registry`"
                        .to_owned(),
                ]
            }
            ArchiveError::Fetch(error) => error.hints(),
            ArchiveError::NoRelease { near, .. } => {
                let near: Vec<_> = near.iter().map(|name| format!("`{name}`")).collect();
                let instead =
                    if near.is_empty() { String::new() } else { format!(", which may be {},", near.join(" or ")) };
                vec![format!("check the name{instead} and that this archive has it")]
            }
            ArchiveError::Release { source: ReleaseError::Expired { .. }, .. } => {
                vec![
                    "the archive, or the mirror of it, is no longer kept up to date: name another by `--registry`"
                        .to_owned(),
                ]
            }
            ArchiveError::Release { source: ReleaseError::Signature(_), .. } | ArchiveError::NoKeys(_) => {
                vec!["name a file with the archive's keys by `--keyring`".to_owned()]
            }
            ArchiveError::Distribution(_) => vec!["take a run image of Debian or Ubuntu".to_owned()],
            _ => Vec::new(),
        }
    }
}
