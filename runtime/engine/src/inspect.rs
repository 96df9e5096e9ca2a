//! What is in an image, whoever built it.

use crate::error::EngineError;
use crate::request::Engine;
use crate::system::PACKAGES;
use serde::Serialize;
use std::collections::BTreeMap;
use wattle_oci::cnb::{BuildMetadata, LifecycleMetadata};
use wattle_oci::{Digest, Image, Platform};
use wattle_transport::{Location, Source};

/// What is in an image.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inspection {
    /// Version of this form.
    pub schema: u32,
    /// Its name, as it was asked for.
    pub image: String,
    /// Digest of its manifest.
    pub digest: String,
    /// What it runs on.
    pub platform: String,
    /// Compressed bytes of its layers.
    pub size: u64,
    /// The run image that it stands on, by name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run_image: String,
    /// The run image that it stands on, by digest.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run_image_reference: String,
    /// What built it, in order; nothing if no buildpacks did.
    pub buildpacks: Vec<InspectedBuildpack>,
    /// What it can start, by type.
    pub processes: Vec<InspectedProcess>,
    /// The user that processes run as.
    pub user: String,
    /// Its layers, the lowest first.
    pub layers: Vec<InspectedLayer>,
}

/// A buildpack that took part.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedBuildpack {
    /// Id.
    pub id: String,
    /// Version.
    pub version: String,
}

/// A process that an image can start.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedProcess {
    /// Type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Program and arguments that are always given.
    pub command: Vec<String>,
    /// Arguments that may be replaced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// Where it starts, if not in the application's directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// Whether it starts when nothing is said.
    pub default: bool,
    /// The buildpack that it comes from.
    pub buildpack: String,
}

/// A layer of an image.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedLayer {
    /// What it is: `run image`, `wattle/node:runtime`, `application`, `launcher` and so on.
    pub name: String,
    /// Digest of its compressed form.
    pub digest: String,
    /// Digest of its tar archive.
    pub diff_id: String,
    /// Compressed bytes.
    pub size: u64,
}

impl Engine {
    /// Reads an image, for whatever is to be done with it.
    pub(crate) async fn read_image(&self, location: &Location, platform: &Platform) -> Result<Source, EngineError> {
        self.transport.read(location, platform).await.map_err(EngineError::reading(location))
    }

    /// Says what is in the image at `location`. No layer is fetched.
    pub async fn inspect(&self, location: &Location, platform: &Platform) -> Result<Inspection, EngineError> {
        let source = self.read_image(location, platform).await?;
        let understood = |source| EngineError::Label { location: location.to_string(), source };
        let build = BuildMetadata::of(&source.image).map_err(understood)?.unwrap_or_default();
        let lifecycle = LifecycleMetadata::of(&source.image).map_err(understood)?.unwrap_or_default();
        let config = source.image.config().value();
        Ok(Inspection {
            schema: 1,
            image: location.to_string(),
            digest: source.digest.to_string(),
            platform: config.platform().to_string(),
            size: source.image.layers().iter().map(|layer| layer.descriptor.size).sum(),
            run_image: lifecycle.run_image.image.clone(),
            run_image_reference: lifecycle.run_image.reference.clone(),
            processes: processes(&build, &config.config.entrypoint),
            buildpacks: build
                .buildpacks
                .into_iter()
                .map(|buildpack| InspectedBuildpack { id: buildpack.id, version: buildpack.version })
                .collect(),
            user: config.config.user.clone(),
            layers: layers(&source.image, &lifecycle),
        })
    }
}

/// The default is what the entry point says, whatever the metadata would have.
fn processes(build: &BuildMetadata, entrypoint: &[String]) -> Vec<InspectedProcess> {
    let default = entrypoint.first().and_then(|program| program.strip_prefix("/cnb/process/"));
    let process = |process: &wattle_oci::cnb::Process| InspectedProcess {
        kind: process.kind.clone(),
        command: process.command.clone(),
        arguments: process.args.clone(),
        working_directory: process.working_dir.clone(),
        default: default == Some(&process.kind),
        buildpack: process.buildpack_id.clone(),
    };
    build.processes.iter().map(process).collect()
}

fn layers(image: &Image, lifecycle: &LifecycleMetadata) -> Vec<InspectedLayer> {
    let names = names(lifecycle);
    let top = lifecycle.run_image.top_layer;
    let mut below = top.is_some();
    let mut layers = Vec::new();
    let history = image.config().value().history.iter().filter(|entry| !entry.empty_layer);
    let made = history.map(|entry| entry.created_by.as_deref().unwrap_or_default()).chain(std::iter::repeat(""));
    for (layer, created_by) in image.layers().iter().zip(made) {
        let packages = created_by.starts_with(PACKAGES).then_some("packages");
        let known = names.get(&layer.diff_id).map(String::as_str).or(packages);
        let name = if below { "run image" } else { known.unwrap_or("unknown") };
        below = below && Some(layer.diff_id) != top;
        layers.push(InspectedLayer {
            name: name.to_owned(),
            digest: layer.descriptor.digest.to_string(),
            diff_id: layer.diff_id.to_string(),
            size: layer.descriptor.size,
        });
    }
    layers
}

fn names(lifecycle: &LifecycleMetadata) -> BTreeMap<Digest, String> {
    let mut names = BTreeMap::new();
    for buildpack in &lifecycle.buildpacks {
        for (name, layer) in &buildpack.layers {
            names.insert(layer.sha, format!("{}:{name}", buildpack.key));
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
        names.extend(sha.sha.map(|digest| (digest, name.to_owned())));
    }
    names
}
