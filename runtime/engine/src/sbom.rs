//! Bills of materials: of what a build makes, from what was fetched for it.
//!
//! No buildpack has to write any: the host has fetched and unpacked everything that came from elsewhere, and so knows which
//! layer has what. A layer's list is kept with its record in the store, for a layer that is reused is not fetched again. What
//! a buildpack writes all the same counts in the form in which it writes it.

mod documents;
mod read;

pub(crate) use documents::Documents;
pub(crate) use read::described;
pub use read::{BillOfMaterials, BomError, Part};

use crate::steps::{Done, DoneStep};
use std::collections::BTreeMap;
use wattle_oci::cnb::{Sbom, SbomFormat, SbomOf};
use wattle_sandbox::{LayerState, Placed, SbomSubject};
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

/// What the buildpack says of a layer: now, or when the layer that stays was made.
pub(crate) fn written(step: &DoneStep, layer: &wattle_sandbox::Layer) -> Vec<wattle_sandbox::Sbom> {
    let stays = matches!(layer.state, LayerState::Restored | LayerState::Kept);
    let before = if stays { step.stored.sboms(&layer.name) } else { Vec::new() };
    let is_said_again = |old: &wattle_sandbox::Sbom| layer.sboms.iter().any(|new| new.format == old.format);
    before.into_iter().filter(|old| !is_said_again(old)).chain(layer.sboms.iter().cloned()).collect()
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
    launch: Vec<Sbom>,
    build: Vec<Sbom>,
}

