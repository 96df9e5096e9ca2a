//! From an application to its image.

use super::application::{Application, Buildpack, Error, LaunchLayer};
use super::check::check;
use super::labels::{
    BUILD_METADATA, BuildBuildpack, BuildLauncher, BuildMetadata, BuildpackLayers, EXECUTION_ENVIRONMENT, Git,
    LIFECYCLE_METADATA, LauncherSource, LayerMetadata, LifecycleMetadata, PROJECT_METADATA, RunImage, RunImageName,
    Sha, Stack, Store,
};
use super::metadata::Metadata;
use super::{LAUNCHER, LAUNCHER_VERSION, LAYERS_DIR, PLATFORM_API, PROCESS_DIR, PRODUCTION, layers, sbom};
use crate::{Addition, Additions, Image, Layer, text};
use std::collections::BTreeMap;

/// Puts `application` on the run image `base`.
pub fn compose(base: &Image, mut application: Application) -> Result<Image, Error> {
    check(&application)?;
    for buildpack in &mut application.buildpacks {
        buildpack.layers.sort_by(|a, b| a.name.cmp(&b.name));
    }
    application.processes.sort_by(|a, b| a.kind.cmp(&b.kind));
    let own = Own::pack(&application)?;
    let additions = Additions {
        environment: environment(&application),
        path: vec![PROCESS_DIR.to_owned(), directory_of(LAUNCHER)],
        user: application.user.clone(),
        working_dir: application.workspace.clone(),
        entrypoint: vec![entrypoint(&application)],
        labels: labels(base, &application, &own)?,
        layers: additions(&application, &own),
        created: application.created,
    };
    Ok(crate::compose(base, additions)?)
}

/// The layers that follow from the rest.
struct Own {
    /// None if there are no bills of materials.
    sbom: Option<Layer>,
    config: Layer,
    /// None if there are no processes.
    process_types: Option<Layer>,
}

impl Own {
    fn pack(application: &Application) -> Result<Own, Error> {
        let config = layers::config(&Metadata::of(application), application.owner)?;
        let types = layers::process_types(application.processes.iter().map(|process| process.kind.as_str()))?;
        let process_types = types.as_ref().map(Layer::in_memory).transpose()?;
        let sbom = sbom::layer(&application.sboms, application.owner)?;
        Ok(Own { sbom, config: Layer::in_memory(&config)?, process_types })
    }
}

/// The launcher starts what is for another execution environment only if it is told the name. The reference
/// implementation leaves that to whoever starts the image.
fn environment(application: &Application) -> Vec<(String, String)> {
    let environment = Some(application.execution_environment.as_str()).filter(|name| *name != PRODUCTION);
    let variables = [
        ("CNB_LAYERS_DIR", Some(LAYERS_DIR)),
        ("CNB_APP_DIR", Some(&application.workspace)),
        ("CNB_PLATFORM_API", Some(PLATFORM_API)),
        ("CNB_DEPRECATION_MODE", Some("quiet")),
        ("CNB_EXEC_ENV", environment),
    ];
    variables.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
}

fn directory_of(path: &str) -> String {
    path.rsplit_once('/').map_or("/", |(directory, _)| directory).to_owned()
}

/// The default process under its own name, or the launcher, which then wants a command.
fn entrypoint(application: &Application) -> String {
    application.default_process.as_ref().map_or(LAUNCHER.to_owned(), |kind| format!("{PROCESS_DIR}/{kind}"))
}

/// From the lowest to the highest: what changes seldom first. What their history says is read by people and by tools.
fn additions(application: &Application, own: &Own) -> Vec<Addition> {
    let add = |layer: &Layer, created_by: String| Addition { layer: layer.clone(), created_by };
    let mut additions: Vec<Addition> = application.packages.iter().cloned().collect();
    for Buildpack { id, version, layers, .. } in &application.buildpacks {
        additions.extend(layers.iter().map(|LaunchLayer { name, layer, .. }| {
            add(layer, format!("Layer: '{name}', Created by buildpack: {id}@{version}"))
        }));
    }
    additions.extend(own.sbom.iter().map(|layer| add(layer, "Software Bill-of-Materials".to_owned())));
    let sliced = !application.slices.is_empty();
    additions.extend(application.app.iter().zip(1..).map(|(layer, number)| {
        add(layer, if sliced { format!("Application Slice: {number}") } else { "Application Layer".to_owned() })
    }));
    additions.push(add(&application.launcher, "Buildpacks Application Launcher".to_owned()));
    additions.push(add(&own.config, "Buildpacks Launcher Config".to_owned()));
    additions.extend(own.process_types.iter().map(|layer| add(layer, "Buildpacks Process Types".to_owned())));
    additions
}

fn labels(base: &Image, application: &Application, own: &Own) -> Result<BTreeMap<String, String>, Error> {
    let mut labels = application.labels.clone();
    labels.extend(application.user_labels.clone());
    let mut put = |key: &'static str, text: Result<String, serde_json::Error>| {
        labels.insert(key.to_owned(), text.map_err(|source| Error::Label { key, source })?);
        Ok::<(), Error>(())
    };
    put(LIFECYCLE_METADATA, text::json(&lifecycle_metadata(base, application, own)))?;
    put(BUILD_METADATA, text::json(&build_metadata(application)))?;
    put(PROJECT_METADATA, text::json(&application.project))?;
    put(EXECUTION_ENVIRONMENT, Ok(application.execution_environment.clone()))?;
    Ok(labels)
}

fn lifecycle_metadata(base: &Image, application: &Application, own: &Own) -> LifecycleMetadata {
    let sha = |layer: &Layer| Sha { sha: Some(layer.diff_id) };
    let RunImageName { image, mirrors } = application.run_image_name.clone();
    LifecycleMetadata {
        app: application.app.iter().map(sha).collect(),
        sbom: own.sbom.as_ref().map(sha),
        buildpacks: application.buildpacks.iter().map(buildpack_layers).collect(),
        config: sha(&own.config),
        launcher: sha(&application.launcher),
        process_types: own.process_types.as_ref().map(sha).unwrap_or_default(),
        run_image: RunImage {
            top_layer: base.layers().last().map(|layer| layer.diff_id),
            reference: application.run_image_reference.clone(),
            image,
            mirrors,
        },
        stack: Stack { run_image: application.run_image_name.clone() },
    }
}

fn buildpack_layers(buildpack: &Buildpack) -> BuildpackLayers {
    let layer = |layer: &LaunchLayer| {
        let LaunchLayer { name, layer, data, build, cache } = layer;
        let metadata =
            LayerMetadata { sha: layer.diff_id, data: data.clone(), build: *build, launch: true, cache: *cache };
        (name.clone(), metadata)
    };
    BuildpackLayers {
        key: buildpack.id.clone(),
        version: buildpack.version.clone(),
        layers: buildpack.layers.iter().map(layer).collect(),
        store: buildpack.store.clone().map(|metadata| Store { metadata }),
    }
}

fn build_metadata(application: &Application) -> BuildMetadata {
    let buildpack = |buildpack: &Buildpack| BuildBuildpack {
        id: buildpack.id.clone(),
        version: buildpack.version.clone(),
        homepage: buildpack.homepage.clone(),
    };
    BuildMetadata {
        buildpacks: application.buildpacks.iter().map(buildpack).collect(),
        extensions: Vec::new(),
        launcher: BuildLauncher {
            version: LAUNCHER_VERSION.to_owned(),
            source: LauncherSource { git: Git { repository: "wattle".to_owned(), commit: String::new() } },
        },
        processes: application.processes.clone(),
        default_process: application.default_process.clone(),
    }
}
