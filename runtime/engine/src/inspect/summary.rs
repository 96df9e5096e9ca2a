//! What the bills of materials of an image say that belongs into a look at it.

use super::model::{InspectedBill, InspectedPackage};
use super::problems::Problems;
use crate::request::Engine;
use crate::sbom;
use std::collections::BTreeSet;
use wattle_oci::cnb::{self, LifecycleMetadata, SbomFormat};
use wattle_transport::Source;
use wattle_tree::{Node, Tree};

/// Longest layer of bills of materials that is fetched to look at an image, in compressed bytes.
const MAX_LAYER: u64 = 16 << 20;
/// What the bill of the packages of the operating system is called.
const PACKAGES: &str = "_system/packages";

/// What bills of materials say of an image.
#[derive(Debug, Clone, Default)]
pub(super) struct Summary {
    pub(super) bill: InspectedBill,
    /// The packages of the operating system that its run image lacks.
    pub(super) packages: Vec<InspectedPackage>,
}

impl Engine {
    /// Reads the layer of bills of materials. That it cannot be read is no reason not to tell the rest.
    pub(super) async fn summary(
        &self,
        source: &Source,
        lifecycle: &LifecycleMetadata,
        problems: &mut Problems,
    ) -> Summary {
        if lifecycle.sbom.is_none_or(|sbom| sbom.sha.is_none()) {
            return Summary::default();
        }
        let Some(layer) = cnb::sbom_layer(&source.image, lifecycle) else {
            problems.add(cnb::LIFECYCLE_METADATA, "the layer of bills of materials that it names is not in the image");
            return Summary::default();
        };
        let unread =
            Summary { bill: InspectedBill { present: true, ..InspectedBill::default() }, ..Summary::default() };
        if layer.descriptor.size > MAX_LAYER {
            let size = layer.descriptor.size;
            problems.add("bill of materials", format!("its layer has {size} bytes and was not fetched"));
            return unread;
        }
        match self.documents(source, layer).await {
            Ok(files) => of(&files, problems),
            Err(error) => {
                problems.caused("bill of materials", &error);
                unread
            }
        }
    }
}

/// What these documents say.
pub(super) fn of(files: &Tree, problems: &mut Problems) -> Summary {
    let paths: Vec<String> =
        files.walk().filter(|entry| matches!(entry.node, Node::File(_))).map(|entry| entry.path).collect();
    let formats: BTreeSet<&str> = paths.iter().filter_map(|path| SbomFormat::of_file(path)).map(name).collect();
    let packages = sbom::described("", files, |directory| directory == PACKAGES).unwrap_or_else(|error| {
        problems.caused("bill of materials", &error);
        Vec::new()
    });
    let packages =
        packages.into_iter().map(|it| InspectedPackage { name: it.component.name, version: it.component.version });
    Summary {
        packages: packages.collect(),
        bill: InspectedBill {
            present: true,
            formats: formats.into_iter().map(str::to_owned).collect(),
            documents: paths.into_iter().map(|path| format!("/{path}")).collect(),
        },
    }
}

fn name(format: SbomFormat) -> &'static str {
    match format {
        SbomFormat::CycloneDx => "cyclonedx",
        SbomFormat::Spdx => "spdx",
        SbomFormat::Syft => "syft",
    }
}
