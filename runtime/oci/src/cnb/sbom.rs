//! The layer of bills of materials (Buildpack specification, "Software-Bill-of-Materials"; Platform specification, "Software
//! Bill of Materials"): what of them is for the running image is below [`DIRECTORY`].

use super::{Error, LAYERS_DIR, names};
use crate::layer::{Glimpse, Order, Owner, Root, Seen, Source};
use crate::{Image, Layer};
use std::io::{self, Read};
use wattle_tree::{Node, Tree};

/// Where the bills are in the image, relative to its root.
const DIRECTORY: &str = "layers/sbom/launch";
/// Where the launcher's is: the reference implementation calls itself the buildpack `buildpacksio/lifecycle`.
const LAUNCHER: &str = "buildpacksio_lifecycle/launcher";
/// Where that of packages of the operating system is. No buildpack has a directory that begins so.
const PACKAGES: &str = "_system/packages";
/// What buildpacks said of themselves before there were bills of materials; tools of that time want the file.
const LEGACY: (&str, &str) = ("sbom.legacy.json", "null\n");

/// A bill of materials, and where it stands.
#[derive(Debug, Clone)]
pub struct Sbom {
    /// What it is of.
    pub of: SbomOf,
    /// In which form it is.
    pub format: SbomFormat,
    /// The document.
    pub document: Vec<u8>,
}

/// What a bill of materials is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SbomOf {
    /// A layer of a buildpack, by the buildpack's identifier and its own name.
    Layer(String, String),
    /// What a buildpack put elsewhere than into its layers, by its identifier.
    Buildpack(String),
    /// The launcher.
    Launcher,
    /// The packages of the operating system that the run image lacks.
    Packages,
}

/// The forms of bills of materials that the specification knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SbomFormat {
    /// CycloneDX in JSON.
    CycloneDx,
    /// SPDX in JSON.
    Spdx,
    /// What Syft writes.
    Syft,
}

impl SbomFormat {
    const ALL: [SbomFormat; 3] = [SbomFormat::CycloneDx, SbomFormat::Spdx, SbomFormat::Syft];

    /// What every file of this form is called.
    pub fn file_name(self) -> &'static str {
        match self {
            SbomFormat::CycloneDx => "sbom.cdx.json",
            SbomFormat::Spdx => "sbom.spdx.json",
            SbomFormat::Syft => "sbom.syft.json",
        }
    }

    /// The form of the file at `path`, by its name.
    pub fn of_file(path: &str) -> Option<SbomFormat> {
        let name = path.rsplit('/').next().unwrap_or(path);
        SbomFormat::ALL.into_iter().find(|format| format.file_name() == name)
    }
}

impl Sbom {
    /// Its path among the bills of materials of its image, or of its build.
    pub fn path(&self) -> String {
        format!("{}/{}", self.of.directory(), self.format.file_name())
    }
}

impl SbomOf {
    /// The directory of its files, below [`DIRECTORY`].
    fn directory(&self) -> String {
        match self {
            SbomOf::Layer(buildpack, layer) => format!("{}/{layer}", names::directory(buildpack)),
            SbomOf::Buildpack(buildpack) => names::directory(buildpack),
            SbomOf::Launcher => LAUNCHER.to_owned(),
            SbomOf::Packages => PACKAGES.to_owned(),
        }
    }
}

/// The layer of these bills. None if there are none: then there is no such layer.
pub(super) fn layer(sboms: &[Sbom], owner: Owner) -> Result<Option<Layer>, Error> {
    if sboms.is_empty() {
        return Ok(None);
    }
    let mut tree = Tree::new();
    tree.insert(LEGACY.0, Node::file(LEGACY.1))?;
    for sbom in sboms {
        tree.insert(&sbom.path(), Node::file(sbom.document.clone()))?;
    }
    let root = Root { path: format!("{LAYERS_DIR}/sbom/launch"), parents: owner, tree, owner };
    Ok(Some(Layer::in_memory(&Source::new(vec![root], Order::Directories)?)?))
}

