//! `metadata.toml`, what the launcher knows of the image (Platform specification, "metadata.toml").

use super::application::{Application, Buildpack};
use super::labels::Process;
use super::slices::Slice;
use serde::Serialize;

/// What the launcher reads. Also the reference launcher, which takes our place when somebody builds on with the reference
/// implementation, reads it: `command` as a list, `direct`, `buildpack-id`, and a Buildpack API that it knows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    buildpack_default_process_type: Option<String>,
    buildpacks: Vec<BuildpackEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<Label>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    processes: Vec<ProcessEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    slices: Vec<Slice>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct BuildpackEntry {
    id: String,
    version: String,
    api: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    homepage: Option<String>,
}

/// A label that a buildpack set. Nothing reads it; the reference implementation has it too.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Label {
    key: String,
    value: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
struct ProcessEntry {
    r#type: String,
    command: Vec<String>,
    args: Vec<String>,
    direct: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    working_dir: Option<String>,
    buildpack_id: String,
    /// For all execution environments if it is not there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exec_env: Vec<String>,
}

impl Metadata {
    pub(super) fn of(application: &Application) -> Metadata {
        let label = |(key, value): (&String, &String)| Label { key: key.clone(), value: value.clone() };
        Metadata {
            buildpack_default_process_type: application.default_process.clone(),
            buildpacks: application.buildpacks.iter().map(BuildpackEntry::from).collect(),
            labels: application.labels.iter().map(label).collect(),
            processes: application.processes.iter().map(ProcessEntry::from).collect(),
            slices: application.slices.clone(),
        }
    }

    /// The text of the file.
    pub(super) fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}

impl From<&Buildpack> for BuildpackEntry {
    fn from(buildpack: &Buildpack) -> BuildpackEntry {
        BuildpackEntry {
            id: buildpack.id.clone(),
            version: buildpack.version.clone(),
            api: super::BUILDPACK_API.to_owned(),
            homepage: buildpack.homepage.clone(),
        }
    }
}

impl From<&Process> for ProcessEntry {
    fn from(process: &Process) -> ProcessEntry {
        ProcessEntry {
            r#type: process.kind.clone(),
            command: process.command.clone(),
            args: process.args.clone(),
            direct: process.direct,
            working_dir: process.working_dir.clone(),
            buildpack_id: process.buildpack_id.clone(),
            exec_env: process.exec_env.clone(),
        }
    }
}
