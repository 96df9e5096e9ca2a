//! What of an application is refused, because it makes no image or one that others read otherwise than we do.

use super::application::{Application, Buildpack, Error, RESERVED_LABELS};
use super::names::{self, NameError};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Beyond these, integers are no longer told apart by tools that read every number of JSON as a double.
const MAX_INTEGER: u64 = 1 << 53;

pub(super) fn check(application: &Application) -> Result<(), Error> {
    check_buildpacks(&application.buildpacks)?;
    check_processes(application)?;
    names::check_workspace(&application.workspace)?;
    names::check_execution_environment(&application.execution_environment)?;
    if let Some(user) = application.user.as_ref().filter(|user| !is_user(user)) {
        return Err(Error::User(user.clone()));
    }
    let (slices, layers) = (application.slices.len(), application.app.len());
    if layers != slices + 1 {
        return Err(Error::Slices { slices, layers });
    }
    check_labels(&application.labels, "buildpacks")?;
    check_labels(&application.user_labels, "users")
}

fn check_buildpacks(buildpacks: &[Buildpack]) -> Result<(), Error> {
    let mut directories = BTreeSet::new();
    for buildpack in buildpacks {
        names::check_buildpack(&buildpack.id)?;
        if !directories.insert(names::directory(&buildpack.id).to_ascii_lowercase()) {
            return Err(Error::SameDirectory(buildpack.id.clone()));
        }
        let names = buildpack.layers.iter().map(|layer| layer.name.as_str());
        distinct("layers", names, names::check_layer)?;
        for layer in &buildpack.layers {
            check_numbers(&layer.data, || format!("the metadata of the layer `{}:{}`", buildpack.id, layer.name))?;
        }
        if let Some(store) = &buildpack.store {
            check_numbers(store, || format!("the store of the buildpack `{}`", buildpack.id))?;
        }
    }
    Ok(())
}

fn check_processes(application: &Application) -> Result<(), Error> {
    let types = application.processes.iter().map(|process| process.kind.as_str());
    distinct("processes", types, names::check_process)?;
    for process in &application.processes {
        if process.command.is_empty() {
            return Err(Error::NoCommand(process.kind.clone()));
        }
        let named = process.exec_env.iter().filter(|name| *name != super::ANY);
        named.map(String::as_str).try_for_each(names::check_execution_environment)?;
    }
    let Some(default) = &application.default_process else { return Ok(()) };
    let environment = &application.execution_environment;
    match application.processes.iter().find(|process| process.kind == *default) {
        None => Err(Error::NoSuchProcess(default.clone())),
        Some(process) if process.runs_in(environment) => Ok(()),
        Some(_) => Err(Error::NotEligible { process: default.clone(), environment: environment.clone() }),
    }
}

/// Labels are set last by the reference implementation, so that a buildpack can overwrite what the platform says there.
fn check_labels(labels: &BTreeMap<String, String>, whom: &'static str) -> Result<(), Error> {
    let reserved = labels.keys().find(|key| key.starts_with(RESERVED_LABELS));
    reserved.map_or(Ok(()), |key| Err(Error::ReservedLabel { key: key.clone(), whom }))
}

/// `user` or `user:group`, each a name or a number.
fn is_user(text: &str) -> bool {
    let good = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    text.split(':').count() <= 2 && text.split(':').all(good)
}

/// A rebase by other tools writes the whole label anew, with every number as a double.
fn check_numbers(value: &Value, of: impl Fn() -> String + Copy) -> Result<(), Error> {
    match value {
        Value::Number(number) if number.as_i64().map(i64::unsigned_abs).or(number.as_u64()) > Some(MAX_INTEGER) => {
            Err(Error::Number { of: of(), number: number.to_string() })
        }
        Value::Array(values) => values.iter().try_for_each(|value| check_numbers(value, of)),
        Value::Object(values) => values.values().try_for_each(|value| check_numbers(value, of)),
        _ => Ok(()),
    }
}

fn distinct<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a str>,
    check: fn(&str) -> Result<(), NameError>,
) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for name in names {
        check(name)?;
        if !seen.insert(name) {
            return Err(Error::Twice { what, name: name.to_owned() });
        }
    }
    Ok(())
}
