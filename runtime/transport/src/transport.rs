//! The one way in: reading an image from a location, and writing one to it.

mod error;
mod origin;
mod target;

pub use error::{Fault, TransportError};

use crate::auth::Keychain;
use crate::content;
use crate::layout::{Layout, LayoutError, Writer};
use crate::location::{LATEST, Location, Pick};
use crate::progress::{Outcome, Progress};
use crate::registry::{Net, Registry};
use crate::select::Named;
use crate::settings::Settings;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use origin::Origin;
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use target::{Tally, Target, mountable, nearest};
use tokio::sync::OnceCell;
use wattle_oci::{Descriptor, Digest, Image, Layer, Platform, Reference};

/// Blobs on their way at once.
const AT_ONCE: usize = 4;

/// Brings images from where they are to where they should be. Needs a runtime of tokio with time and I/O. Every future
/// can be dropped at any time: what was there stays, and nothing half-written does.
pub struct Transport {
    settings: Settings,
    keychain: Arc<Keychain>,
    net: OnceCell<Arc<Net>>,
    registries: Mutex<HashMap<String, Registry>>,
}

/// An image, and where it came from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The image. Layers of a registry have no bytes here, nor have those of a compressed archive; those of a layout have
    /// those that the layout has.
    pub image: Image,
    /// Where it was read, as it was named.
    pub location: Location,
    /// Digest of its manifest: that of the image for one platform, even when the location names an index.
    pub digest: Digest,
    /// The platforms that the location names images for, if it names an index of images, of which this is one.
    pub among: Option<Vec<Platform>>,
}

/// An image that is where it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Digest of its manifest.
    pub digest: Digest,
    /// Bytes of its manifest, configuration and layers, as they are stored.
    pub size: u64,
    /// Its name, for ever: `registry/repository@digest`, or `oci:path@digest`.
    pub reference: String,
    /// Blobs of which no byte had to move.
    pub blobs_reused: usize,
    /// Bytes that had to, manifest included.
    pub bytes_sent: u64,
}

impl Source {
    /// True if the image has that layer.
    fn has(&self, blob: &Descriptor) -> bool {
        self.image.layers().iter().any(|layer| layer.descriptor.digest == blob.digest)
    }
}

impl Transport {
    /// Reads the credentials in `settings`; makes no connection yet.
    pub fn new(settings: Settings) -> Result<Transport, TransportError> {
        let keychain = Arc::new(Keychain::new(&settings)?);
        Ok(Transport { settings, keychain, net: OnceCell::new(), registries: Mutex::default() })
    }

    /// Reads the image at `from` for `platform`: its manifest and configuration, checked against their digests, and what
    /// layers a layout has. No layer of a registry is fetched.
    pub async fn read(&self, from: &Location, platform: &Platform) -> Result<Source, TransportError> {
        let Named { image, among } = match from {
            Location::Layout { path, pick } => {
                let (path, pick, platform) = (path.clone(), pick.clone(), platform.clone());
                on_disk(move || Layout::open(&path)?.read(&pick, &platform)).await?
            }
            Location::Archive { path, pick } => {
                let (path, pick, platform) = (path.clone(), pick.clone(), platform.clone());
                on_disk(move || Layout::open_archive(&path)?.read(&pick, &platform)).await?
            }
            Location::Registry(reference) => {
                let repository = self.registry(reference).await?.to_read(reference.repository());
                repository.read(reference, platform).await?
            }
        };
        Ok(Source { digest: image.digest(), image, location: from.clone(), among })
    }