impl<'a> Bills<'a> {
    /// None yet, of an image that is said to be made at `created`.
    pub(crate) fn new(created: &'a str) -> Bills<'a> {
        Bills { created, launch: Vec::new(), build: Vec::new() }
    }

    /// Adds a bill in every form, if there is anything on it, and in each form in which the buildpack wrote it.
    pub(crate) fn add(
        &mut self,
        about: SbomSubject,
        of: &SbomOf,
        components: impl IntoIterator<Item = Component>,
        written: &[wattle_sandbox::Sbom],
    ) -> Result<(), serde_json::Error> {
        let sboms = match about {
            SbomSubject::Launch => &mut self.launch,
            SbomSubject::Build => &mut self.build,
        };
        let written = written.iter().map(|it| (form_of(it.format), it.document.clone().into_bytes()));
        let written: BTreeMap<SbomFormat, Vec<u8>> = written.collect();
        let subject = Subject { kind: Kind::Application, name: name(of), version: String::new() };
        let bom = Bom::new(subject, self.created, components);
        let ours = FORMATS.iter().filter(|(_, format)| !bom.components().is_empty() && !written.contains_key(format));
        for (form, format) in ours {
            sboms.push(Sbom { of: of.clone(), format: *format, document: bom.write(*form)? });
        }
        sboms.extend(written.into_iter().map(|(format, document)| Sbom { of: of.clone(), format, document }));
        Ok(())
    }

    /// Adds what buildpacks put elsewhere than into their layers, and the launcher. Gives the bills of the image, and those
    /// of the build.
    pub(crate) fn finish(mut self, done: &Done, launcher: Digest) -> Result<(Vec<Sbom>, Vec<Sbom>), serde_json::Error> {
        for step in &done.steps {
            let of = SbomOf::Buildpack(step.key.id.to_string());
            let written = |subject| {
                let of_subject = step.sboms.iter().filter(move |(about, _)| *about == subject);
                of_subject.map(|(_, sbom)| sbom.clone()).collect::<Vec<_>>()
            };
            let loose = step.artifacts.iter().flat_map(|placed| parts(placed, &Tree::new()));
            self.add(SbomSubject::Launch, &of, loose, &written(SbomSubject::Launch))?;
            self.add(SbomSubject::Build, &of, [], &written(SbomSubject::Build))?;
        }
        let launcher = Component::own("wattle-launcher", env!("CARGO_PKG_VERSION"), launcher);
        self.add(SbomSubject::Launch, &SbomOf::Launcher, [launcher], &[])?;
        Ok((self.launch, self.build))
    }
}

fn form_of(format: wattle_sandbox::SbomFormat) -> SbomFormat {
    match format {
        wattle_sandbox::SbomFormat::CycloneDx => SbomFormat::CycloneDx,
        wattle_sandbox::SbomFormat::Spdx => SbomFormat::Spdx,
        wattle_sandbox::SbomFormat::Syft => SbomFormat::Syft,
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

#[cfg(test)]
mod tests {
    use super::*;
    use wattle_sandbox::Fetched;
    use wattle_tree::Node;

    fn tree(files: &[&str]) -> Tree {
        let mut tree = Tree::new();
        for path in files {
            let name = path.split('/').rev().nth(1).unwrap_or("top");
            let manifest = format!(r#"{{ "name": "{name}", "version": "1.0.0", "license": "MIT" }}"#);
            tree.insert(path, Node::file(manifest.as_str())).unwrap();
        }
        tree
    }

    fn check(source: &str, archive: Option<(&[&str], &str)>, layer: &[&str]) -> String {
        let (source, address) = (source.to_owned(), "https://mirror.example/x".to_owned());
        let fetched = Fetched { source, address, digest: Digest::of(b""), size: 0 };
        let unpacked = archive.map(|(files, path)| (tree(files), path.to_owned()));
        let line = |it: Component| {
            assert!(!format!("{it:?}").contains("mirror"), "an address is in {it:?}");
            format!("{} {} [{}]", it.name, it.version, it.licenses.len())
        };
        parts(&Placed { fetched, unpacked }, &tree(layer)).into_iter().map(line).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn an_archive_is_what_it_is_and_what_is_bundled_and_left_of_it() {
        let archive: &[&str] = &["package.json", "node_modules/a/package.json", "node_modules/b/package.json"];
        let left = ["node_modules/top/node_modules/a/package.json", "node_modules/top/package.json"];
        let source = "npm:top/-/top-1.0.0.tgz";
        assert_eq!(check(source, Some((archive, "node_modules/top")), &left), "top 1.0.0 [1], a 1.0.0 [1]");
        assert_eq!(check(source, Some((archive, "elsewhere")), &left), "top 1.0.0 [1]");
        assert_eq!(check(source, Some((archive, "")), archive), "top 1.0.0 [1], a 1.0.0 [1], b 1.0.0 [1]");
        assert_eq!(check(source, None, &left), "top 1.0.0 [0]");
        assert_eq!(check("https://files.example/tool", None, &left), "tool  [0]");
    }

    #[test]
    fn nothing_makes_no_document() {
        let mut bills = Bills::new("1980-01-01T00:00:01Z");
        bills.add(SbomSubject::Launch, &SbomOf::Packages, [], &[]).unwrap();
        assert!(bills.launch.is_empty());
        bills.add(SbomSubject::Launch, &SbomOf::Packages, [Component::own("x", "1", Digest::of(b""))], &[]).unwrap();
        assert_eq!(bills.launch.len(), FORMATS.len());
    }

    #[test]
    fn b94_what_a_buildpack_writes_counts_in_the_form_that_it_writes() {
        let written = |format, text: &str| wattle_sandbox::Sbom { format, document: text.to_owned() };
        let theirs = [
            written(wattle_sandbox::SbomFormat::Spdx, "theirs"),
            written(wattle_sandbox::SbomFormat::Syft, "theirs too"),
        ];
        let mut bills = Bills::new("1980-01-01T00:00:01Z");
        let of = SbomOf::Layer("a/b".to_owned(), "c".to_owned());
        bills.add(SbomSubject::Launch, &of, [Component::own("x", "1", Digest::of(b""))], &theirs).unwrap();
        bills.add(SbomSubject::Build, &of, [], &theirs[1..]).unwrap();
        let line = |sbom: &Sbom| {
            let text = String::from_utf8_lossy(&sbom.document).into_owned();
            format!("{} {}", sbom.path(), if text.starts_with("theirs") { &text } else { "ours" })
        };
        let lines = |sboms: &[Sbom]| sboms.iter().map(line).collect::<Vec<_>>().join(", ");
        assert_eq!(
            lines(&bills.launch),
            "a_b/c/sbom.cdx.json ours, a_b/c/sbom.spdx.json theirs, a_b/c/sbom.syft.json theirs too"
        );
        assert_eq!(lines(&bills.build), "a_b/c/sbom.syft.json theirs too");
    }
}
