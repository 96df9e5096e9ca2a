//! Starts what a `Procfile` says; `README.md` has the rules.

mod procfile;

use procfile::{Process, Procfile};
use std::fs;
use wattle_buildpack::{Build, Buildpack, Detect, Detection, Error, Launch, Result, Scope, register};
use wattle_command::Command;
use wattle_command::npm::ScriptError;

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
        let mut procfile = Procfile::parse(&bytes).map_err(|error| procfile_error(&error))?;
        if cx.app("package.json").exists() {
            procfile.follow_scripts(&cx.app("")).map_err(|error| script_error(&error))?;
        }
        set_variables(cx, &procfile)?;
        let default = procfile.default_process();
        let mut launch = Launch::new();
        for process in procfile.processes() {
            announce(process);
            let declared = declare(cx, process);
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

fn script_error(error: &ScriptError) -> Error {
    let user = Error::user(format!("procfile/{}", error.code()), error.to_string()).hint(error.hint());
    match std::error::Error::source(error) {
        Some(cause) => user.detail(cause.to_string()),
        None => user,
    }
}

fn declare(cx: &Build, process: &Process) -> wattle_buildpack::Process {
    let start = process.start();
    let declared = wattle_buildpack::Process::new(process.kind(), start.command.words());
    if start.directory.is_empty() { declared } else { declared.working_directory(cx.app(&start.directory)) }
}

/// `NAME=value` before a command is for that process alone, which only a layer can say.
fn set_variables(cx: &Build, procfile: &Procfile) -> Result<()> {
    let variables = procfile.variables();
    let programs = programs(cx, procfile);
    if variables.is_empty() && programs.is_empty() {
        return Ok(());
    }
    let layer = cx.layer("environment").launch().cached_by(&variables).or_create(|_| Ok(()))?;
    for (kind, variables) in variables {
        for (name, value) in variables {
            layer.env(Scope::Process(kind.to_owned())).set(name, value)?;
        }
    }
    for (kind, directory) in programs {
        layer.env(Scope::Process(kind.to_owned())).prepend("PATH", directory, ":")?;
    }
    Ok(())
}

/// Where npm looks for programs first, for the processes that start in a directory with packages of its own.
fn programs<'a>(cx: &Build, procfile: &'a Procfile) -> Vec<(&'a str, String)> {
    let processes = procfile.processes().iter().filter(|process| !process.start().directory.is_empty());
    let modules = processes.map(|process| (process.kind(), cx.app(&process.start().directory).join("node_modules")));
    // It may be a link to a layer of another buildpack, which this one does not see.
    let there = modules.filter(|(_, modules)| modules.symlink_metadata().is_ok());
    there.map(|(kind, modules)| (kind, modules.join(".bin").to_string_lossy().into_owned())).collect()
}

#[expect(clippy::print_stdout, reason = "standard output is the build log")]
fn announce(process: &Process) {
    let start = process.start();
    let place = if start.directory.is_empty() { String::new() } else { format!(" in `{}`", start.directory) };
    let (kind, command) = (process.kind(), &start.command);
    match command {
        Command::Direct(_) => println!("{kind}: {command}{place}"),
        Command::Shell { because, .. } => println!("{kind}: {command}{place} (`{because}` needs a shell)"),
    }
    start.notes.iter().for_each(|note| println!("  {note}"));
}
