//! What `npm run` and its kin would run: the scripts of a `package.json`, followed until one names a program.
//!
//! npm is not in an image, and need not be: what it would do when a process starts is found out when the image is built.
//! `yarn`, `pnpm` and `bun` mean the same by the same words where scripts are concerned, so they are followed too.

mod error;
mod invocation;
mod package;
mod workspaces;

pub use error::ScriptError;
pub use package::join;

use crate::{Command, Direct};
use invocation::{Invocation, Run};
use package::Package;
use std::fs;
use std::path::{Path, PathBuf};

/// Files of an application, by their paths below it; the empty path is the application itself.
pub trait Files {
    /// The text of a file; nothing if it is not there or not text.
    fn read(&self, path: &str) -> Option<String>;

    /// The names of what is in a directory, sorted.
    fn list(&self, directory: &str) -> Vec<String>;

    /// Whether a file or directory is there.
    fn exists(&self, path: &str) -> bool;
}

/// A directory of the filesystem.
impl Files for PathBuf {
    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.join(path)).ok()
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.join(directory)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn exists(&self, path: &str) -> bool {
        Path::exists(&self.join(path))
    }
}

/// What is to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The program, or a line for a shell.
    pub command: Command,
    /// Variables that are set before it; of one name the last counts.
    pub environment: Vec<(String, String)>,
    /// The directory below the application that npm would run it in; empty for the application's own.
    pub directory: String,
    /// Where the command is written, for people.
    pub origin: String,
    /// What npm would do besides, for people: each a sentence without its full stop.
    pub notes: Vec<String>,
}

/// More steps from script to script than anybody writes, unless they go round.
const DEPTH: usize = 8;

/// Follows a line that is written at `origin` (for people, as `` `web` in `Procfile` ``) to what it starts in the end.
pub fn follow(line: &str, origin: &str, files: &dyn Files) -> Result<Start, ScriptError> {
    let at = Written { directory: String::new(), origin: origin.to_owned() };
    Scripts(files).follow(&at, line, DEPTH)
}

/// What `npm start` starts; nothing if the application has no such script.
pub fn start(files: &dyn Files) -> Result<Option<Start>, ScriptError> {
    let package = Package::read(files, "")?;
    match package.script("start") {
        Some(text) => Scripts(files).script(&package, "start", text, DEPTH).map(Some),
        None => Ok(None),
    }
}

/// Where a command is written.
struct Written {
    /// The directory that it runs in.
    directory: String,
    /// For people.
    origin: String,
}

struct Scripts<'a>(&'a dyn Files);

impl Scripts<'_> {
    fn script(&self, package: &Package, name: &str, text: &str, depth: usize) -> Result<Start, ScriptError> {
        let at = Written { directory: package.directory.clone(), origin: package.origin(name) };
        let mut start = self.follow(&at, text, depth)?;
        // npm runs `prestart` before `start`, and `poststart` after it.
        for around in [format!("pre{name}"), format!("post{name}")] {
            if package.script(&around).is_some() {
                start.notes.push(format!("{} is not run", package.origin(&around)));
            }
        }
        Ok(start)
    }

    fn follow(&self, at: &Written, line: &str, depth: usize) -> Result<Start, ScriptError> {
        let malformed =
            |error| ScriptError::Malformed { origin: at.origin.clone(), line: line.to_owned(), source: error };
        match Command::parse(line).map_err(malformed)? {
            Command::Direct(direct) => self.direct(at, direct, depth),
            shell @ Command::Shell { .. } => Ok(at.starts(shell)),
        }
    }

    fn direct(&self, at: &Written, direct: Direct, depth: usize) -> Result<Start, ScriptError> {
        let Direct { environment, words } = direct;
        let mut start = match Invocation::of(&words) {
            None => at.starts_program(words),
            Some(Invocation::Program(words)) => at.starts_program(words),
            Some(Invocation::Script(run)) => self.run(at, &run, depth)?,
        };
        start.environment.splice(0..0, environment);
        Ok(start)
    }

    fn run(&self, at: &Written, run: &Run, depth: usize) -> Result<Start, ScriptError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(ScriptError::Circular { origin: at.origin.clone(), script: run.script.clone() });
        };
        let package = self.package(at, run)?;
        if !package.directory.is_empty() && !self.0.exists(&package.path("package.json")) {
            return Err(ScriptError::NoPackage { origin: at.origin.clone(), directory: package.directory });
        }
        if let Some(text) = package.script(&run.script) {
            let mut start = self.script(&package, &run.script, text, depth)?;
            start.command.append(&run.arguments);
            return Ok(start);
        }
        // `npm start` without a script is `node server.js`; `yarn x` without a script is the program `x`.
        let mut words = match run.script.as_str() {
            "start" if self.0.exists(&package.path("server.js")) => vec!["node".to_owned(), "server.js".to_owned()],
            name if run.or_program => vec![name.to_owned()],
            _ => return Err(ScriptError::unknown_script(&at.origin, &run.script, &package)),
        };
        words.extend(run.arguments.iter().cloned());
        let at = Written { directory: package.directory, origin: at.origin.clone() };
        Ok(at.starts_program(words))
    }

    /// The package whose scripts are meant.
    fn package(&self, at: &Written, run: &Run) -> Result<Package, ScriptError> {
        let outside = |path: &str| ScriptError::Outside { origin: at.origin.clone(), path: path.to_owned() };
        let directory = match &run.directory {
            Some(path) => package::join(&at.directory, path).ok_or_else(|| outside(path))?,
            None => at.directory.clone(),
        };
        match run.workspaces.as_slice() {
            [] => Package::read(self.0, &directory),
            [one] => workspaces::find(self.0, &directory, one, &at.origin),
            _ => Err(ScriptError::Several { origin: at.origin.clone(), script: run.script.clone() }),
        }
    }
}

impl Written {
    fn starts(&self, command: Command) -> Start {
        let (directory, origin) = (self.directory.clone(), self.origin.clone());
        Start { command, environment: Vec::new(), directory, origin, notes: Vec::new() }
    }

    fn starts_program(&self, words: Vec<String>) -> Start {
        self.starts(Command::Direct(Direct { environment: Vec::new(), words }))
    }
}

#[cfg(test)]
mod tests;