    /// Writes the compressed bytes of one layer of `source` into `into`, which is handed back when they were what they
    /// should be.
    pub async fn fetch<W: Write + Send + 'static>(
        &self,
        source: &Source,
        layer: &Layer,
        into: W,
        progress: &dyn Progress,
    ) -> Result<W, TransportError> {
        let blob = &layer.descriptor;
        progress.started(blob);
        let origin = self.origin(layer, Some(source)).await?;
        let pieces = origin.pieces(blob).ok_or(TransportError::MissingLayer(blob.digest))?;
        let into = content::drain(pieces, blob, into, |position| progress.advanced(blob, position)).await?;
        progress.finished(blob, Outcome::Sent);
        Ok(into)
    }

    /// Fails early where [`Transport::write`] would fail late: a directory that cannot be written, a registry that does not
    /// answer, or lets us write nothing (Platform specification, "Analyze"). That it succeeds is no promise. Gives the image
    /// that is there, if there is one that can be read.
    pub async fn check(&self, to: &Location, platform: &Platform) -> Result<Option<Source>, TransportError> {
        match to {
            Location::Layout { path, .. } => {
                let path = path.clone();
                on_disk(move || Writer::check(&path)).await?;
            }
            Location::Archive { .. } => return Err(TransportError::ReadOnly(to.clone().into())),
            Location::Registry(reference) => {
                self.registry(reference).await?.to_write(reference.repository(), &[]).may_write().await?;
            }
        }
        match (to, self.read(to, platform).await) {
            (Location::Registry(_), Err(error)) if error.fault() == Fault::Unreachable => Err(error),
            (_, there) => Ok(there.ok()),
        }
    }

    /// Writes `image` to `to`. Layers without bytes are taken from where `base` came from, by the cheapest way there is.
    /// The image gets its name when everything it consists of is there.
    pub async fn write(
        &self,
        image: &Image,
        base: Option<&Source>,
        to: &Location,
        progress: &dyn Progress,
    ) -> Result<Written, TransportError> {
        self.write_from(image, base.as_slice(), to, progress).await
    }

    /// Writes `image` to `to`, like [`Transport::write`], with layers of several other images in it. What an image in the
    /// same repository has is there: nobody is asked for it.
    pub async fn write_from(
        &self,
        image: &Image,
        sources: &[&Source],
        to: &Location,
        progress: &dyn Progress,
    ) -> Result<Written, TransportError> {
        let target = self.target(to, sources).await?;
        let mut tally = Tally::default();
        self.put_layers(image, sources, &target, &mut tally, progress).await?;
        target.finish(image, tally).await
    }

    /// Writes `images`, each for another platform, to `to` under one name: an index of them (OCI image index
    /// specification). All of their layers have bytes.
    pub async fn write_index(
        &self,
        images: &[Image],
        to: &Location,
        progress: &dyn Progress,
    ) -> Result<Written, TransportError> {
        let target = self.target(to, &[]).await?;
        let mut tally = Tally::default();
        let mut descriptors = Vec::with_capacity(images.len());
        for image in images {
            self.put_layers(image, &[], &target, &mut tally, progress).await?;
            descriptors.push(target.put_image(image, &mut tally).await?);
        }
        target.finish_index(descriptors, tally).await
    }

    async fn put_layers(
        &self,
        image: &Image,
        sources: &[&Source],
        target: &Target,
        tally: &mut Tally,
        progress: &dyn Progress,
    ) -> Result<(), TransportError> {
        let mut seen = HashSet::new();
        let once = image.layers().iter().filter(|it| seen.insert(it.descriptor.digest));
        let layers: Vec<Layer> = once.cloned().collect();
        let mut moves = stream::iter(layers)
            .map(|layer| async move {
                let blob = &layer.descriptor;
                progress.started(blob);
                let source = nearest(target, sources, blob);
                let origin = self.origin(&layer, source).await?;
                let outcome = target.put_layer(blob, &origin, source, progress).await?;
                progress.finished(blob, outcome);
                Ok::<_, TransportError>((blob.size, outcome))
            })
            .buffer_unordered(AT_ONCE);
        while let Some((size, outcome)) = moves.try_next().await? {
            tally.add(size, outcome);
        }
        Ok(())
    }

    async fn target(&self, to: &Location, sources: &[&Source]) -> Result<Target, TransportError> {
        let pinned = || TransportError::Pinned(to.clone().into());
        match to {
            Location::Registry(reference) if reference.digest().is_some() => Err(pinned()),
            Location::Registry(reference) => {
                let from: Vec<&str> = sources.iter().filter_map(|source| mountable(reference, source)).collect();
                let repository = self.registry(reference).await?.to_write(reference.repository(), &from);
                Ok(Target::Registry { repository, reference: reference.clone() })
            }
            Location::Archive { .. } => Err(TransportError::ReadOnly(to.clone().into())),
            Location::Layout { path, pick } => {
                let tag = match pick {
                    Pick::Default => LATEST.to_owned(),
                    Pick::Tag(tag) => tag.clone(),
                    Pick::Digest(_) => return Err(pinned()),
                };
                let (place, path) = (path.clone(), path.clone());
                let writer = on_disk(move || Writer::open(&place)).await?;
                Ok(Target::Layout { writer, path, tag })
            }
        }
    }

    /// Where the bytes of a layer can be had.
    async fn origin(&self, layer: &Layer, base: Option<&Source>) -> Result<Origin, TransportError> {
        let base = base.filter(|base| base.has(&layer.descriptor)).map(|base| &base.location);
        if let Some(Location::Layout { path, .. }) = base {
            let layout = Layout::at(path);
            if let Some(blob) = layout.blob(&layer.descriptor) {
                return Ok(Origin::Layout { layout, blob });
            }
        }
        Ok(match (&layer.blob, base) {
            (Some(blob), _) => Origin::Blob(blob.clone()),
            (None, Some(Location::Registry(reference))) => {
                Origin::Remote(self.registry(reference).await?.to_read(reference.repository()))
            }
            (None, _) => Origin::Nowhere,
        })
    }

    async fn registry(&self, reference: &Reference) -> Result<Registry, TransportError> {
        let net = self.net.get_or_try_init(async || Net::new(&self.settings).map(Arc::new)).await?;
        let name = reference.registry();
        let mut known = self.registries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(registry) = known.get(name) {
            return Ok(registry.clone());
        }
        let registry = Registry::new(name, net.clone(), self.keychain.clone())?;
        known.insert(name.to_owned(), registry.clone());
        Ok(registry)
    }
}

/// Runs what works on a directory where it holds nobody up.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LayoutError> + Send + 'static,
) -> Result<T, LayoutError> {
    content::blocking(work, |source| LayoutError::Disk { what: "work on", path: Path::new("").to_owned(), source })
        .await
}
