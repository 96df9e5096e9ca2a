//! Small images, and how to move them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use wattle_oci::{Config, Descriptor, Digest, Document, Image, ImageConfig, Manifest, Platform, RootFs, media};
use wattle_transport::{Location, Outcome, Progress, Settings, Source, Transport, TransportError, Written};
use wattle_tree::Blob;

pub(crate) fn platform() -> Platform {
    Platform::new("linux", "amd64")
}

/// An image with these layers, whose bytes mean nothing.
pub(crate) fn image(layers: &[Blob]) -> Image {
    let descriptor = |blob: &Blob| Descriptor::new(media::LAYER_GZIP, blob.digest().unwrap(), blob.len());
    let descriptors: Vec<Descriptor> = layers.iter().map(descriptor).collect();
    let config = ImageConfig {
        architecture: "amd64".into(),
        os: "linux".into(),
        config: Config::default(),
        rootfs: RootFs { kind: "layers".into(), diff_ids: descriptors.iter().map(|layer| layer.digest).collect() },
        ..ImageConfig::default()
    };
    let config = Document::write(config, "the configuration").unwrap();
    let manifest = Manifest::new(config.descriptor(media::CONFIG), descriptors);
    let manifest = Document::write(manifest, "the manifest").unwrap();
    let blobs: BTreeMap<Digest, Blob> = layers.iter().map(|blob| (blob.digest().unwrap(), blob.clone())).collect();
    Image::new(manifest.bytes(), config.bytes()).unwrap().with_blobs(|layer| blobs.get(&layer.digest).cloned())
}

/// The same image, whose layers are known by digest only.
pub(crate) fn without_bytes(image: &Image) -> Image {
    Image::new(image.manifest().bytes(), image.config().bytes()).unwrap()
}

/// Bytes that no other seed gives.
pub(crate) fn bytes(seed: &str, len: usize) -> Blob {
    seed.bytes().cycle().take(len).collect::<Vec<u8>>().into()
}

/// Remembers what became of each blob, in the order of the layers.
#[derive(Default)]
pub(crate) struct Outcomes(Mutex<Vec<(Digest, Outcome)>>);

impl Progress for Outcomes {
    fn finished(&self, blob: &Descriptor, outcome: Outcome) {
        self.0.lock().unwrap().push((blob.digest, outcome));
    }
}

impl Outcomes {
    fn of(&self, image: &Image) -> Vec<Outcome> {
        let all = self.0.lock().unwrap();
        let find = |digest: Digest| all.iter().find(|(found, _)| *found == digest).map(|(_, outcome)| *outcome);
        image.layers().iter().filter_map(|layer| find(layer.descriptor.digest)).collect()
    }
}

/// Waits for one thing.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

pub(crate) fn transport() -> Transport {
    Transport::new(Settings::default()).unwrap()
}

pub(crate) fn at(text: &str) -> Location {
    text.parse().unwrap()
}

pub(crate) fn read(from: &str) -> Result<Source, TransportError> {
    wait(transport().read(&at(from), &platform()))
}

/// Writes an image; gives what became of each of its layers too.
pub(crate) fn write(image: &Image, base: Option<&Source>, to: &str) -> Result<(Written, Vec<Outcome>), TransportError> {
    let outcomes = Outcomes::default();
    let written = wait(transport().write(image, base, &at(to), &outcomes))?;
    Ok((written, outcomes.of(image)))
}

/// All of an error, and what to do about it.
pub(crate) fn explain(error: &TransportError) -> String {
    let mut text = format!("{:?}: {error}", error.fault());
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    format!("{text}\n{}", error.hint().unwrap_or_default())
}