/// The layer of `image` that its label `io.buildpacks.lifecycle.metadata` says has the bills of materials.
pub fn sbom_layer<'a>(image: &'a Image, metadata: &super::LifecycleMetadata) -> Option<&'a Layer> {
    let wanted = metadata.sbom?.sha?;
    image.layers().iter().find(|layer| layer.diff_id == wanted)
}

/// Everything below `/layers/sbom` in a layer of this media type, from the root, as one finds it in an image of whatever tool.
/// Names that lead elsewhere are left out.
///
/// # Errors
/// As [`Glimpse::of`].
pub fn sboms_in(bytes: impl Read, media_type: &str) -> io::Result<Tree> {
    let glimpse = Glimpse::of(bytes, media_type, |path| path.starts_with("layers/sbom/"))?;
    let mut tree = Tree::new();
    for (path, seen) in glimpse.iter().filter(|(path, _)| path.starts_with(DIRECTORY)) {
        if let Seen::File(text) = seen {
            // A name that no tree can have has no place in a directory of the host either.
            let _ = tree.insert(path, Node::file(text.as_str()));
        }
    }
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media;
    use std::io::Cursor;

    const OWNER: Owner = Owner { uid: 1000, gid: 1000 };

    fn sbom(of: SbomOf, format: SbomFormat) -> Sbom {
        Sbom { document: format!("{of:?} {format:?}").into_bytes(), of, format }
    }

    fn listing(layer: &Layer) -> String {
        let tree = sboms_in(layer.blob.as_ref().unwrap().reader(), &layer.descriptor.media_type).unwrap();
        tree.walk().filter(|entry| matches!(entry.node, Node::File(_))).map(|entry| entry.path + "\n").collect()
    }

    #[test]
    fn b96_b97_i73_every_bill_has_its_place() {
        let sboms = [
            sbom(SbomOf::Launcher, SbomFormat::CycloneDx),
            sbom(SbomOf::Packages, SbomFormat::Spdx),
            sbom(SbomOf::Buildpack("wattle/node".to_owned()), SbomFormat::Syft),
            sbom(SbomOf::Layer("wattle/node".to_owned(), "runtime".to_owned()), SbomFormat::Spdx),
            sbom(SbomOf::Layer("wattle/node".to_owned(), "runtime".to_owned()), SbomFormat::CycloneDx),
        ];
        let layer = layer(&sboms, OWNER).unwrap().unwrap();
        insta::assert_snapshot!(listing(&layer), @r#"
        layers/sbom/launch/_system/packages/sbom.spdx.json
        layers/sbom/launch/buildpacksio_lifecycle/launcher/sbom.cdx.json
        layers/sbom/launch/sbom.legacy.json
        layers/sbom/launch/wattle_node/runtime/sbom.cdx.json
        layers/sbom/launch/wattle_node/runtime/sbom.spdx.json
        layers/sbom/launch/wattle_node/sbom.syft.json
        "#);
        layer.validate().unwrap();
    }

    #[test]
    fn without_bills_there_is_no_layer() {
        assert!(layer(&[], OWNER).unwrap().is_none());
    }

    #[test]
    fn i74_what_leads_elsewhere_is_left_out() {
        let mut tar = tar::Builder::new(Vec::new());
        for path in
            ["layers/sbom/launch/a/sbom.cdx.json", "layers/sbom/launch/xx/sbom.cdx.json", "layers/other", "etc/passwd"]
        {
            let mut header = tar::Header::new_ustar();
            header.set_path(path).unwrap();
            // The library does not write a name that leads up.
            if path.contains("/xx/") {
                header.as_old_mut().name[19..21].copy_from_slice(b"..");
            }
            header.set_size(2);
            header.set_cksum();
            tar.append(&header, &b"{}"[..]).unwrap();
        }
        let tree = sboms_in(Cursor::new(tar.into_inner().unwrap()), media::LAYER).unwrap();
        let files: Vec<_> = tree.walk().filter(|it| matches!(it.node, Node::File(_))).map(|it| it.path).collect();
        assert_eq!(files, ["layers/sbom/launch/a/sbom.cdx.json"]);
        assert!(sboms_in(Cursor::new(b"nonsense".to_vec()), media::LAYER_GZIP).is_err());
    }
}
