//! Why packages cannot be added.

use crate::system::ArchiveError;
use std::io;
use wattle_debian::LockError;
use wattle_debian::assemble::AssembleError;
use wattle_debian::resolve::{ResolveError, RootError, Unmet};
use wattle_sandbox::{Fault, GuestError};

/// Packages that cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum PackagesError {
    /// What was asked for is the name of no package.
    #[error(transparent)]
    Name(#[from] RootError),
    /// The run image does not say what it is.
    #[error("packages cannot be added to the run image `{0}`: it does not say of which distribution it is")]
    Unknown(String),
    /// There are no packages for it.
    #[error(
        "packages cannot be added to the run image `{image}`, which is of `{distribution}`: they come from Debian or Ubuntu"
    )]
    Distribution {
        /// Name of the image.
        image: String,
        /// `ID` of its `os-release`.
        distribution: String,
    },
    /// What the run image has cannot be read.
    #[error("packages cannot be added to the run image `{image}`")]
    Installed {
        /// Name of the image.
        image: String,
        /// Why.
        #[source]
        source: wattle_debian::InstalledError,
    },
    /// The archives cannot be used.
    #[error("packages cannot be had")]
    Archive(#[from] ArchiveError),
    /// They do not go together.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// Their files do not.
    #[error("packages cannot be added to the run image")]
    Assemble(#[from] AssembleError),
    /// What was noted of them makes no sense.
    #[error("what is known of packages cannot be used")]
    Noted(#[from] LockError),
    /// Their layer cannot be packed.
    #[error("packages cannot be packed")]
    Pack(#[from] io::Error),
}

impl PackagesError {
    /// Stable, for programs.
    pub fn code(&self) -> String {
        match self {
            PackagesError::Name(_) => "packages/name",
            PackagesError::Unknown(_) | PackagesError::Distribution { .. } => "packages/distribution",
            PackagesError::Installed { .. } => "packages/installed",
            PackagesError::Archive(error) => return error.code(),
            PackagesError::Assemble(_) => "packages/assemble",
            PackagesError::Pack(_) | PackagesError::Noted(_) => "packages/pack",
            PackagesError::Resolve(ResolveError::Unmet { reason: Unmet::Missing { .. }, .. }) => "packages/unknown",
            PackagesError::Resolve(ResolveError::Unmet { .. }) => "packages/unmet",
            PackagesError::Resolve(ResolveError::Conflict { .. }) => "packages/conflict",
            PackagesError::Resolve(ResolveError::Virtual { .. }) => "packages/virtual",
            PackagesError::Resolve(ResolveError::Index(_)) => "packages/index",
        }
        .to_owned()
    }

    /// Whose fault it is.
    pub(crate) fn fault(&self) -> Fault {
        match self {
            PackagesError::Archive(error) if !error.is_of_user() => Fault::Platform,
            PackagesError::Installed { .. }
            | PackagesError::Resolve(ResolveError::Index(_))
            | PackagesError::Assemble(_)
            | PackagesError::Noted(_)
            | PackagesError::Pack(_) => Fault::Platform,
            _ => Fault::User,
        }
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            PackagesError::Unknown(_) | PackagesError::Distribution { .. } => {
                vec!["take a run image of Debian or Ubuntu, or none, for the default one".to_owned()]
            }
            PackagesError::Archive(error) => error.hints(),
            _ => Vec::new(),
        }
    }

    /// As a guest is told it, everything behind it in its detail.
    pub(super) fn into_guest(self) -> GuestError {
        let mut detail = Vec::new();
        let mut next = std::error::Error::source(&self);
        while let Some(cause) = next {
            detail.push(cause.to_string());
            next = cause.source();
        }
        GuestError {
            code: self.code(),
            fault: self.fault(),
            summary: self.to_string(),
            detail: Some(detail.join("\n")).filter(|detail| !detail.is_empty()),
            hints: self.hints(),
        }
    }
}
