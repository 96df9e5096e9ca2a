//! What an image is put on: one that was named, or one that is assembled from Debian packages, once.

use crate::artifacts::Telling;
use crate::error::{EngineError, Fault};
use crate::event::Event;
use crate::packing::Packing;
use crate::request::Engine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::str::FromStr;
use tokio::task::block_in_place;
use wattle_debian::{Architecture, Index, Package, Release, RunImage, Selection, Spec, Unpacked};
use wattle_fetch::{FetchError, Fetched, Permission, Request};
use wattle_oci::layer::{Attributes, Owner, Source as Contents};
use wattle_oci::{Base, Image, Platform, cnb};
use wattle_store::{Store, StoreError};
use wattle_transport::{Location, Pick, Source};
use wattle_tree::{Blob, archive};

/// Where Debian packages are.
const REGISTRY: &str = "debian";
/// The part of the archive that is searched.
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
        let selection = spec.select(&self.index(&spec).await?)?;
        let name = selection.name();
        let image = match kept(&self.store, &name)? {
            Some(image) => image,
            None => self.assemble(&selection, target).await?,
        };
        let location = Location::layout(&name, Pick::Default);
        Ok(Chosen { source: Source { digest: image.digest(), image, location }, name })
    }

    /// The packages of the suite, verified by its release file.
    async fn index(&self, spec: &Spec) -> Result<Index, RunImageError> {
        let suite = format!("dists/{}", spec.suite.codename);
        let release = self.fetch_debian(&[(format!("{suite}/InRelease"), None)]).await?;
        let text = first(&release).map(Blob::to_vec).transpose()?.unwrap_or_default();
        let release = self.release(&text).map_err(RunImageError::Release)?;
        if release.codename != spec.suite.codename {
            return Err(RunImageError::Codename { wanted: spec.suite.codename.clone(), found: release.codename });
        }
        let file = release.packages(COMPONENT, spec.architecture).map_err(RunImageError::Release)?;
        let path = if release.by_hash { file.by_hash() } else { file.path.clone() };
        let packages = self.fetch_debian(&[(format!("{suite}/{path}"), Some(file.digest))]).await?;
        let packages = first(&packages).cloned().unwrap_or_else(|| Vec::new().into());
        block_in_place(|| Index::read(REGISTRY, &packages)).map_err(RunImageError::Index)
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
        let requests: Vec<_> =
            packages.iter().map(|package| (package.filename.clone(), Some(package.digest))).collect();
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
        let packing = Packing { store: &self.store, observer: &Silent };
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

    async fn fetch_debian(
        &self,
        files: &[(String, Option<wattle_tree::Digest>)],
    ) -> Result<Vec<Fetched>, RunImageError> {
        let request = |(path, digest): &(String, _)| Request { source: format!("{REGISTRY}:{path}"), digest: *digest };
        let requests: Vec<Request> = files.iter().map(request).collect();
        let permission = Permission { registries: [REGISTRY.to_owned()].into(), ..Permission::default() };
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

fn keep(store: &Store, name: &str, image: &Image) -> Result<(), RunImageError> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let kept = Kept { manifest: text(image.manifest().bytes()), config: text(image.config().bytes()) };
    let mut writer = store.blobs().writer(None)?;
    serde_json::to_writer(&mut writer, &kept).map_err(std::io::Error::from)?;
    let (digest, _) = writer.commit()?;
    let noted = wattle_store::Document { digest, etag: None, last_modified: None, fetched_from: String::new() };
    store.documents().put(&document(name), &noted)?;
    Ok(())
}
