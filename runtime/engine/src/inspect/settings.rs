//! What containers are started with, and on which system.

use super::model::{InspectedBase, InspectedSettings};
use super::problems::Problems;
use std::collections::BTreeMap;
use wattle_oci::Image;
use wattle_oci::cnb;

const BASE: &str = "io.buildpacks.base.";
const DISTRO: [&str; 2] = ["distro.name", "distro.version"];
const STACK: &str = "io.buildpacks.stack.id";
const MIXINS: &str = "io.buildpacks.stack.mixins";
/// Keys of labels that are told in other words.
const TOLD: [&str; 10] = [
    cnb::LIFECYCLE_METADATA,
    cnb::BUILD_METADATA,
    cnb::PROJECT_METADATA,
    cnb::BUILDER_METADATA,
    cnb::ORDER,
    cnb::ORDER_EXTENSIONS,
    cnb::SYSTEM_BUILDPACKS,
    cnb::PACKAGE_METADATA,
    cnb::BUILDPACK_MODULES,
    cnb::EXTENSION_MODULES,
];

/// What the configuration of `image` says.
pub(super) fn of(image: &Image) -> InspectedSettings {
    let config = &image.config().value().config;
    let variable = |entry: &String| {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        (name.to_owned(), value.to_owned())
    };
    let told = |key: &str| TOLD.contains(&key) || key == STACK || key == MIXINS || key.starts_with(BASE);
    let labels = config.labels.iter().filter(|(key, _)| !told(key));
    InspectedSettings {
        user: config.user.clone(),
        working_directory: config.working_dir.clone(),
        entrypoint: config.entrypoint.clone(),
        command: config.cmd.clone(),
        environment: config.env.iter().map(variable).collect(),
        ports: config.exposed_ports.keys().cloned().collect(),
        volumes: config.volumes.keys().cloned().collect(),
        stop_signal: config.stop_signal.clone(),
        labels: labels.map(|(key, value)| (key.clone(), value.clone())).collect(),
    }
}

/// What labels say of the system; nothing if they say nothing.
pub(super) fn base(image: &Image, problems: &mut Problems) -> Option<InspectedBase> {
    let labels = &image.config().value().config.labels;
    let mut facts: BTreeMap<String, String> =
        labels.iter().filter_map(|(key, value)| Some((key.strip_prefix(BASE)?.to_owned(), value.clone()))).collect();
    let distribution: Vec<String> = DISTRO.iter().filter_map(|key| facts.remove(*key)).collect();
    let mixins: Option<Vec<String>> = labels.get(MIXINS).and_then(|text| {
        serde_json::from_str(text).unwrap_or_else(|error| {
            problems.add(MIXINS, format!("it cannot be read: {error}"));
            None
        })
    });
    let base = InspectedBase {
        distribution: distribution.join(" "),
        stack: labels.get(STACK).cloned().unwrap_or_default(),
        mixins: mixins.unwrap_or_default(),
        facts,
    };
    (base != InspectedBase::default()).then_some(base)
}
