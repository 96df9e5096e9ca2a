//! What an image is put on: one that was named, or one that is assembled from Debian packages, once.

use super::archive::{ArchiveError, Archives, Listed, Place};
use super::filesystem::{pack, tell};
use super::notes::{note, noted};
use crate::error::{EngineError, Fault};
use crate::event::Event;
use crate::packing::Packing;
use crate::request::Engine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::str::FromStr;
use tokio::task::block_in_place;
use wattle_debian::{Architecture, AssembleError, RunImage, Selection, Spec};
use wattle_oci::{Base, Image, Platform, cnb};
use wattle_sandbox::Cancel;
use wattle_store::{Store, StoreError};
use wattle_transport::{Location, Pick, Source};
use wattle_tree::Digest;

/// The parts of the archives that are searched.
pub(super) const COMPONENTS: [&str; 1] = ["main"];

/// Why there is no run image.
#[derive(Debug, thiserror::Error)]
pub enum RunImageError {
    /// There is no default run image; another can be named.
    #[error(transparent)]
    Default(Box<RunImageError>),
    /// Debian has no packages for it.
    #[error("no run image can be assembled for `{0}`")]
    Platform(String),
    /// Its packages cannot be had.
    #[error("the packages of the run image cannot be had")]
    Archive(#[from] ArchiveError),
    /// The lock is not one for this image.
    #[error("the run image cannot be made of what is locked")]
    Lock(#[source] wattle_debian::LockError),
    /// A package that is locked is gone.
    #[error("the archive has a locked package no more")]
    Superseded(#[source] wattle_fetch::FetchError),
    /// The packages do not make an image.
    #[error(transparent)]
    Assemble(#[from] wattle_debian::RunImageError),
    /// The store is in the way.
    #[error("the run image cannot be kept")]
    Store(#[from] StoreError),
    /// Its layer cannot be packed.
    #[error("the run image cannot be packed")]
    Pack(#[from] std::io::Error),
    /// The parts do not make an image.
    #[error("the run image cannot be put together")]
    Image(#[from] wattle_oci::BaseError),
}

impl RunImageError {
    /// Stable, for programs.
    pub(crate) fn code(&self) -> String {
        match self {
            RunImageError::Default(error) => return error.code(),
            RunImageError::Archive(error) => return error.code(),
            RunImageError::Platform(_) => "run-image/platform",
            RunImageError::Lock(_) => "run-image/lock",
            RunImageError::Superseded(_) => "run-image/superseded",
            _ => "run-image/assemble",
        }
        .to_owned()
    }

    pub(crate) fn fault(&self) -> Fault {
        match self {
            RunImageError::Default(error) => error.fault(),
            RunImageError::Archive(error) if error.is_of_user() => Fault::Usage,
            RunImageError::Platform(_)
            | RunImageError::Lock(_)
            | RunImageError::Superseded(_)
            | RunImageError::Assemble(
                wattle_debian::RunImageError::Resolve { .. }
                | wattle_debian::RunImageError::Assemble { source: AssembleError::User { .. }, .. },
            ) => Fault::Usage,
            _ => Fault::World,
        }
    }

    pub(crate) fn hints(&self) -> Vec<String> {
        match self {
            RunImageError::Default(error) => {
                let mut hints = error.hints();
                hints.push("name a run image with `--run-image` instead".to_owned());
                hints
            }
            RunImageError::Archive(error) => error.hints(),
            RunImageError::Platform(platform) => spelled(platform),
            RunImageError::Lock(_) | RunImageError::Superseded(_) => {
                vec!["choose packages anew with `wattle run-image update`".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}

/// What somebody may have meant who names an architecture as compilers do.
fn spelled(platform: &str) -> Vec<String> {
    let meant = [("x86_64", "amd64"), ("x64", "amd64"), ("aarch64", "arm64")];
    let meant = meant.iter().find(|(said, _)| platform.split('/').any(|part| part == *said));
    meant.map(|(_, architecture)| format!("did you mean `--platform linux/{architecture}`?")).into_iter().collect()
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
            None => self.assembled(target).await.map_err(|error| RunImageError::Default(error.into()))?,
        };
        let digest = chosen.source.digest.to_string();
        self.observer.event(&Event::RunImage { reference: chosen.name.clone(), digest });
        Ok(chosen)
    }

    async fn named(&self, target: &Platform, location: &Location) -> Result<Chosen, EngineError> {
        let source = self.read_image(location, target).await?;
        if source.image.config().label(cnb::LIFECYCLE_METADATA).is_some() {
            return Err(EngineError::RunImageIsApplication(location.to_string()));
        }
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
        let archives = self.archives();
        let places = Place::of(&spec.suite, architecture)?;
        let components = COMPONENTS.map(str::to_owned);
        let indexes = archives.listed(&spec.suite, &places, &components, architecture).await?;
        let (name, image) = match known(&self.store, &spec, &indexes)? {
            Some(known) => known,
            None => self.selected(&archives, &spec, &indexes, target).await?,
        };
        let location = Location::layout(&name, Pick::Default);
        Ok(Chosen { source: Source { digest: image.digest(), image, location, among: None }, name })
    }

    /// The image of the newest packages in these indexes, assembled unless it is in the store.
    async fn selected(
        &self,
        archives: &Archives,
        spec: &Spec,
        indexes: &[Listed],
        target: &Platform,
    ) -> Result<(String, Image), RunImageError> {
        let selection = spec.select(&archives.index(indexes).await?)?;
        let image = self.assemble(archives, &selection, target).await?;
        let name = selection.name();
        note(&self.store, &selection_from(spec, indexes), &name)?;
        Ok((name, image))
    }

    /// The image of these packages, made unless it is in the store.
    pub(super) async fn assemble(
        &self,
        archives: &Archives,
        selection: &Selection,
        target: &Platform,
    ) -> Result<Image, RunImageError> {
        let (run_image, packages) = (selection.name(), selection.packages());
        if let Some(image) = kept(&self.store, &run_image)? {
            return Ok(image);
        }
        self.observer.event(&Event::Assembling { run_image: run_image.clone(), packages: packages.len() });
        let unpacked = archives.unpacked(packages).await?;
        block_in_place(|| {
            let made = selection.assemble(&unpacked)?;
            let image = self.pack_run_image(&run_image, made, target)?;
            keep(&self.store, &run_image, &image)?;
            Ok(image)
        })
    }

    fn pack_run_image(&self, name: &str, made: RunImage, target: &Platform) -> Result<Image, RunImageError> {
        tell(&*self.observer, &made.filesystem.notes);
        let packing = Packing { store: &self.store, observer: &Silent, cancel: Cancel::default() };
        let layer = pack(&packing, name, made.filesystem)?;
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
fn kept(store: &Store, name: &str) -> std::io::Result<Option<Image>> {
    let Some(kept) = noted::<Kept>(store, &document(name))? else { return Ok(None) };
    let Ok(image) = Image::new(kept.manifest.into_bytes(), kept.config.into_bytes()) else { return Ok(None) };
    let mut blobs = BTreeMap::new();
    for layer in image.layers() {
        let Some(blob) = store.blobs().get(&layer.descriptor.digest)? else { return Ok(None) };
        blobs.insert(layer.descriptor.digest, blob);
    }
    Ok(Some(image.with_blobs(|descriptor| blobs.get(&descriptor.digest).cloned())))
}

/// By what the selection from these indexes is known.
fn selection_from(spec: &Spec, indexes: &[Listed]) -> String {
    let digests: Vec<_> = indexes.iter().map(|index| index.digest).collect();
    format!("run-image-of:{}", Digest::of(format!("{spec:?} {digests:?}").as_bytes()))
}

/// The image that was selected from these very indexes before, so that they need not be read again.
fn known(store: &Store, spec: &Spec, indexes: &[Listed]) -> Result<Option<(String, Image)>, RunImageError> {
    let Some(name) = noted::<String>(store, &selection_from(spec, indexes))? else { return Ok(None) };
    Ok(kept(store, &name)?.map(|image| (name, image)))
}

fn keep(store: &Store, name: &str, image: &Image) -> std::io::Result<()> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let kept = Kept { manifest: text(image.manifest().bytes()), config: text(image.config().bytes()) };
    note(store, &document(name), &kept)
}
