//! The archives of a distribution: what their release files list, and whose word that is.

use super::keyring::Keyring;
use crate::artifacts::Telling;
use crate::event::{Event, Observer};
use crate::request::Engine;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::task::block_in_place;
use wattle_debian::run_image::Suite;
use wattle_debian::{Architecture, Attributes, Index, IndexError, Package, ReleaseError, Unpacked};
use wattle_fetch::{FetchError, Fetched, Fetcher, Permission, Request};
use wattle_store::{Document, Store, StoreError};
use wattle_tree::archive::Limits;
use wattle_tree::{Blob, Digest};

/// Changes when packages are unpacked in another way, so that what was unpacked before does not count.
const REVISION: u32 = 1;

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
            ArchiveError::Fetch(error) => error.fault() == wattle_fetch::Fault::User,
            ArchiveError::NoRelease { .. } | ArchiveError::Distribution(_) | ArchiveError::NoKeys(_) => true,
            _ => false,
        }
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            ArchiveError::Fetch(error) => error.hints(),
            ArchiveError::NoRelease { near, .. } => {
                let near: Vec<_> = near.iter().map(|name| format!("`{name}`")).collect();
                vec![format!("check the name, which may be {}, and that this archive has it", near.join(" or "))]
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
                let near = Suite::near(codename).into_iter().map(str::to_owned).collect();
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

    /// Packages, unpacked: each fetched and unpacked once, whatever the number of images that have it. In the same order.
    pub(crate) async fn unpacked(&self, packages: &[Package]) -> Result<Vec<Unpacked>, ArchiveError> {
        let kept = block_in_place(|| packages.iter().map(|package| self.kept(package)).collect::<Result<Vec<_>, _>>())?;
        let missing = packages.iter().zip(&kept).filter(|(_, kept)| kept.is_none());
        let missing: Vec<&Package> = missing.map(|(package, _)| package).collect();
        let wanted: Vec<_> = missing.iter().map(|package| (package.reference(), Some(package.digest))).collect();
        let debs = if wanted.is_empty() { Vec::new() } else { self.fetch(&wanted).await? };
        let mut unpacked = block_in_place(|| self.unpack_all(&missing, &debs))?.into_iter();
        Ok(kept.into_iter().filter_map(|kept| kept.or_else(|| unpacked.next())).collect())
    }

    /// Unpacks on all processors.
    fn unpack_all(&self, packages: &[&Package], debs: &[Fetched]) -> Result<Vec<Unpacked>, ArchiveError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(packages.len()).max(1);
        let next = std::sync::atomic::AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while let Some((at, package, deb)) = {
                let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                packages.get(at).zip(debs.get(at)).map(|(package, deb)| (at, *package, deb))
            } {
                done.push((at, self.unpack(package, &deb.blob)?));
            }
            Ok::<_, ArchiveError>(done)
        };
        let mut all = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let ended = workers
                .into_iter()
                .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            ended.collect::<Result<Vec<_>, _>>()
        })?
        .concat();
        all.sort_by_key(|(at, _)| *at);
        Ok(all.into_iter().map(|(_, unpacked)| unpacked).collect())
    }

    pub(super) fn unpack(&self, package: &Package, deb: &Blob) -> Result<Unpacked, ArchiveError> {
        let scratch = self.store.scratch()?;
        let unpacked = wattle_debian::unpack(package, deb, &scratch, Limits::default())?;
        let tree = self.store.trees().put(&unpacked.tree)?;
        let attributes = unpacked.attributes.iter();
        let kept = Kept {
            control: unpacked.control.clone(),
            postinst: unpacked.postinst.clone(),
            tree: tree.to_string(),
            attributes: attributes.map(|(path, it)| (path.clone(), (it.uid, it.gid, it.mode))).collect(),
        };
        put(&self.store, &document(package), &kept)?;
        Ok(unpacked)
    }

    /// What a package was unpacked to before.
    fn kept(&self, package: &Package) -> Result<Option<Unpacked>, ArchiveError> {
        let Some(kept) = get::<Kept>(&self.store, &document(package))? else { return Ok(None) };
        let Ok(digest) = kept.tree.parse::<Digest>() else { return Ok(None) };
        let tree = self.store.trees().get(&digest)?;
        let attributes = kept.attributes.into_iter();
        let attributes = attributes.map(|(path, (uid, gid, mode))| (path, Attributes { uid, gid, mode })).collect();
        let Kept { control, postinst, .. } = kept;
        let Some(tree) = tree else { return Ok(None) };
        let before = Unpacked { package: package.clone(), control, postinst, tree, attributes };
        Ok(Some(Unpacked::again(package, before)?))
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

/// What is kept of a package beside what the index says.
#[derive(Serialize, Deserialize)]
struct Kept {
    control: String,
    postinst: Option<String>,
    /// Digest of its files.
    tree: String,
    /// User, group and mode by path.
    attributes: BTreeMap<String, (u32, u32, u32)>,
}

fn document(package: &Package) -> String {
    format!("deb-{REVISION}:{}", package.digest)
}

/// What was noted under a name, if it is there and can be understood.
pub(super) fn get<T: DeserializeOwned>(store: &Store, name: &str) -> io::Result<Option<T>> {
    let Some(document) = store.documents().get(name)? else { return Ok(None) };
    let Some(blob) = store.blobs().get_verified(&document.digest)? else { return Ok(None) };
    Ok(blob.to_vec().ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Notes something under a name.
pub(super) fn put(store: &Store, name: &str, value: &impl Serialize) -> io::Result<()> {
    let mut writer = store.blobs().writer(None)?;
    writer.write_all(&serde_json::to_vec(value)?)?;
    let (digest, _) = writer.commit()?;
    store.documents().put(name, &Document { digest, etag: None, last_modified: None, fetched_from: String::new() })?;
    Ok(())
}
