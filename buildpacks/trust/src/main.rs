//! Runs in images before their processes (Buildpack specification, "exec.d"): takes certificates from the service bindings
//! that the container was given, and has the process trust them.

#![expect(clippy::print_stderr, reason = "its messages are for whoever started the container")]

mod bindings;
mod directory;
mod output;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wattle_trust::{DIRECTORIES, FILE, NODE, SYSTEM};

/// What goes wrong ends the start: a process that lacks certificates which somebody has bound would fail later, and say less.
fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let Some(root) = variable("SERVICE_BINDING_ROOT") else { return Ok(()) };
    let certificates = bindings::certificates(Path::new(&root))?;
    if certificates.is_empty() {
        return Ok(());
    }
    let bundle = [node_bundle().as_deref().unwrap_or_default(), &certificates.bundle()].concat();
    let directory = directory::write(&places(), &certificates, &bundle)?;
    output::write(&variables(&directory)?)
}

/// A variable that is set, and not to nothing.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Where files can be written: the first that works counts.
fn places() -> Vec<PathBuf> {
    let places = variable("TMPDIR").map(PathBuf::from).into_iter();
    places.chain(["/tmp", "/dev/shm"].map(PathBuf::from)).collect()
}

/// What Node trusts besides its own already. There is one such file, so ours has to have what was in it.
fn node_bundle() -> Option<String> {
    let file = variable(NODE)?;
    match fs::read(&file) {
        Ok(bytes) => Some(format!("{}\n", String::from_utf8_lossy(&bytes).trim_end())),
        Err(error) => {
            eprintln!("warning: `{NODE}` is `{}`, which cannot be read: {error}", file.display());
            None
        }
    }
}

fn variables(directory: &Path) -> Result<Vec<(&'static str, String)>, String> {
    let path = |name: &str| text(directory.join(name).into_os_string(), "the directory for temporary files");
    let mut variables = vec![(NODE, path(wattle_trust::BUNDLE_NAME)?)];
    let ours = path(wattle_trust::DIRECTORY_NAME)?;
    variables.push(match variable(DIRECTORIES) {
        Some(others) => (DIRECTORIES, format!("{}:{ours}", text(others, DIRECTORIES)?)),
        None => (DIRECTORIES, ours),
    });
    // Who looks into directories that are named no longer looks where the system has its own.
    if variable(FILE).is_none()
        && let Some(system) = SYSTEM.into_iter().find(|file| Path::new(file).is_file())
    {
        variables.push((FILE, system.to_owned()));
    }
    Ok(variables)
}

fn text(value: OsString, what: &str) -> Result<String, String> {
    value.into_string().map_err(|value| format!("{what} is `{}`, which is no text", value.display()))
}
