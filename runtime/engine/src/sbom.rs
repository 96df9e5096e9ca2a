//! Bills of materials: of what a build makes, from what was fetched for it.
//!
//! No buildpack has to write any: the host has fetched and unpacked everything that came from elsewhere, and so knows which
//! layer has what. A layer's list is kept with its record in the store, for a layer that is reused is not fetched again.

mod read;

pub use read::{BillOfMaterials, BomError, Part};

use crate::build::{Done, DoneStep};
use wattle_oci::cnb::{Sbom, SbomFormat, SbomOf};
use wattle_sandbox::{LayerState, Placed};
use wattle_sbom::{Bom, Component, Format, Kind, Subject};
use wattle_tree::{Digest, Tree};

/// The forms in which every bill is written, which are also those that are read.
const FORMATS: [(Format, SbomFormat); 2] =
    [(Format::CycloneDx, SbomFormat::CycloneDx), (Format::Spdx, SbomFormat::Spdx)];

/// What a layer consists of, as far as it came from elsewhere: what was put there now, and what was there before unless it
/// was emptied.
pub(crate) fn of_layer(step: &DoneStep, layer: &wattle_sandbox::Layer) -> Vec<Component> {
    let stays = matches!(layer.state, LayerState::Restored | LayerState::Kept);
    let before = if stays { step.stored.components(&layer.name) } else { Vec::new() };
    let contents = layer.contents.clone().unwrap_or_default();
    before.into_iter().chain(layer.artifacts.iter().flat_map(|placed| parts(placed, &contents))).collect()
}

/// Something that was fetched, and the packages that are bundled in it and still there in the layer's `contents`.
fn parts(placed: &Placed, contents: &Tree) -> Vec<Component> {
    let component = Component::fetched(&placed.fetched.source, placed.fetched.digest);
    let Some((archive, path)) = &placed.unpacked else { return vec![component] };
    let left = if path.is_empty() { Some(contents) } else { contents.directory(path) };
    let bundled = left.map(|left| wattle_sbom::bundled(archive, left)).unwrap_or_default();
    [wattle_sbom::described(component, archive)].into_iter().chain(bundled).collect()
}

/// The bills of one image while it is made.
pub(crate) struct Bills<'a> {
    created: &'a str,
    sboms: Vec<Sbom>,
}

impl<'a> Bills<'a> {
    /// None yet, of an image that is said to be made at `created`.
    pub(crate) fn new(created: &'a str) -> Bills<'a> {
        Bills { created, sboms: Vec::new() }
    }

    /// Adds a bill in every form, if there is anything on it.
    pub(crate) fn add(
        &mut self,
        of: &SbomOf,
        components: impl IntoIterator<Item = Component>,
    ) -> Result<(), serde_json::Error> {
        let subject = Subject { kind: Kind::Application, name: name(of), version: String::new() };
        let bom = Bom::new(subject, self.created, components);
        if bom.components().is_empty() {
            return Ok(());
        }
        for (form, format) in FORMATS {
            self.sboms.push(Sbom { of: of.clone(), format, document: bom.write(form)? });
        }
        Ok(())
    }

    /// Adds what buildpacks put elsewhere than into their layers, and the launcher.
    pub(crate) fn finish(mut self, done: &Done, launcher: Digest) -> Result<Vec<Sbom>, serde_json::Error> {
        for step in &done.steps {
            let loose = step.artifacts.iter().flat_map(|placed| parts(placed, &Tree::new()));
            self.add(&SbomOf::Buildpack(step.key.id.to_string()), loose)?;
        }
        let launcher = Component::own("wattle-launcher", env!("CARGO_PKG_VERSION"), launcher);
        self.add(&SbomOf::Launcher, [launcher])?;
        Ok(self.sboms)
    }
}

/// How what a bill is of is called in it.
fn name(of: &SbomOf) -> String {
    match of {
        SbomOf::Layer(buildpack, layer) => format!("{buildpack}:{layer}"),
        SbomOf::Buildpack(buildpack) => buildpack.clone(),
        SbomOf::Launcher => "launcher".to_owned(),
        SbomOf::Packages => "packages".to_owned(),
    }
}
