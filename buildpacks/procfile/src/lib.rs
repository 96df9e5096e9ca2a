//! Starts what a `Procfile` says; `README.md` has the rules.

mod procfile;

use procfile::{Process, Procfile};
use std::fs;
use wattle_buildpack::{Build, Buildpack, Detect, Detection, Error, Launch, Result, Scope, register};
use wattle_command::Command;

struct ProcfileBuildpack;

impl Buildpack for ProcfileBuildpack {
    fn detect(&self, cx: &Detect) -> Result<Detection> {
        if !cx.app("Procfile").exists() {
            return Ok(Detection::skip("there is no `Procfile`"));
        }
        Ok(Detection::pass())
    }

    fn build(&self, cx: &Build) -> Result<Launch> {
        let bytes = fs::read(cx.app("Procfile"))?;
        let procfile = Procfile::parse(&bytes).map_err(|error| procfile_error(&error))?;
        set_variables(cx, &procfile)?;
        let default = procfile.default_process();
        let mut launch = Launch::new();
        for process in procfile.processes() {
            announce(process);
            let declared = wattle_buildpack::Process::new(process.kind(), process.command().words());
            launch = launch.process(if default == Some(process) { declared.default() } else { declared });
        }
        Ok(launch)
    }
}

register!(ProcfileBuildpack);

fn procfile_error(error: &procfile::Malformed) -> Error {
    Error::user("procfile/malformed", error.to_string())
        .hint("write one process a line, as `type: command`, such as `web: node server.js`")
}

/// `NAME=value` before a command is for that process alone, which only a layer can say.
fn set_variables(cx: &Build, procfile: &Procfile) -> Result<()> {
    let variables = procfile.variables();
    if variables.is_empty() {
        return Ok(());
    }
    let layer = cx.layer("environment").launch().cached_by(&variables).or_create(|_| Ok(()))?;
    for (kind, variables) in variables {
        for (name, value) in variables {
            layer.env(Scope::Process(kind.to_owned())).set(name, value)?;
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "standard output is the build log")]
fn announce(process: &Process) {
    let (kind, command) = (process.kind(), process.command());
    match command {
        Command::Direct(_) => println!("{kind}: {command}"),
        Command::Shell { because, .. } => println!("{kind}: {command} (`{because}` needs a shell)"),
    }
}
