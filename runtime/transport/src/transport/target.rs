//! Where an image goes.

use super::origin::Origin;
use super::{Source, TransportError, Written, on_disk};
use crate::auth::canonical;
use crate::content::{self, Pieces};
use crate::layout::Writer;
use crate::location::{LATEST, Location};
use crate::progress::{Outcome, Progress};
use crate::registry::Repository;
use std::path::PathBuf;
use wattle_oci::{Descriptor, Document, Image, Index, Reference, media};
use wattle_tree::Blob;

/// Where an image goes.
pub(super) enum Target {
    /// A directory.
    Layout { writer: Writer, path: PathBuf, tag: String },
    /// A registry.
    Registry { repository: Repository, reference: Reference },
}

/// What was moved so far.
#[derive(Default)]
pub(super) struct Tally {
    size: u64,
    reused: usize,
    sent: u64,
}

impl Tally {
    pub(super) fn add(&mut self, size: u64, outcome: Outcome) {
        self.size += size;
        self.reused += usize::from(outcome.is_reused());
        self.sent += if outcome.is_reused() { 0 } else { size };
    }
}

/// The repository that blobs of `source` can be mounted from: another one of the same registry.
pub(super) fn mountable<'a>(to: &Reference, source: &'a Source) -> Option<&'a str> {
    repository_beside(to, source).filter(|from| *from != to.repository())
}

/// The repository of `source`, if it is in the same registry.
fn repository_beside<'a>(to: &Reference, source: &'a Source) -> Option<&'a str> {
    match &source.location {
        Location::Registry(from) if canonical(from.registry()) == canonical(to.registry()) => Some(from.repository()),
        _ => None,
    }
}

/// Of the images that have `blob`, the one that it comes from with least effort.
pub(super) fn nearest<'a>(target: &Target, sources: &[&'a Source], blob: &Descriptor) -> Option<&'a Source> {
    let having = sources.iter().copied().filter(|source| source.has(blob));
    having.min_by_key(|source| match (target, &source.location) {
        (Target::Registry { reference, .. }, Location::Registry(_)) => match repository_beside(reference, source) {
            Some(repository) if repository == reference.repository() => 0,
            Some(_) => 1,
            None => 3,
        },
        (_, Location::Layout { .. } | Location::Archive { .. }) => 2,
        (Target::Layout { .. }, Location::Registry(_)) => 3,
    })
}

impl Target {
    /// Brings a layer there.
    pub(super) async fn put_layer(
        &self,
        blob: &Descriptor,
        origin: &Origin,
        source: Option<&Source>,
        progress: &dyn Progress,
    ) -> Result<Outcome, TransportError> {
        let mut advanced = |position| progress.advanced(blob, position);
        match self {
            Target::Layout { writer, .. } => put_in_layout(writer, blob, origin, &mut advanced).await,
            Target::Registry { repository, reference } => {
                let beside = source.and_then(|source| repository_beside(reference, source));
                if beside == Some(reference.repository()) {
                    return Ok(Outcome::Present);
                }
                // Local bytes are for the registry to check; those of another registry may come damaged.
                let open = || origin.pieces(blob).map(|pieces| content::verified(pieces, blob));
                let outcome = repository.put_blob(blob, beside, &open, &mut advanced).await?;
                outcome.ok_or(TransportError::MissingLayer(blob.digest))
            }
        }
    }

    /// Brings configuration and manifest there, without a name: the image of one platform.
    pub(super) async fn put_image(&self, image: &Image, tally: &mut Tally) -> Result<Descriptor, TransportError> {
        let config = image.manifest().value().config.clone();
        let mut manifest = image.descriptor();
        let outcome = match self {
            Target::Layout { writer, .. } => {
                let (writer, image, config) = (writer.clone(), image.clone(), config.clone());
                on_disk(move || {
                    let outcome = writer.put(&config, image.config().bytes())?;
                    writer.put(&image.descriptor(), image.manifest().bytes())?;
                    Ok(outcome)
                })
                .await?
            }
            Target::Registry { repository, .. } => {
                let outcome = put_config(repository, &config, image).await?;
                let name = manifest.digest.to_string();
                repository.put_manifest(&name, &manifest, image.manifest().bytes()).await?;
                outcome
            }
        };
        tally.add(config.size, outcome);
        tally.add(manifest.size, Outcome::Sent);
        manifest.platform = Some(image.config().value().platform());
        Ok(manifest)
    }

