//! What an image consists of, whoever built it: from its bills of materials, and from the packages of its run image.

use super::FORMATS;
use crate::error::{EngineError, Fault};
use crate::request::Engine;
use crate::system::System;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use tokio::task::block_in_place;
use wattle_debian::Installed;
use wattle_oci::cnb::{self, LifecycleMetadata, SbomFormat};
use wattle_oci::{Image, Layer, Platform};
use wattle_sbom::{Bom, Component, DebianPackage, Format, Kind, ReadError, Subject};
use wattle_transport::{Location, Source};
use wattle_tree::{Node, Tree};

/// What the run image is called among the parts.
const RUN_IMAGE: &str = "run image";
/// Where the documents are in the image.
pub(super) const LAUNCH: &str = "layers/sbom/launch/";

/// What an image consists of.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BillOfMaterials {
    /// Version of this form.
    pub schema: u32,
    /// Name of the image, as it was asked for.
    pub image: String,
    /// Digest of its manifest.
    pub digest: String,
    /// Paths in the image of the documents that it brings along.
    pub documents: Vec<String>,
    /// All that is known to be in it, sorted by where it is.
    pub components: Vec<Part>,
    #[serde(skip)]
    files: Tree,
    #[serde(skip)]
    created: String,
}

/// A component, and where in an image it is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Part {
    /// The directory of its document, such as `wattle_node/dependencies`, or `run image`.
    pub of: String,
    /// What it is.
    #[serde(flatten)]
    pub component: Component,
}

/// A bill of materials that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BomError {
    /// There is none.
    #[error("`{0}` has no bill of materials")]
    Missing(String),
    /// The layer of them is not what it is said to be.
    #[error("the bills of materials in `{image}` cannot be read")]
    Layer {
        /// The image.
        image: String,
        /// Why.
        source: io::Error,
    },
    /// A document is not.
    #[error("the bill of materials `{path}` in `{image}` cannot be used")]
    Document {
        /// The image.
        image: String,
        /// Path in the image.
        path: String,
        /// Why.
        source: ReadError,
    },
    /// Which packages the run image has cannot be read.
    #[error("the packages of the run image of `{image}` cannot be read")]
    Packages {
        /// The image.
        image: String,
        /// Why.
        source: wattle_debian::InstalledError,
    },
    /// A document cannot be written.
    #[error("the bill of materials cannot be written")]
    Write(#[from] serde_json::Error),
}

