//! What a buildpack has to satisfy, by what it and others say.

use serde_json::Value;
use wattle_plan::{
    Alternative, BuildpackId, BuildpackKey, Detection, ExpandedEntry, ExpandedGroup, Metadata, Requirement, Version,
    resolve,
};
use wattle_sandbox::{Fault, GuestError, PlanEntry};

/// What buildpacks before and behind the one under test say.
#[derive(Clone, Default)]
pub(crate) struct Others {
    pub(crate) provided: Vec<String>,
    pub(crate) required: Vec<Requirement>,
}

impl Others {
    /// What `ours` has to satisfy, when it says these.
    #[track_caller]
    pub(crate) fn plan(&self, ours: &BuildpackKey, alternatives: Vec<Alternative>) -> Vec<PlanEntry> {
        let before = Alternative { provides: self.provided.clone(), requires: Vec::new() };
        let behind = Alternative { provides: Vec::new(), requires: self.required.clone() };
        let members =
            [(other("test/before"), vec![before]), (ours.clone(), alternatives), (other("test/behind"), vec![behind])];
        let entry =
            |(key, _): &(BuildpackKey, _)| ExpandedEntry { buildpack: key.clone(), optional: false, excluded: false };
        let group = ExpandedGroup { entries: members.iter().map(entry).collect() };
        let detections = members.into_iter().map(|(key, ways)| (key, Detection::Pass(ways))).collect();
        let plan = match resolve(&[group], &detections) {
            Ok(plan) => plan,
            Err(unresolved) => {
                panic!("there is no plan; say with `provided` and `required` what others do: {unresolved}")
            }
        };
        let steps = plan.steps.into_iter().filter(|step| step.buildpack == *ours);
        steps.flat_map(|step| step.entries).map(|entry| plan_entry(entry.name, entry.metadata)).collect()
    }
}

/// A buildpack that is there only for what it says.
#[track_caller]
fn other(id: &str) -> BuildpackKey {
    match BuildpackId::new(id) {
        Ok(id) => BuildpackKey { id, version: Version { major: 0, minor: 0, patch: 0 } },
        Err(error) => panic!("{error}"),
    }
}

fn plan_entry(name: String, metadata: Metadata) -> PlanEntry {
    let metadata = if metadata.is_empty() { String::new() } else { Value::Object(metadata).to_string() };
    PlanEntry { name, metadata }
}

/// What a component said, with its metadata read.
pub(crate) fn alternatives(ways: Vec<wattle_sandbox::Alternative>) -> Result<Vec<Alternative>, GuestError> {
    ways.into_iter().map(alternative).collect()
}

fn alternative(way: wattle_sandbox::Alternative) -> Result<Alternative, GuestError> {
    let requires = way.requires.into_iter().map(requirement).collect::<Result<_, _>>()?;
    Ok(Alternative { provides: way.provides, requires })
}

fn requirement(requirement: wattle_sandbox::Requirement) -> Result<Requirement, GuestError> {
    let wattle_sandbox::Requirement { name, metadata } = requirement;
    if metadata.is_empty() {
        return Ok(Requirement::new(name));
    }
    match serde_json::from_str(&metadata) {
        Ok(metadata) => Ok(Requirement { name, metadata }),
        Err(error) => Err(GuestError {
            code: "buildpack/requirement/metadata".to_owned(),
            fault: Fault::Buildpack,
            summary: format!("the metadata of its requirement `{name}` is no JSON object: {error}"),
            detail: None,
            hints: Vec::new(),
        }),
    }
}