    /// Gives the images that are there, one for each platform, their name.
    pub(super) async fn finish_index(self, images: Vec<Descriptor>, tally: Tally) -> Result<Written, TransportError> {
        let index = Document::write(Index::new(images), "the index of images").map_err(TransportError::Index)?;
        let descriptor = index.descriptor(media::INDEX);
        let digest = descriptor.digest;
        let bytes = index.bytes().to_vec();
        let reference = match self {
            Target::Layout { writer, path, tag } => {
                let (reference, descriptor) = (format!("oci:{}@{digest}", path.display()), descriptor.clone());
                on_disk(move || {
                    writer.put(&descriptor, &bytes)?;
                    writer.finish(descriptor, &tag)
                })
                .await?;
                reference
            }
            Target::Registry { repository, reference } => {
                repository.put_manifest(reference.tag().unwrap_or(LATEST), &descriptor, &bytes).await?;
                reference.at(digest).to_string()
            }
        };
        let (size, sent) = (tally.size + descriptor.size, tally.sent + descriptor.size);
        Ok(Written { digest, size, reference, blobs_reused: tally.reused, bytes_sent: sent })
    }

    /// Brings configuration and manifest there, and gives the image its name.
    pub(super) async fn finish(self, image: &Image, mut tally: Tally) -> Result<Written, TransportError> {
        let config = image.manifest().value().config.clone();
        let manifest = image.descriptor();
        let digest = image.digest();
        let (outcome, reference) = match self {
            Target::Layout { writer, path, tag } => {
                let (image, config) = (image.clone(), config.clone());
                let reference = format!("oci:{}@{digest}", path.display());
                (on_disk(move || put_image(writer, &image, &config, &tag)).await?, reference)
            }
            Target::Registry { repository, reference } => {
                let outcome = put_config(&repository, &config, image).await?;
                let tag = reference.tag().unwrap_or(LATEST);
                repository.put_manifest(tag, &manifest, image.manifest().bytes()).await?;
                (outcome, reference.at(digest).to_string())
            }
        };
        tally.add(config.size, outcome);
        let (size, sent) = (tally.size + manifest.size, tally.sent + manifest.size);
        Ok(Written { digest, size, reference, blobs_reused: tally.reused, bytes_sent: sent })
    }
}

async fn put_in_layout(
    writer: &Writer,
    blob: &Descriptor,
    origin: &Origin,
    advanced: &mut (dyn FnMut(u64) + Send),
) -> Result<Outcome, TransportError> {
    if writer.has(blob) {
        return Ok(Outcome::Present);
    }
    if let Origin::Layout { layout, .. } = origin {
        let (writer, layout, blob) = (writer.clone(), layout.clone(), blob.clone());
        if on_disk(move || writer.take_over(&layout, &blob)).await? {
            return Ok(Outcome::Linked);
        }
    }
    let pieces: Pieces = origin.pieces(blob).ok_or(TransportError::MissingLayer(blob.digest))?;
    let (place, wanted) = (writer.clone(), blob.clone());
    let pending = on_disk(move || place.begin(&wanted)).await?;
    let pending = content::drain(pieces, blob, pending, advanced).await?;
    on_disk(move || pending.keep()).await?;
    Ok(Outcome::Sent)
}

fn put_image(
    writer: Writer,
    image: &Image,
    config: &Descriptor,
    tag: &str,
) -> Result<Outcome, crate::layout::LayoutError> {
    let outcome = writer.put(config, image.config().bytes())?;
    let mut manifest = image.descriptor();
    writer.put(&manifest, image.manifest().bytes())?;
    manifest.platform = Some(image.config().value().platform());
    writer.finish(manifest, tag)?;
    Ok(outcome)
}

async fn put_config(repository: &Repository, config: &Descriptor, image: &Image) -> Result<Outcome, TransportError> {
    let bytes = Blob::from(image.config().bytes().to_vec());
    let open = || Some(content::pieces(&bytes, config.digest));
    let outcome = repository.put_blob(config, None, &open, &mut |_| {}).await?;
    outcome.ok_or(TransportError::MissingLayer(config.digest))
}
