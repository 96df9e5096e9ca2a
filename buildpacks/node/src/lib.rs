//! Runs Node applications: Node itself and what `package-lock.json` says; `README.md` has the rules.

mod dependencies;
mod graph;
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

use manifest::Manifest;
use std::collections::BTreeMap;
use wattle_buildpack::{Build, Buildpack, Detect, Detection, Launch, Process, Result, Scope, register};

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
        let start = start(cx, &manifest)?;
        let runtime = runtime::install(cx, &manifest)?;
        let dependencies = match &lock {
            Some(lock) => Some(dependencies::install(cx, lock, &runtime.version)?),
            None => None,
        };
        match start {
            Some(start) => launch(cx, start, dependencies.as_ref()),
            None => Ok(Launch::new()),
        }
    }
}

register!(Node);

/// How the application starts. With a `Procfile` it need not say so anywhere else, since that decides in the end.
fn start(cx: &Build, manifest: &Manifest) -> Result<Option<start::Start>> {
    let found = start::find(manifest, &|path| cx.app(path).exists());
    if found.is_err() && cx.app("Procfile").exists() {
        return Ok(None);
    }
    found.map(Some)
}

fn launch(cx: &Build, start: start::Start, dependencies: Option<&dependencies::Installed>) -> Result<Launch> {
    log::line(&format!("Start: `{}` ({})", start.command.join(" "), start.origin));
    start.notes.iter().for_each(|note| log::line(&format!("  {note}")));
    set_variables(cx, &start.environment)?;
    let command = match dependencies {
        Some(installed) => installed.command(start.command),
        None => start.command,
    };
    Ok(Launch::new().process(Process::new("web", command).default()))
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
