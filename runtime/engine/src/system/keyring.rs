//! Whose signature a release file must have.

use super::archive::{ArchiveError, Archives, first};
use std::sync::Arc;
use tokio::task::block_in_place;
use wattle_debian::run_image::Suite;
use wattle_debian::{Architecture, Index, Package, Release, ReleaseError};
use wattle_tree::Blob;

/// The package with the keys of Debian's archive, for machines that have none or old ones, as an index lists it: pinned by
/// digest, so that it does not matter who gives it.
const PINNED: &str = "\
Package: debian-archive-keyring
Version: 2023.3+deb12u2
Architecture: all
Filename: pool/main/d/debian-archive-keyring/debian-archive-keyring_2023.3+deb12u2_all.deb
Size: 178572
SHA256: f699e2f88dca05212f2a452b58475f2993cb6993dfbafb1d0205a3291eb8b4b8
";
/// Where the keys are in it.
const FILE: &str = "usr/share/keyrings/debian-archive-keyring.gpg";

/// Keys that release files are to be signed by.
#[derive(Debug, Clone, Default)]
pub enum Keyring {
    /// Those that the machine has, if any, and for Debian's own archive those that are pinned.
    #[default]
    Pinned,
    /// Those of the machine's own keyrings, and if they will not do, the pinned ones.
    Machine(Arc<[u8]>),
    /// These, and no others.
    Only(Arc<[u8]>),
}

impl Archives {
    /// Reads a release file that somebody trusted has signed.
    pub(super) async fn verified(&self, text: &[u8], suite: &Suite, codename: &str) -> Result<Release, ArchiveError> {
        let failed = |source| ArchiveError::Release { codename: codename.to_owned(), source };
        let verified = match &self.keyring {
            Keyring::Only(keys) => return Release::verify(text, keys).map_err(failed),
            Keyring::Machine(keys) => Some(Release::verify(text, keys)),
            Keyring::Pinned => None,
        };
        match verified {
            Some(Err(ReleaseError::Signature(_))) | None if suite.distribution == "debian" => {
                let keys = self.pinned().await?;
                Release::verify(text, &keys).map_err(failed)
            }
            Some(verified) => verified.map_err(failed),
            None => Err(ArchiveError::NoKeys(suite.distribution.clone())),
        }
    }

    async fn pinned(&self) -> Result<Vec<u8>, ArchiveError> {
        let package = pinned()?;
        let fetched = self.fetch(&[(package.reference(), Some(package.digest))]).await?;
        let unpacked = block_in_place(|| self.unpack(&package, &first(&fetched)))?;
        let keys = unpacked.tree.file(FILE).map(|file| file.blob.to_vec()).transpose()?;
        Ok(keys.unwrap_or_default())
    }
}

fn pinned() -> Result<Package, ArchiveError> {
    let index = Index::read("debian", &Blob::from(PINNED.as_bytes().to_vec()))?;
    let package = index.newest("debian-archive-keyring", Architecture::Amd64)?;
    package.ok_or_else(|| ArchiveError::NoKeys("debian".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_keys_are_a_package() {
        let package = pinned().unwrap();
        assert!(package.reference().starts_with("debian:pool/main/d/debian-archive-keyring/"));
        assert_eq!(package.size, 178_572);
    }
}
