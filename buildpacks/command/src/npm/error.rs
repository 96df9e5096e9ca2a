//! Scripts that lead nowhere.

use super::package::Package;
use crate::Malformed;

/// A command that cannot be followed to what it starts.
#[derive(Debug, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "fields are said by their names: where the command is written (`origin`), the script, the workspace, the path"
)]
pub enum ScriptError {
    /// It is no command line.
    #[error("could not read {origin}, `{line}`")]
    Malformed { origin: String, line: String, source: Malformed },
    /// A `package.json` is none.
    #[error("could not read the scripts of `{path}`")]
    Package { path: String, source: serde_json::Error },
    /// It leads back to itself.
    #[error("{origin} runs `{script}`, which leads back to it")]
    Circular { origin: String, script: String },
    /// There is no such script.
    #[error("{origin} runs the script `{script}`, which `{package}` does not have")]
    UnknownScript { origin: String, script: String, package: String, near: Vec<String> },
    /// There is no such workspace.
    #[error("{origin} runs a script of the workspace `{workspace}`, and `{package}` has no such workspace")]
    UnknownWorkspace { origin: String, workspace: String, package: String, near: Vec<String> },
    /// There is no such package.
    #[error("{origin} runs a script in `{directory}`, where no `package.json` is")]
    NoPackage { origin: String, directory: String },
    /// It leads out of the application.
    #[error("{origin} runs a script in `{path}`, which is outside the application")]
    Outside { origin: String, path: String },
    /// It starts more than one program.
    #[error("{origin} runs `{script}` of several workspaces, and a process is one program")]
    Several { origin: String, script: String },
}

impl ScriptError {
    pub(super) fn unknown_script(origin: &str, script: &str, package: &Package) -> ScriptError {
        let near = near(script, package.scripts.keys());
        let (origin, script, package) = (origin.to_owned(), script.to_owned(), package.path("package.json"));
        ScriptError::UnknownScript { origin, script, package, near }
    }

    /// A stable name, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            ScriptError::Malformed { .. } => "start/malformed",
            ScriptError::Package { .. } => "json/malformed",
            ScriptError::Circular { .. } => "start/circular",
            ScriptError::UnknownScript { .. } => "start/unknown",
            ScriptError::UnknownWorkspace { .. } | ScriptError::NoPackage { .. } => "start/workspace",
            ScriptError::Outside { .. } => "start/outside",
            ScriptError::Several { .. } => "start/several",
        }
    }

    /// What to do next, in the imperative.
    pub fn hint(&self) -> String {
        match self {
            ScriptError::Malformed { .. } => {
                "write it as a program and its arguments, such as `node server.js`".to_owned()
            }
            ScriptError::Package { path, .. } => format!("correct `{path}`"),
            ScriptError::Circular { .. } => "let one of them name the program".to_owned(),
            ScriptError::UnknownScript { near, .. } | ScriptError::UnknownWorkspace { near, .. }
                if !near.is_empty() =>
            {
                format!("the nearest that exist are {}", near.join(", "))
            }
            ScriptError::UnknownScript { script, .. } => {
                format!("add it: `npm pkg set scripts.{script}=\"node server.js\"`")
            }
            ScriptError::UnknownWorkspace { package, .. } => {
                format!(
                    "name its directory under `workspaces` in `{package}`, and see that no ignore file leaves it out"
                )
            }
            ScriptError::NoPackage { directory, .. } => {
                format!("see whether an ignore file leaves `{directory}` out")
            }
            ScriptError::Outside { .. } => "build from the directory that holds both".to_owned(),
            ScriptError::Several { .. } => {
                "name one workspace, and write a line for each of the others into a `Procfile`".to_owned()
            }
        }
    }
}

/// How many names are told.
const NEAR: usize = 5;

/// The names that are likest to `wanted`, in backticks, the likest first.
pub(super) fn near<'a>(wanted: &str, names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut names: Vec<(f64, &String)> = names.map(|name| (strsim::jaro_winkler(wanted, name), name)).collect();
    names.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    names.into_iter().take(NEAR).map(|(_, name)| format!("`{name}`")).collect()
}
