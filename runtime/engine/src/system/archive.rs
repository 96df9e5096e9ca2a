//! The archives of a distribution: what their release files list, and whose word that is.

mod error;
mod unpacked;

pub use error::ArchiveError;

use super::keyring::Keyring;
use crate::artifacts::Telling;
use crate::event::{Event, Observer};
use crate::request::Engine;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::task::block_in_place;
use wattle_debian::run_image::Suite;
use wattle_debian::{Architecture, Index};
use wattle_fetch::{FetchError, Fetched, Fetcher, Permission, Request};
use wattle_store::Store;
use wattle_tree::{Blob, Digest};

/// Packages of a distribution, wherever the machine's settings say they are.
#[derive(Clone)]
pub(crate) struct Archives {
    pub(super) fetcher: Fetcher,
    pub(super) store: Store,
    pub(super) observer: Arc<dyn Observer>,
    /// Keys that release files are to be signed by.
    pub(super) keyring: Keyring,
    /// When this is, for releases that are not to be believed for ever.
    pub(super) now: SystemTime,
}

/// An index of packages that a release file lists.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// Name of the archive.
    registry: String,
    /// What to ask for.
    source: String,
    /// Digest of the index as it is fetched.
    pub(crate) digest: Digest,
}

/// A place where packages of a release are.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Name of the archive.
    registry: String,
    /// What the release is called there: `bookworm-security`.
    codename: String,
    need: Need,
}

/// What to do where there is nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Need {
    /// Fail.
    Always,
    /// Do without, if the archive says that there is no such release.
    IfThere,
    /// Do without, if this machine knows no such archive.
    IfKnown,
}

impl Place {
    /// Where the packages of a release are: as it was released, with updates, with security updates.
    pub(crate) fn of(suite: &Suite, architecture: Architecture) -> Result<Vec<Place>, ArchiveError> {
        if !["debian", "ubuntu"].contains(&suite.distribution.as_str()) {
            return Err(ArchiveError::Distribution(suite.distribution.clone()));
        }
        let archives = suite.archives();
        let first = archives.first().map(|(registry, _)| registry.clone()).unwrap_or_default();
        let place = |(at, (registry, codename)): (usize, (String, String))| Place {
            need: match at {
                0 => Need::Always,
                _ if registry == first => Need::IfThere,
                _ => Need::IfKnown,
            },
            // Ubuntu has an archive of its own for all but the most usual machines.
            registry: if registry == "ubuntu" && architecture != Architecture::Amd64 {
                "ubuntu-ports".into()
            } else {
                registry
            },
            codename,
        };
        Ok(archives.into_iter().enumerate().map(place).collect())
    }

    /// The places that somebody named, all of which are needed.
    pub(crate) fn named(archives: &[(String, String)]) -> Vec<Place> {
        let place = |(registry, codename): &(String, String)| Place {
            registry: registry.clone(),
            codename: codename.clone(),
            need: Need::Always,
        };
        archives.iter().map(place).collect()
    }
}

impl Engine {
    pub(crate) fn archives(&self) -> Archives {
        Archives {
            fetcher: self.fetcher.clone(),
            store: self.store.clone(),
            observer: self.observer.clone(),
            keyring: self.keyring.clone(),
            now: self.now,
        }
    }
}

impl Archives {
    /// The indexes of packages of a release, as its release files say today.
    pub(crate) async fn listed(
        &self,
        suite: &Suite,
        places: &[Place],
        components: &[String],
        architecture: Architecture,
    ) -> Result<Vec<Listed>, ArchiveError> {
        let mut all = Vec::new();
        for place in places {
            if place.need == Need::IfKnown && self.fetcher.registries().get(&place.registry, None).is_err() {
                continue;
            }
            all.extend(self.listed_at(place, suite, components, architecture).await?);
        }
        Ok(all)
    }

    async fn listed_at(
        &self,
        place: &Place,
        suite: &Suite,
        components: &[String],
        architecture: Architecture,
    ) -> Result<Vec<Listed>, ArchiveError> {
        let Place { registry, codename, need } = place;
        let directory = format!("{registry}:dists/{codename}");
        let text = match self.fetch(&[(format!("{directory}/InRelease"), None)]).await {
            Err(ArchiveError::Fetch(FetchError::NotFound { .. })) if *need == Need::IfThere => return Ok(Vec::new()),
            Err(ArchiveError::Fetch(FetchError::NotFound { .. })) => {
                let near =
                    Suite::near(codename).into_iter().filter(|near| near != codename).map(str::to_owned).collect();
                return Err(ArchiveError::NoRelease { registry: registry.clone(), codename: codename.clone(), near });
            }
            fetched => first(&fetched?).to_vec()?,
        };
        let release = self.verified(&text, suite, codename).await?;
        let failed = |source| ArchiveError::Release { codename: codename.clone(), source };
        release.check_valid(self.now).map_err(failed)?;
        // Debian's code names have the suffix, Ubuntu's have not, but their suites do.
        if release.codename != *codename && release.suite != *codename {
            return Err(ArchiveError::Codename { wanted: codename.clone(), found: release.codename });
        }
        let listed = |component: &String| {
            let file = release.packages(component, architecture).map_err(failed)?;
            let path = if release.by_hash { file.by_hash() } else { file.path.clone() };
            Ok(Listed { registry: registry.clone(), source: format!("{directory}/{path}"), digest: file.digest })
        };
        components.iter().map(listed).collect()
    }

    /// Reads indexes into one.
    pub(crate) async fn index(&self, listed: &[Listed]) -> Result<Index, ArchiveError> {
        let wanted: Vec<_> = listed.iter().map(|index| (index.source.clone(), Some(index.digest))).collect();
        let fetched = self.fetch(&wanted).await?;
        let mut all = Index::default();
        for (index, fetched) in listed.iter().zip(&fetched) {
            all = all.join(block_in_place(|| Index::read(&index.registry, &fetched.blob))?);
        }
        Ok(all)
    }

    /// Fetches from archives: `registry:path`, and the digest unless it is a release file.
    pub(super) async fn fetch(&self, files: &[(String, Option<Digest>)]) -> Result<Vec<Fetched>, ArchiveError> {
        let request = |(source, digest): &(String, _)| Request { source: source.clone(), digest: *digest };
        let requests: Vec<Request> = files.iter().map(request).collect();
        // Each is what the operator's settings or the author of a run image named.
        let registries = files.iter().filter_map(|(source, _)| Some(source.split_once(':')?.0.to_owned())).collect();
        let permission = Permission { registries, ..Permission::default() };
        let telling = Telling { observer: self.observer.clone(), buildpack: "packages".to_owned() };
        let told = telling.begin(requests.len() as u64);
        let fetched = self.fetcher.fetch(&requests, &permission, &told).await?;
        for stale in fetched.iter().filter(|fetched| fetched.stale) {
            let text = format!("`{}` could not be asked for anew: what was fetched before is used", stale.source);
            self.observer.event(&Event::Warning { text });
        }
        told.end();
        Ok(fetched)
    }
}

/// The only one of what was asked for one by one.
pub(super) fn first(fetched: &[Fetched]) -> Blob {
    fetched.first().map_or_else(|| Vec::new().into(), |fetched| fetched.blob.clone())
}
