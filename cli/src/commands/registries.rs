//! `wattle registries`.

use super::Context;
use crate::args;
use crate::output::table;
use anyhow::Result;
use serde::Serialize;

#[derive(Serialize)]
struct Line {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Prints where each registry is and why there, and which are not to be found.
pub(crate) fn run(cx: &Context, args: &args::Registries) -> Result<()> {
    let settings = cx.settings(&args.path)?;
    let registries = wattle_fetch::Registries::discover(settings.registries(&cx.global)?)?;
    let found = registries.iter().map(|registry| Line {
        name: registry.name.clone(),
        scope: registry.scope.clone(),
        address: Some(registry.address.to_string()),
        origin: Some(registry.origin.clone()),
        problem: None,
    });
    let missing = registries.problems().map(|problem| {
        let (wattle_fetch::RegistryError::Unknown { name } | wattle_fetch::RegistryError::Address { name, .. }) =
            &problem;
        Line { name: name.clone(), scope: None, address: None, origin: None, problem: Some(problem.to_string()) }
    });
    let lines: Vec<Line> = found.chain(missing).collect();
    if cx.printer.json {
        for line in &lines {
            cx.printer.json(line);
        }
        return Ok(());
    }
    let row = |line: &Line| {
        let name = line.scope.as_ref().map_or(line.name.clone(), |scope| format!("{} {scope}", line.name));
        let why = line.origin.clone().or_else(|| line.problem.clone()).unwrap_or_default();
        vec![name, line.address.clone().unwrap_or_else(|| "-".to_owned()), why]
    };
    cx.printer.lines(&table(&lines.iter().map(row).collect::<Vec<_>>()));
    Ok(())
}
