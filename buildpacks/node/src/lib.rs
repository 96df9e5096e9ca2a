//! Runs Node applications: Node itself and what `package-lock.json` says; `README.md` has the rules.

mod check;
mod dependencies;
mod graph;
mod ignored;
mod json;
mod layout;
mod lock;
mod log;
mod manifest;
mod platform;
mod runtime;
mod selection;
mod source;
mod start;
mod sync;
mod version;

use check::Check;
use lock::Lock;
use manifest::Manifest;
use std::collections::BTreeMap;
use wattle_buildpack::{Build, Buildpack, Detect, Detection, Launch, Process, Result, Scope, register};
use wattle_command::npm::{self, Start};
use wattle_command::{Command, quoted};

struct Node;

impl Buildpack for Node {
    fn detect(&self, cx: &Detect) -> Result<Detection> {
        if !cx.app("package.json").exists() {
            return Ok(Detection::skip("there is no `package.json`"));
        }
        Ok(Detection::pass().provides("node").requires("node"))
    }

    fn build(&self, cx: &Build) -> Result<Launch> {
        let manifest = Manifest::read(&cx.app("package.json"))?;
        let lock = dependencies::lock(cx, &manifest)?;
        let start = start(cx, &manifest, lock.as_ref())?;
        let runtime = runtime::install(cx, &manifest)?;
        let dependencies = match &lock {
            Some(lock) => Some(dependencies::install(cx, lock, &runtime.version)?),
            None => None,
        };
        match start {
            Some(start) => launch(cx, &start, dependencies.as_ref()),
            None => Ok(Launch::new()),
        }
    }
}

register!(Node);

/// How the application starts. With a `Procfile` it need not say so anywhere else, since that decides in the end.
fn start(cx: &Build, manifest: &Manifest, lock: Option<&Lock>) -> Result<Option<Start>> {
    let files = cx.app("");
    let check = Check { manifest, lock, files: &files };
    let found = start::find(manifest, &files).and_then(|mut start| {
        start.notes.extend(check.start(&start)?);
        Ok(start)
    });
    if cx.app("Procfile").exists() {
        check_procfile(cx, &check)?;
        return Ok(found.ok());
    }
    found.map(Some)
}

/// Whether what a `Procfile` says can start: only this buildpack knows the packages. What is wrong with the file itself its
/// own buildpack says.
fn check_procfile(cx: &Build, check: &Check<'_>) -> Result<()> {
    let text = json::read(&cx.app("Procfile"))?;
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    for (kind, command) in lines.filter_map(|line| line.split_once(':')) {
        let origin = format!("`{}` in `Procfile`", kind.trim());
        let Ok(start) = npm::follow(command, &origin, check.files) else { continue };
        for warning in check.start(&start)? {
            log::line(&format!("{origin}: {warning}"));
        }
    }
    Ok(())
}

fn launch(cx: &Build, start: &Start, dependencies: Option<&dependencies::Installed>) -> Result<Launch> {
    let command = start.command.words();
    log::line(&format!("Start: `{}`{} ({})", quoted(&command), place(start), start.origin));
    if let Command::Shell { because, .. } = &start.command {
        log::line(&format!("  `{because}` needs a shell"));
    }
    start.notes.iter().for_each(|note| log::line(&format!("  {note}")));
    set_variables(cx, &start.environment)?;
    let command = match dependencies {
        Some(installed) => {
            installed.find_programs_from(&start.directory, "web")?;
            installed.command(&start.directory, command)
        }
        None => command,
    };
    let process = Process::new("web", command).default();
    let process =
        if start.directory.is_empty() { process } else { process.working_directory(cx.app(&start.directory)) };
    Ok(Launch::new().process(process))
}

fn place(start: &Start) -> String {
    if start.directory.is_empty() { String::new() } else { format!(" in `{}`", start.directory) }
}

/// `NAME=value` before a command is for that process alone, which only a layer can say.
fn set_variables(cx: &Build, variables: &[(String, String)]) -> Result<()> {
    if variables.is_empty() {
        return Ok(());
    }
    let key: BTreeMap<_, _> = variables.iter().cloned().collect();
    let layer = cx.layer("environment").launch().cached_by(&key).or_create(|_| Ok(()))?;
    for (name, value) in key {
        layer.env(Scope::Process("web".to_owned())).set(&name, value)?;
    }
    Ok(())
}
