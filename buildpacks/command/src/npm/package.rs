//! A `package.json`, as far as scripts go.

use super::{Files, ScriptError};
use serde_json::Value;
use std::collections::BTreeMap;

/// A package of the application's own.
#[derive(Debug, Default)]
pub(super) struct Package {
    /// Where it is; empty for the application itself.
    pub(super) directory: String,
    pub(super) name: Option<String>,
    pub(super) scripts: BTreeMap<String, String>,
    /// Patterns of the directories of its workspaces.
    pub(super) workspaces: Vec<String>,
}

impl Package {
    /// The one in a directory. One without a `package.json` has neither name nor scripts.
    pub(super) fn read(files: &dyn Files, directory: &str) -> Result<Package, ScriptError> {
        let mut package = Package { directory: directory.to_owned(), ..Package::default() };
        let path = package.path("package.json");
        let Some(text) = files.read(&path) else { return Ok(package) };
        let document: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|source| ScriptError::Package { path, source })?;
        package.name = document["name"].as_str().map(str::to_owned);
        let scripts = document["scripts"].as_object().into_iter().flatten();
        let scripts = scripts.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned())));
        package.scripts = scripts.collect();
        // Yarn's way of writing them, which npm reads too, has them one level down.
        let patterns = document["workspaces"].as_array().or_else(|| document["workspaces"]["packages"].as_array());
        let patterns = patterns.into_iter().flatten().filter_map(Value::as_str);
        package.workspaces = patterns.map(str::to_owned).collect();
        Ok(package)
    }

    /// What a script says, if it says anything.
    pub(super) fn script(&self, name: &str) -> Option<&str> {
        self.scripts.get(name).map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    /// The path of a file in it, below the application.
    pub(super) fn path(&self, file: &str) -> String {
        child(&self.directory, file)
    }

    /// Where a script is written, for people.
    pub(super) fn origin(&self, script: &str) -> String {
        format!("`scripts.{script}` in `{}`", self.path("package.json"))
    }
}

/// The path of what is in a directory.
pub(super) fn child(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// `path` as seen from `directory` of the application, without `.` and `..`; nothing if it is absolute or leads outside.
pub fn join(directory: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut steps: Vec<&str> = directory.split('/').filter(|step| !step.is_empty()).collect();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop()?;
            }
            step => steps.push(step),
        }
    }
    Some(steps.join("/"))
}
