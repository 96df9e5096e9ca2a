//! What buildpacks made, what containers are started with, and what layers there are.

use super::{Context, facts, listing, optional, section};
use crate::output::{short, size, table};
use std::collections::BTreeMap;
use wattle_engine::{
    InspectedApplication, InspectedBuildpack, InspectedLayer, InspectedProcess, InspectedSettings, InspectedUses,
};

/// Characters of a value that are shown without `--verbose`.
const SHOWN: usize = 200;

pub(super) fn made(cx: &Context, application: &InspectedApplication) {
    section(cx, "Buildpacks", &application.buildpacks.iter().map(buildpack).collect::<Vec<_>>());
    optional(cx, "Extensions", &application.extensions.iter().map(buildpack).collect::<Vec<_>>());
    section(cx, "Processes", &application.processes.iter().map(process).collect::<Vec<_>>());
    let stores =
        application.buildpacks.iter().filter_map(|it| Some(vec![it.id.clone(), it.store.as_ref()?.to_string()]));
    if cx.printer.verbose {
        optional(cx, "Kept by buildpacks", &stores.collect::<Vec<_>>());
        let documents = application.bill_of_materials.documents.iter().map(|path| vec![path.clone()]);
        optional(cx, "Bills of materials", &documents.collect::<Vec<_>>());
    }
}

fn buildpack(buildpack: &InspectedBuildpack) -> Vec<String> {
    vec![buildpack.id.clone(), buildpack.version.clone(), buildpack.homepage.clone().unwrap_or_default()]
}

fn process(process: &InspectedProcess) -> Vec<String> {
    let command: Vec<String> = process.command.iter().chain(&process.arguments).cloned().collect();
    // What a shell gets is a line for it as it is.
    let command = if process.shell { command.join(" ") } else { facts::words(&command) };
    let mut notes = Vec::new();
    if process.shell {
        notes.push("by a shell".to_owned());
    }
    notes.extend(process.working_directory.iter().map(|directory| format!("in {directory}")));
    if !process.execution_environments.is_empty() {
        notes.push(format!("for {}", process.execution_environments.join(", ")));
    }
    let default = if process.default { "(default)" } else { "" };
    vec![process.kind.clone(), default.to_owned(), command, process.buildpack.clone(), notes.join(", ")]
}

pub(super) fn settings(cx: &Context, settings: &InspectedSettings) {
    optional(cx, "Environment", &pairs(cx, &settings.environment));
    optional(cx, "Labels", &pairs(cx, &settings.labels));
}

fn pairs(cx: &Context, values: &BTreeMap<String, String>) -> Vec<Vec<String>> {
    let shown = |value: &str| match value.char_indices().nth(SHOWN) {
        Some((end, _)) if !cx.printer.verbose => format!("{}…", &value[..end]),
        _ => value.to_owned(),
    };
    values.iter().map(|(name, value)| vec![name.clone(), shown(value)]).collect()
}

pub(super) fn layers(cx: &Context, layers: &[InspectedLayer]) {
    section(cx, "Layers", &layers.iter().map(|it| layer(cx, it)).collect::<Vec<_>>());
    let packages = layers.iter().flat_map(|layer| &layer.packages);
    optional(cx, "Packages", &packages.map(|it| vec![it.name.clone(), it.version.clone()]).collect::<Vec<_>>());
    if cx.printer.verbose {
        details(cx, layers);
    }
}

fn layer(cx: &Context, layer: &InspectedLayer) -> Vec<String> {
    let digest = if cx.printer.verbose { layer.digest.clone() } else { short(&layer.digest) };
    let uses = layer.uses.as_ref().map(uses).unwrap_or_default();
    vec![layer.name.clone(), size(layer.size), digest, uses]
}

fn uses(uses: &InspectedUses) -> String {
    let all = [(uses.build, "build"), (uses.launch, "launch"), (uses.cache, "cache")];
    all.into_iter().filter_map(|(is_used, name)| is_used.then_some(name)).collect::<Vec<_>>().join(", ")
}

/// More of each layer, below its name.
fn details(cx: &Context, layers: &[InspectedLayer]) {
    let mut lines = Vec::new();
    for layer in layers {
        lines.push(facts::line(&layer.name));
        let mut rows = vec![vec!["diff-id".to_owned(), layer.diff_id.clone()]];
        rows.push(vec!["type".to_owned(), facts::line(&layer.media_type)]);
        let made = format!("{} {}", layer.created.clone().unwrap_or_default(), layer.created_by);
        rows.push(vec!["made".to_owned(), facts::line(made.trim())]);
        if let Some(uses) = layer.uses.as_ref().filter(|uses| !uses.data.is_null()) {
            rows.push(vec!["data".to_owned(), uses.data.to_string()]);
        }
        lines.extend(table(&rows).into_iter().map(|line| format!("  {line}")));
    }
    listing(cx, "Details of layers", &lines);
}
