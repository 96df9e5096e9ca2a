//! What buildpacks made.

use super::model::{InspectedApplication, InspectedBuildpack, InspectedLauncher, InspectedProcess, InspectedRunImage};
use super::problems::Problems;
use super::summary::Summary;
use serde_json::Value;
use wattle_oci::Image;
use wattle_oci::cnb::{self, BuildMetadata, LabelError, LifecycleMetadata, Process, ProjectMetadata, RunImageName};

const REBASABLE: &str = "io.buildpacks.rebasable";

/// What the labels of `image` say; nothing if no buildpacks built it.
pub(super) fn of(
    image: &Image,
    lifecycle: Option<&LifecycleMetadata>,
    summary: Summary,
    problems: &mut Problems,
) -> Result<Option<InspectedApplication>, LabelError> {
    let build = BuildMetadata::of(image)?;
    if build.is_none() && lifecycle.is_none() {
        return Ok(None);
    }
    missing(build.is_none(), cnb::BUILD_METADATA, problems);
    missing(lifecycle.is_none(), cnb::LIFECYCLE_METADATA, problems);
    let (build, lifecycle) = (build.unwrap_or_default(), lifecycle.cloned().unwrap_or_default());
    let config = image.config();
    let obstacles = cnb::rebase_obstacles(image);
    if let Some(text) = config.label(REBASABLE).filter(|text| !matches!(*text, "true" | "false")) {
        problems.add(REBASABLE, format!("it is `{text}`, which is neither `true` nor `false`"));
    }
    Ok(Some(InspectedApplication {
        run_image: run_image(&lifecycle),
        rebasable: obstacles.is_empty(),
        rebase_obstacles: obstacles.iter().map(ToString::to_string).collect(),
        platform_api: config.value().config.variable("CNB_PLATFORM_API").map(str::to_owned),
        execution_environment: config.label(cnb::EXECUTION_ENVIRONMENT).map(str::to_owned),
        launcher: launcher(&build),
        source: source(image, problems),
        buildpacks: buildpacks(&build, &lifecycle),
        extensions: build.extensions.iter().map(|it| buildpack(&it.id, &it.version, it.homepage.as_ref())).collect(),
        processes: processes(&build, &config.value().config.entrypoint, problems),
        bill_of_materials: summary.bill,
    }))
}

fn missing(is_missing: bool, key: &str, problems: &mut Problems) {
    if is_missing {
        problems.add(key, "the image has no such label, though it was built by buildpacks");
    }
}

fn run_image(lifecycle: &LifecycleMetadata) -> InspectedRunImage {
    let RunImageName { image, mirrors } = lifecycle.run_image_name();
    InspectedRunImage {
        image,
        mirrors,
        reference: lifecycle.run_image.reference.clone(),
        top_layer: lifecycle.run_image.top_layer.map(|digest| digest.to_string()),
    }
}

fn launcher(build: &BuildMetadata) -> Option<InspectedLauncher> {
    let git = &build.launcher.source.git;
    let launcher = InspectedLauncher {
        version: build.launcher.version.clone(),
        repository: git.repository.clone(),
        commit: git.commit.clone(),
    };
    [&launcher.version, &launcher.repository, &launcher.commit].iter().any(|it| !it.is_empty()).then_some(launcher)
}

fn source(image: &Image, problems: &mut Problems) -> Option<Value> {
    problems.unless(ProjectMetadata::of(image))?.source.filter(|source| !source.is_null())
}

/// Those of both labels: the one has homepages, the other what was to be kept.
fn buildpacks(build: &BuildMetadata, lifecycle: &LifecycleMetadata) -> Vec<InspectedBuildpack> {
    let mut told: Vec<InspectedBuildpack> =
        build.buildpacks.iter().map(|it| buildpack(&it.id, &it.version, it.homepage.as_ref())).collect();
    if told.is_empty() {
        told = lifecycle.buildpacks.iter().map(|it| buildpack(&it.key, &it.version, None)).collect();
    }
    for buildpack in &mut told {
        let layers = lifecycle.buildpacks.iter().find(|it| it.key == buildpack.id && it.version == buildpack.version);
        let store = layers.and_then(|layers| layers.store.as_ref());
        buildpack.store = store.map(|store| store.metadata.clone()).filter(|metadata| !metadata.is_null());
    }
    told
}

fn buildpack(id: &str, version: &str, homepage: Option<&String>) -> InspectedBuildpack {
    let homepage = homepage.filter(|homepage| !homepage.is_empty()).cloned();
    InspectedBuildpack { id: id.to_owned(), version: version.to_owned(), homepage, store: None }
}

/// The default is what the entry point says, whatever the metadata would have.
fn processes(build: &BuildMetadata, entrypoint: &[String], problems: &mut Problems) -> Vec<InspectedProcess> {
    let default = entrypoint.first().and_then(|program| program.strip_prefix("/cnb/process/"));
    if let Some(kind) = default.filter(|kind| !build.processes.iter().any(|process| process.kind == *kind)) {
        problems.add(cnb::BUILD_METADATA, format!("it has no process `{kind}`, which the entry point starts"));
    }
    let process = |process: &Process| {
        if process.command.iter().all(String::is_empty) {
            problems.add(cnb::BUILD_METADATA, format!("the process `{}` has no command", process.kind));
        }
        InspectedProcess {
            kind: process.kind.clone(),
            command: process.command.clone(),
            arguments: process.args.clone(),
            shell: !process.direct,
            working_directory: process.working_dir.clone().filter(|directory| !directory.is_empty()),
            execution_environments: process.exec_env.clone(),
            default: default == Some(&process.kind),
            buildpack: process.buildpack_id.clone(),
        }
    };
    build.processes.iter().map(process).collect()
}
