//! What an image is put on: one that was named, or one that is assembled from Debian packages, once.

use crate::artifacts::Telling;
use crate::error::{EngineError, Fault};
use crate::event::Event;
use crate::packing::Packing;
use crate::request::Engine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::str::FromStr;
use tokio::task::block_in_place;
use wattle_debian::{Architecture, Index, Package, Release, RunImage, Selection, Spec, Unpacked};
use wattle_fetch::{FetchError, Fetched, Permission, Request};
use wattle_oci::layer::{Attributes, Owner, Source as Contents};
use wattle_oci::{Base, Image, Platform, cnb};
use wattle_sandbox::Cancel;
use wattle_store::{Store, StoreError};
use wattle_transport::{Location, Pick, Source};
use wattle_tree::{Blob, Digest, archive};

/// Where Debian packages are: names of registries, and what follows the code name of the suite there. The second has
/// security updates; a machine that knows no such registry does without.
const ARCHIVES: [(&str, &str); 2] = [("debian", ""), ("debian-security", "-security")];
/// The part of an archive that is searched.
const COMPONENT: &str = "main";

/// Why there is no default run image.
#[derive(Debug, thiserror::Error)]
pub enum RunImageError {
    /// Debian has no packages for it.
    #[error("no run image can be assembled for `{0}`")]
    Platform(String),
    /// Something cannot be fetched.
    #[error("the default run image cannot be assembled: {0}")]
    Fetch(#[source] FetchError),
    /// The release file is not right.
    #[error("the default run image cannot be assembled: the release file of the archive cannot be used")]
    Release(#[source] wattle_debian::ReleaseError),
    /// The archive has something else in the suite's place.
    #[error("the default run image cannot be assembled: where `{wanted}` should be, the archive has `{found}`")]
    Codename {
        /// Code name of the suite.
        wanted: String,
        /// What the release file says.
        found: String,
    },
    /// The index is not right.
    #[error("the default run image cannot be assembled: the index of packages cannot be used")]
    Index(#[source] wattle_debian::IndexError),
    /// A package is not right.
    #[error("the default run image cannot be assembled")]
    Package(#[source] wattle_debian::DebError),
    /// The packages do not make an image.
    #[error(transparent)]
    Assemble(#[from] wattle_debian::RunImageError),
    /// The store is in the way.
    #[error("the default run image cannot be kept")]
    Store(#[from] StoreError),
    /// Its layer cannot be packed.
    #[error("the default run image cannot be packed")]
    Pack(#[from] std::io::Error),
    /// The parts do not make an image.
    #[error("the default run image cannot be put together")]
    Image(#[from] wattle_oci::BaseError),
}

impl RunImageError {
    /// Stable, for programs.
    pub(crate) fn code(&self) -> String {
        match self {
            RunImageError::Fetch(error) => error.code(),
            RunImageError::Platform(_) => "run-image/platform",
            _ => "run-image/assemble",
        }
        .to_owned()
    }

    pub(crate) fn fault(&self) -> Fault {
        match self {
            RunImageError::Fetch(error) if error.fault() == wattle_fetch::Fault::User => Fault::Usage,
            RunImageError::Platform(_) => Fault::Usage,
            _ => Fault::World,
        }
    }

    pub(crate) fn hints(&self) -> Vec<String> {
        let mut hints = if let RunImageError::Fetch(error) = self { error.hints() } else { Vec::new() };
        hints.push("or name a run image with `--run-image`".to_owned());
        hints
    }
}

/// A run image, and by what name it is spoken of.
pub(crate) struct Chosen {
    pub(crate) source: Source,
    pub(crate) name: String,
}

impl Chosen {
    /// Its distribution, if it says so (CNB labels of base images).
    pub(crate) fn distribution(&self) -> Option<(String, String)> {
        let label = |name: &str| {
            self.source.image.config().label(&format!("io.buildpacks.base.distro.{name}")).map(str::to_owned)
        };
        Some((label("name")?, label("version").unwrap_or_default()))
    }
}

impl Engine {
    /// The run image: `location`, or the default one.
    pub(crate) async fn run_image(
        &self,
        target: &Platform,
        location: Option<&Location>,
    ) -> Result<Chosen, EngineError> {
        let chosen = match location {
            Some(location) => self.named(target, location).await?,
            None => self.assembled(target).await?,
        };
        let digest = chosen.source.digest.to_string();
        self.observer.event(&Event::RunImage { reference: chosen.name.clone(), digest });
        Ok(chosen)
    }

    async fn named(&self, target: &Platform, location: &Location) -> Result<Chosen, EngineError> {
        let read = self.transport.read(location, target).await;
        let source =
            read.map_err(|source| EngineError::ReadImage { location: location.to_string(), source: source.into() })?;
        let found = source.image.config().value().platform();
        if found.os != target.os || found.architecture != target.architecture {
            let (reference, found, wanted) = (location.to_string(), found.to_string(), target.to_string());
            return Err(EngineError::RunImagePlatform { reference, found, wanted });
        }
        Ok(Chosen { source, name: location.to_string() })
    }

    async fn assembled(&self, target: &Platform) -> Result<Chosen, RunImageError> {
        let architecture = match Architecture::from_str(&target.architecture) {
            Ok(architecture) if target.os == "linux" => architecture,
            _ => return Err(RunImageError::Platform(target.to_string())),
        };
        let spec = Spec::standard(architecture);
        let indexes = self.indexes(&spec).await?;
        let (name, image) = match known(&self.store, &spec, &indexes)? {
            Some(known) => known,
            None => self.selected(&spec, &indexes, target).await?,
        };
        let location = Location::layout(&name, Pick::Default);
        Ok(Chosen { source: Source { digest: image.digest(), image, location }, name })
    }

    /// The image of the newest packages in these indexes, assembled unless it is in the store.
    async fn selected(
        &self,
        spec: &Spec,
        indexes: &[ListedIndex],
        target: &Platform,
    ) -> Result<(String, Image), RunImageError> {
        let mut index = Index::default();
        for listed in indexes {
            index = index.join(self.index(listed).await?);
        }
        let selection = spec.select(&index)?;
        let name = selection.name();
        let image = match kept(&self.store, &name)? {
            Some(image) => image,
            None => self.assemble(&selection, target).await?,
        };
        note(&self.store, spec, indexes, &name)?;
        Ok((name, image))
    }

    /// Where the indexes of packages are, as the release files of the archives say.
    async fn indexes(&self, spec: &Spec) -> Result<Vec<ListedIndex>, RunImageError> {
        let mut indexes = Vec::new();
        for (archive, suffix) in ARCHIVES {
            if !suffix.is_empty() && self.fetcher.registries().get(archive, None).is_err() {
                continue;
            }
            let codename = format!("{}{suffix}", spec.suite.codename);
            let directory = format!("{archive}:dists/{codename}");
            let fetched = self.fetch_debian(&[(format!("{directory}/InRelease"), None)]).await?;
            let text = first(&fetched).map(Blob::to_vec).transpose()?.unwrap_or_default();
            let release = self.release(&text).map_err(RunImageError::Release)?;
            if release.codename != codename {
                return Err(RunImageError::Codename { wanted: codename, found: release.codename });
            }
            let file = release.packages(COMPONENT, spec.architecture).map_err(RunImageError::Release)?;
            let path = if release.by_hash { file.by_hash() } else { file.path.clone() };
            indexes.push(ListedIndex { archive, source: format!("{directory}/{path}"), digest: file.digest });
        }
        Ok(indexes)
    }

    async fn index(&self, listed: &ListedIndex) -> Result<Index, RunImageError> {
        let packages = self.fetch_debian(&[(listed.source.clone(), Some(listed.digest))]).await?;
        let packages = first(&packages).cloned().unwrap_or_else(|| Vec::new().into());
        block_in_place(|| Index::read(listed.archive, &packages)).map_err(RunImageError::Index)
    }

    /// The release file, and whose word it is.
    fn release(&self, text: &[u8]) -> Result<Release, wattle_debian::ReleaseError> {
        if let Some(keyring) = &self.debian_keyring {
            return Release::verify(text, keyring);
        }
        let unchecked = "the signature of the Debian archive is not checked: this machine has no keyring for it";
        self.observer.event(&Event::Warning { text: unchecked.to_owned() });
        Release::parse(text)
    }

    async fn assemble(&self, selection: &Selection, target: &Platform) -> Result<Image, RunImageError> {
        let (run_image, packages) = (selection.name(), selection.packages());
        self.observer.event(&Event::Assembling { run_image: run_image.clone(), packages: packages.len() });
        let requests: Vec<_> = packages.iter().map(|package| (package.reference(), Some(package.digest))).collect();
        let debs = self.fetch_debian(&requests).await?;
        block_in_place(|| {
            let scratch = self.store.scratch()?;
            let unpack = |(package, deb): (&Package, &Fetched)| {
                wattle_debian::unpack(package, &deb.blob, &scratch, archive::Limits::default())
            };
            let unpacked: Result<Vec<Unpacked>, _> = packages.iter().zip(&debs).map(unpack).collect();
            let made = selection.assemble(&unpacked.map_err(RunImageError::Package)?)?;
            let image = self.pack_run_image(&run_image, made, target)?;
            keep(&self.store, &run_image, &image)?;
            Ok(image)
        })
    }

    fn pack_run_image(&self, name: &str, made: RunImage, target: &Platform) -> Result<Image, RunImageError> {
        let tree = made.filesystem.tree;
        let attributes: BTreeMap<String, Attributes> = made
            .filesystem
            .attributes
            .into_iter()
            .map(|(path, it)| (path, Attributes { owner: Owner { uid: it.uid, gid: it.gid }, mode: it.mode }))
            .collect();
        let digest = tree.digest()?;
        let packing = Packing { store: &self.store, observer: &Silent, cancel: Cancel::default() };
        let layer = packing.pack(name, digest, "/", name, &Contents::filesystem(tree, attributes))?;
        Ok(wattle_oci::base(Base {
            platform: target.clone(),
            layer,
            created_by: format!("Debian packages of {name}"),
            created: cnb::CREATED.to_owned(),
            environment: made.environment,
            user: made.user,
            labels: made.labels,
        })?)
    }

    async fn fetch_debian(&self, files: &[(String, Option<Digest>)]) -> Result<Vec<Fetched>, RunImageError> {
        let request = |(source, digest): &(String, _)| Request { source: source.clone(), digest: *digest };
        let requests: Vec<Request> = files.iter().map(request).collect();
        let permission =
            Permission { registries: ARCHIVES.map(|(name, _)| name.to_owned()).into(), ..Permission::default() };
        let telling = Telling { observer: self.observer.clone(), buildpack: "run image".to_owned() };
        let told = telling.begin(requests.len() as u64);
        let fetched = self.fetcher.fetch(&requests, &permission, &told).await.map_err(RunImageError::Fetch)?;
        told.end();
        Ok(fetched)
    }
}

fn first(fetched: &[Fetched]) -> Option<&Blob> {
    fetched.first().map(|fetched| &fetched.blob)
}

/// An index of packages that a release file lists.
struct ListedIndex {
    /// Name of the registry.
    archive: &'static str,
    /// What to ask for.
    source: String,
    digest: Digest,
}

/// Nobody hears how the run image's layer is packed: it is no layer of the application.
struct Silent;

impl crate::event::Observer for Silent {
    fn event(&self, _: &Event) {}
}

/// Where the parts of an assembled run image are in the store.
#[derive(Serialize, Deserialize)]
struct Kept {
    manifest: String,
    config: String,
}

fn document(name: &str) -> String {
    format!("run-image:{name}")
}

/// The run image of this name, if all of it is in the store.
fn kept(store: &Store, name: &str) -> Result<Option<Image>, StoreError> {
    let Some(document) = store.documents().get(&document(name))? else { return Ok(None) };
    let Some(blob) = store.blobs().get_verified(&document.digest)? else { return Ok(None) };
    let Some(kept) = blob.to_vec().ok().and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok()) else {
        return Ok(None);
    };
    let Ok(image) = Image::new(kept.manifest.into_bytes(), kept.config.into_bytes()) else { return Ok(None) };
    let mut blobs = BTreeMap::new();
    for layer in image.layers() {
        let Some(blob) = store.blobs().get(&layer.descriptor.digest)? else { return Ok(None) };
        blobs.insert(layer.descriptor.digest, blob);
    }
    Ok(Some(image.with_blobs(|descriptor| blobs.get(&descriptor.digest).cloned())))
}

/// By what the selection from these indexes is known.
fn selection(spec: &Spec, indexes: &[ListedIndex]) -> String {
    let digests: Vec<_> = indexes.iter().map(|index| index.digest).collect();
    format!("run-image-of:{}", Digest::of(format!("{spec:?} {digests:?}").as_bytes()))
}

/// The image that was selected from these very indexes before, so that they need not be read again.
fn known(store: &Store, spec: &Spec, indexes: &[ListedIndex]) -> Result<Option<(String, Image)>, RunImageError> {
    let Some(document) = store.documents().get(&selection(spec, indexes))? else { return Ok(None) };
    let Some(blob) = store.blobs().get_verified(&document.digest)? else { return Ok(None) };
    let name = String::from_utf8_lossy(&blob.to_vec()?).into_owned();
    Ok(kept(store, &name)?.map(|image| (name, image)))
}

fn note(store: &Store, spec: &Spec, indexes: &[ListedIndex], name: &str) -> Result<(), RunImageError> {
    put(store, &selection(spec, indexes), name.as_bytes())
}

fn put(store: &Store, document: &str, bytes: &[u8]) -> Result<(), RunImageError> {
    let mut writer = store.blobs().writer(None)?;
    writer.write_all(bytes)?;
    let (digest, _) = writer.commit()?;
    let noted = wattle_store::Document { digest, etag: None, last_modified: None, fetched_from: String::new() };
    Ok(store.documents().put(document, &noted)?)
}

fn keep(store: &Store, name: &str, image: &Image) -> Result<(), RunImageError> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let kept = Kept { manifest: text(image.manifest().bytes()), config: text(image.config().bytes()) };
    put(store, &document(name), &serde_json::to_vec(&kept).map_err(std::io::Error::from)?)
}
