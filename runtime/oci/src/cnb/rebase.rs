//! Another run image below an application (Platform specification, "rebaser").
//!
//! The layers of the run image are exchanged, nothing above them is touched, and no byte of a layer is needed. What the
//! image says of the run image is brought up to date, by the reference implementation's rules: the target and the labels
//! `io.buildpacks.base.*` and `io.buildpacks.stack.*` are the new run image's, everything else stays, the environment, the
//! user and the entry point among it.

mod check;
mod error;
mod label;
mod names;
mod notes;
mod obstacles;

pub use error::RebaseError;
pub use names::BaseName;
pub use notes::RebaseNote;
pub use obstacles::rebase_obstacles;

use super::labels::{LIFECYCLE_METADATA, RunImage, RunImageName};
use crate::compose::{assemble, base_history};
use crate::{Config, Digest, History, Image, ImageConfig, Layer};
use check::Checks;
use label::Lifecycle;
use std::collections::BTreeMap;

/// Labels that tell of the run image, and come from it.
const BASE_LABELS: [&str; 2] = ["io.buildpacks.base.", "io.buildpacks.stack."];
/// What the configuration says of the operating system besides its name.
const OS_FIELDS: [&str; 2] = ["os.version", "os.features"];

/// A run image to put an image on.
#[derive(Debug, Clone)]
pub struct NewBase<'a> {
    /// The image. The bytes of its layers need not be here.
    pub image: &'a Image,
    /// The name by which it was found.
    pub name: BaseName,
    /// Its name by digest, as the new image is to record it.
    pub reference: String,
}

/// How to rebase.
#[derive(Debug, Clone, Copy, Default)]
pub struct RebaseOptions {
    /// Goes on where [`RebaseError::may_be_forced`] says so.
    pub force: bool,
}

/// An image on another run image.
#[derive(Debug)]
pub struct Rebased {
    /// It; the very image that was given if it is on this run image already.
    pub image: Image,
    /// False if nothing had to be done.
    pub changed: bool,
    /// What it said of its run image.
    pub old: RunImage,
    /// What it says now.
    pub new: RunImage,
    /// How many layers of the old run image went.
    pub removed: usize,
    /// How many layers of the new run image came.
    pub added: usize,
    /// How many layers stayed.
    pub kept: usize,
    /// What would have stopped it without `force`.
    pub overridden: Vec<RebaseError>,
    /// What its user may want to know.
    pub notes: Vec<RebaseNote>,
}

/// The names by which a newer run image of `image` is found, bounded in length and number, and otherwise as `image` has
/// them: nobody has to believe it.
pub fn recorded_run_image(image: &Image) -> Result<RunImageName, RebaseError> {
    Ok(Lifecycle::of(image)?.names())
}

/// Puts `image` on `base`. Images of Wattle and of the reference implementation are taken alike.
pub fn rebase(image: &Image, base: &NewBase<'_>, options: RebaseOptions) -> Result<Rebased, RebaseError> {
    let lifecycle = Lifecycle::of(image)?;
    let cut = lifecycle.cut(image)?;
    let mut checks = Checks::new(options.force);
    let names = check::all(&mut checks, image, base, &lifecycle)?;
    let above = history_above(&mut checks, image, cut)?;
    let top = base.image.layers().last().ok_or(RebaseError::EmptyBase)?.diff_id;
    let old = lifecycle.run_image().clone();
    let new = renewed(&old, base, top, names);
    let text = lifecycle.with(&new)?;
    let config = configuration(image, base.image, text, above, cut);
    let changed = !is_on(image, base.image, &config, cut);
    let rebased = if changed { put_together(image, base.image, config, cut)? } else { image.clone() };
    Ok(Rebased {
        notes: notes::of(&image.config().value().config, &base.image.config().value().config),
        image: rebased,
        changed,
        old,
        new,
        removed: cut,
        added: base.image.layers().len(),
        kept: image.layers().len() - cut,
        overridden: checks.overridden,
    })
}

/// What the image is to say of its run image. What means the same stays as it is written.
fn renewed(old: &RunImage, base: &NewBase<'_>, top: Digest, names: Option<RunImageName>) -> RunImage {
    let digest = base.image.digest().to_string();
    let same = old.reference.rsplit_once('@').is_some_and(|(_, recorded)| recorded == digest);
    let reference = if same { old.reference.clone() } else { base.reference.clone() };
    let (image, mirrors) = match names {
        Some(names) => (names.image, names.mirrors),
        None => (old.image.clone(), old.mirrors.clone()),
    };
    RunImage { top_layer: Some(top), reference, image, mirrors }
}

/// What the history says of the layers that stay. One entry a layer, or else other tools take the wrong ones.
fn history_above(checks: &mut Checks, image: &Image, cut: usize) -> Result<Vec<History>, RebaseError> {
    let config = image.config().value();
    let (entries, layers) = (of_layers(&config.history), image.layers().len());
    if entries.len() == layers {
        return Ok(entries.into_iter().skip(cut).collect());
    }
    // No history at all is allowed (OCI image specification, "Image Configuration"); half of one is damage.
    if !entries.is_empty() {
        checks.refuse(RebaseError::History { entries: entries.len(), layers })?;
    }
    let blank = History { created: config.created.clone(), ..History::default() };
    Ok(vec![blank; layers - cut])
}

fn of_layers(history: &[History]) -> Vec<History> {
    history.iter().filter(|entry| !entry.empty_layer).cloned().collect()
}

fn configuration(image: &Image, base: &Image, lifecycle: String, above: Vec<History>, cut: usize) -> ImageConfig {
    let (mut config, below) = (image.config().value().clone(), base.config().value());
    config.os.clone_from(&below.os);
    config.architecture.clone_from(&below.architecture);
    config.variant.clone_from(&below.variant);
    for field in OS_FIELDS {
        config.other.remove(field);
        config.other.extend(below.other.get(field).map(|value| (field.to_owned(), value.clone())));
    }
    config.config.labels = labels(&config.config, &below.config);
    config.config.labels.insert(LIFECYCLE_METADATA.to_owned(), lifecycle);
    config.history = base_history(below).into_iter().chain(above).collect();
    config.rootfs.diff_ids.splice(..cut, base.layers().iter().map(|layer| layer.diff_id));
    config
}

fn labels(image: &Config, base: &Config) -> BTreeMap<String, String> {
    let of_base = |key: &str| BASE_LABELS.iter().any(|prefix| key.starts_with(prefix));
    let own = image.labels.iter().filter(|(key, _)| !of_base(key));
    let theirs = base.labels.iter().filter(|(key, _)| of_base(key));
    own.chain(theirs).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// True if an image with this configuration would be the same but for what its history says.
fn is_on(image: &Image, base: &Image, config: &ImageConfig, cut: usize) -> bool {
    let digests = |layers: &[Layer]| layers.iter().map(|layer| layer.descriptor.digest).collect::<Vec<_>>();
    let found = image.config().value();
    let history = found.history.clone();
    digests(&image.layers()[..cut]) == digests(base.layers()) && ImageConfig { history, ..config.clone() } == *found
}

fn put_together(image: &Image, base: &Image, config: ImageConfig, cut: usize) -> Result<Image, RebaseError> {
    let layers: Vec<Layer> = base.layers().iter().chain(&image.layers()[cut..]).cloned().collect();
    let mut annotations = image.manifest().value().annotations.clone();
    annotations.extend(base.manifest().value().annotations.clone());
    Ok(assemble(annotations, config, &layers)?)
}

#[cfg(test)]
mod tests;
