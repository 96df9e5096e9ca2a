//! What each layer is.

use super::model::{InspectedLayer, InspectedPackage, InspectedUses};
use crate::system::PACKAGES;
use std::collections::BTreeMap;
use wattle_oci::cnb::{BUILDPACK_MODULES, EXTENSION_MODULES, LifecycleMetadata, Modules};
use wattle_oci::{Digest, History, Image, Layer};

/// What is known of a layer by its diff-id.
#[derive(Default)]
struct Known {
    name: String,
    uses: Option<InspectedUses>,
}

/// The layers of `image`, the lowest first; `packages` are those of the layer of packages.
pub(super) fn of(image: &Image, lifecycle: &LifecycleMetadata, packages: Vec<InspectedPackage>) -> Vec<InspectedLayer> {
    let mut known = of_application(lifecycle);
    of_modules(image, &mut known);
    let top = lifecycle.run_image.top_layer.filter(|top| image.layers().iter().any(|layer| layer.diff_id == *top));
    let mut below = top.is_some();
    let mut packages = Some(packages);
    let history = image.config().value().history.iter().filter(|entry| !entry.empty_layer).cloned();
    let history = history.chain(std::iter::repeat(History::default()));
    let mut layers = Vec::new();
    for (layer, made) in image.layers().iter().zip(history) {
        let mut told = plain(layer, made);
        if below {
            "run image".clone_into(&mut told.name);
        } else if let Some(known) = known.get(&layer.diff_id) {
            told.name.clone_from(&known.name);
            told.uses.clone_from(&known.uses);
        } else if told.created_by.starts_with(PACKAGES) {
            "packages".clone_into(&mut told.name);
            told.packages = packages.take().unwrap_or_default();
        }
        below = below && Some(layer.diff_id) != top;
        layers.push(told);
    }
    layers
}

fn plain(layer: &Layer, made: History) -> InspectedLayer {
    InspectedLayer {
        name: "unknown".to_owned(),
        digest: layer.descriptor.digest.to_string(),
        diff_id: layer.diff_id.to_string(),
        media_type: layer.descriptor.media_type.clone(),
        size: layer.descriptor.size,
        created_by: made.created_by.unwrap_or_default(),
        created: made.created,
        ..InspectedLayer::default()
    }
}

fn of_application(lifecycle: &LifecycleMetadata) -> BTreeMap<Digest, Known> {
    let mut known = BTreeMap::new();
    for buildpack in &lifecycle.buildpacks {
        for (name, layer) in &buildpack.layers {
            let uses = InspectedUses {
                build: layer.build,
                launch: layer.launch,
                cache: layer.cache,
                data: layer.data.clone(),
            };
            known.insert(layer.sha, Known { name: format!("{}:{name}", buildpack.key), uses: Some(uses) });
        }
    }
    let own = [
        (&lifecycle.config, "configuration"),
        (&lifecycle.launcher, "launcher"),
        (&lifecycle.process_types, "process types"),
    ];
    let sbom = lifecycle.sbom.iter().map(|sha| (sha, "bill of materials"));
    let app = lifecycle.app.iter().map(|sha| (sha, "application"));
    for (sha, name) in own.into_iter().chain(sbom).chain(app) {
        known.extend(sha.sha.map(|digest| (digest, Known { name: name.to_owned(), uses: None })));
    }
    known
}

/// Layers of builders and packages: one may have several buildpacks. What cannot be read is told where it matters.
fn of_modules(image: &Image, known: &mut BTreeMap<Digest, Known>) {
    for key in [BUILDPACK_MODULES, EXTENSION_MODULES] {
        let modules = Modules::of(image, key).ok().flatten().unwrap_or_default();
        for (id, version, module) in modules.iter() {
            let Ok(digest) = module.layer.parse() else { continue };
            let name = &mut known.entry(digest).or_default().name;
            let separator = if name.is_empty() { "" } else { ", " };
            name.extend([separator, id, "@", version]);
        }
    }
}