impl BomError {
    /// Stable, for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            BomError::Missing(_) => "sbom/missing",
            BomError::Layer { .. } => "sbom/layer",
            BomError::Document { .. } => "sbom/document",
            BomError::Packages { .. } => "sbom/packages",
            BomError::Write(_) => "sbom/write",
        }
    }

    pub(crate) fn fault(&self) -> Fault {
        match self {
            BomError::Missing(_) | BomError::Document { .. } => Fault::Usage,
            BomError::Layer { .. } | BomError::Packages { .. } | BomError::Write(_) => Fault::World,
        }
    }

    pub(crate) fn hints(&self) -> Vec<String> {
        match self {
            BomError::Missing(_) => vec!["build it with `wattle build`: every image has one".to_owned()],
            BomError::Document { .. } => {
                vec!["write the documents as they are into a directory with `--output`".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}

impl BillOfMaterials {
    /// One document of everything.
    pub fn document(&self, format: Format) -> Result<Vec<u8>, BomError> {
        let subject = Subject { kind: Kind::Container, name: self.image.clone(), version: self.digest.clone() };
        let components = self.components.iter().map(|part| part.component.clone());
        Ok(Bom::new(subject, self.created.as_str(), components).write(format)?)
    }

    /// The documents that the image brings along, by their paths there, and below `run-image` those of its run image.
    pub fn files(&self) -> Result<Tree, BomError> {
        let mut files = self.files.clone();
        let subject = Subject { kind: Kind::Container, name: RUN_IMAGE.to_owned(), version: String::new() };
        let components = self.components.iter().filter(|part| part.of == RUN_IMAGE);
        let bom = Bom::new(subject, self.created.as_str(), components.map(|part| part.component.clone()));
        if bom.components().is_empty() {
            return Ok(files);
        }
        let mut directory = Tree::new();
        for (form, format) in FORMATS {
            // The name is one of ours.
            let _ = directory.insert(format.file_name(), Node::file(bom.write(form)?));
        }
        let _ = files.insert("run-image", Node::Directory(directory));
        Ok(files)
    }
}

impl Engine {
    /// Says what the image at `location` consists of. The layer of bills of materials is fetched; with `run_image`, also the
    /// layers of the run image, unless it is known which packages they have.
    pub async fn sbom(
        &self,
        location: &Location,
        platform: &Platform,
        run_image: bool,
    ) -> Result<BillOfMaterials, EngineError> {
        let image = location.to_string();
        let source = self.read_image(location, platform).await?;
        let metadata = LifecycleMetadata::of(&source.image);
        let metadata =
            metadata.map_err(|source| EngineError::Label { location: image.clone(), source })?.unwrap_or_default();
        let files = match cnb::sbom_layer(&source.image, &metadata) {
            Some(layer) => self.documents(&source, layer).await?,
            None => Tree::new(),
        };
        let mut components = described(&image, &files, |_| true)?;
        if run_image {
            let system = self.system_of(&source, below(&source.image, &metadata)).await?;
            components.extend(packages(&image, &system)?);
        }
        if files.is_empty() && components.is_empty() {
            return Err(BomError::Missing(image).into());
        }
        Ok(BillOfMaterials {
            schema: 1,
            digest: source.digest.to_string(),
            documents: files
                .walk()
                .filter(|it| matches!(it.node, Node::File(_)))
                .map(|it| format!("/{}", it.path))
                .collect(),
            components,
            files,
            created: created(&source.image),
            image,
        })
    }

    /// The bills of materials of an image, by their paths, from the layer of them.
    pub(crate) async fn documents(&self, source: &Source, layer: &Layer) -> Result<Tree, EngineError> {
        let blob = self.layer(source, layer).await?;
        let read = block_in_place(|| cnb::sboms_in(blob.reader(), &layer.descriptor.media_type));
        read.map_err(|error| BomError::Layer { image: source.location.to_string(), source: error }.into())
    }
}

/// The layers of the run image; all layers, if nothing says which those are.
fn below<'a>(image: &'a Image, metadata: &LifecycleMetadata) -> &'a [Layer] {
    let top = metadata.run_image.top_layer;
    let position = image.layers().iter().position(|layer| Some(layer.diff_id) == top);
    position.map_or(image.layers(), |position| &image.layers()[..=position])
}

/// The components in the documents of the directories that are `wanted`: of each, in the first form that can be read.
pub(crate) fn described(image: &str, files: &Tree, wanted: impl Fn(&str) -> bool) -> Result<Vec<Part>, BomError> {
    let mut documents: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for entry in files.walk() {
        let (Some(name), Node::File(file)) = (entry.path.strip_prefix(LAUNCH), entry.node) else { continue };
        let directory = name.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned();
        if !wanted(&directory) {
            continue;
        }
        let bytes = file.blob.to_vec();
        let bytes = bytes.map_err(|source| BomError::Layer { image: image.to_owned(), source })?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        documents.entry(directory).or_default().push((entry.path, text));
    }
    let mut parts = Vec::new();
    for (of, documents) in documents {
        let found = FORMATS.iter().find_map(|(form, format)| {
            let document = documents.iter().find(|(path, _)| SbomFormat::of_file(path) == Some(*format))?;
            Some((*form, document))
        });
        let Some((format, (path, text))) = found else { continue };
        let components = Bom::read(format, text);
        let components = components.map_err(|source| BomError::Document {
            image: image.to_owned(),
            path: format!("/{path}"),
            source,
        })?;
        parts.extend(components.into_iter().map(|component| Part { of: of.clone(), component }));
    }
    Ok(parts)
}

/// The packages of a run image of Debian's or Ubuntu's.
fn packages(image: &str, system: &System) -> Result<Vec<Part>, BomError> {
    let installed = Installed::of(&system.tree());
    let installed = installed.map_err(|source| BomError::Packages { image: image.to_owned(), source })?;
    let (vendor, release) = system.distribution();
    let part = |(name, package): (&str, &wattle_debian::InstalledPackage)| {
        let version = package.version.to_string();
        let component = Component::debian(&DebianPackage {
            name,
            version: &version,
            architecture: &package.architecture,
            source: (&package.source.0, &package.source.1),
            distribution: (&vendor, &release),
        });
        Part { of: RUN_IMAGE.to_owned(), component }
    };
    Ok(installed.iter().map(part).collect())
}

/// When the image was made, as both forms want it: without parts of seconds, in UTC.
fn created(image: &Image) -> String {
    let text = image.config().value().created.clone().unwrap_or_default();
    let seconds = text.get(..19).filter(|seconds| {
        seconds.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 | 16 => byte == b':',
            _ => byte.is_ascii_digit(),
        })
    });
    seconds.filter(|_| text.ends_with('Z')).map_or(cnb::CREATED.to_owned(), |seconds| format!("{seconds}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)]) -> String {
        let mut tree = Tree::new();
        for (path, text) in files {
            tree.insert(&format!("{LAUNCH}{path}"), Node::file(*text)).unwrap();
        }
        match described("shop", &tree, |_| true) {
            Ok(parts) => {
                parts.iter().map(|part| format!("{}: {}", part.of, part.component.name)).collect::<Vec<_>>().join(" ")
            }
            Err(error) => format!("{error}: {}", std::error::Error::source(&error).unwrap()),
        }
    }

    #[test]
    fn each_directory_counts_once() {
        let cyclonedx = r#"{ "bomFormat": "CycloneDX", "components": [{ "name": "a" }] }"#;
        let spdx = r#"{ "spdxVersion": "SPDX-2.3", "packages": [{ "SPDXID": "b", "name": "b" }] }"#;
        let files = [
            ("x/one/sbom.cdx.json", cyclonedx),
            ("x/one/sbom.spdx.json", spdx),
            ("x/two/sbom.spdx.json", spdx),
            ("x/three/sbom.syft.json", "{}"),
            ("sbom.legacy.json", "null"),
        ];
        assert_eq!(check(&files), "x/one: a x/two: b");
    }

    #[test]
    fn says_which_document_is_wrong() {
        insta::assert_snapshot!(check(&[("x/sbom.cdx.json", "{}")]), @"the bill of materials `/layers/sbom/launch/x/sbom.cdx.json` in `shop` cannot be used: it is no document of CycloneDX");
        insta::assert_snapshot!(check(&[("x/sbom.spdx.json", "<")]), @"the bill of materials `/layers/sbom/launch/x/sbom.spdx.json` in `shop` cannot be used: it cannot be read as a document of SPDX");
    }
}
