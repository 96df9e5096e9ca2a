//! The system that the launcher runs on.

#![expect(clippy::disallowed_methods, reason = "a program: what it is given is its environment, and it starts another")]

use crate::before::{self, Watch};
use crate::disk::Disk;
use crate::init::Init;
use rustix::fs::{Access, AtFlags, CWD, accessat};
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, ExitCode};
use wattle_launcher::{Environment, Error, Launch};

/// Set to `exec`, it has the launcher become the process even where it would stay as its init.
const OPTION: &str = "WATTLE_LAUNCHER";

/// Runs the process, or becomes it and does not come back.
#[expect(clippy::print_stderr, reason = "what goes wrong before the process starts has no other place to go")]
pub(crate) fn main() -> ExitCode {
    if env::var_os("CNB_PROCESS_TYPE").is_some_and(|kind| !kind.is_empty()) {
        eprintln!(
            "warning: `CNB_PROCESS_TYPE` has no effect: a process is chosen by its entry point, `/cnb/process/<type>`"
        );
    }
    // Made first, so that no signal is lost from now on. A container that forbids even a socket pair has to do without.
    let init = if stays() { Init::new().ok() } else { None };
    let arguments: Vec<Vec<u8>> = env::args_os().map(OsString::into_vec).collect();
    let environment = env::vars_os().map(|(name, value)| (name.into_vec(), value.into_vec())).collect();
    run(&arguments, environment, init).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(error.code())
    })
}

/// Whether the launcher is the first process of its container and may stay so.
fn stays() -> bool {
    process::id() == 1 && env::var_os(OPTION).is_none_or(|option| option != "exec")
}

fn run(arguments: &[Vec<u8>], environment: Environment, init: Option<Init>) -> Result<ExitCode, Error> {
    let mut launch = wattle_launcher::launch(arguments, environment, &Disk)?;
    enter(&launch.app_dir)?;
    let mut watch = Watch::from(init);
    for program in std::mem::take(&mut launch.before) {
        launch.environment = before::run(&program, launch.environment, &mut watch)?;
    }
    start(&launch, watch.into_init())
}

fn start(launch: &Launch, init: Option<Init>) -> Result<ExitCode, Error> {
    let mut command = command(launch)?;
    let ended = match init {
        Some(init) => init.run(command),
        None => Err(command.exec()),
    };
    ended.map_err(|error| {
        let program = launch.command.first().map(|program| program.escape_ascii().to_string()).unwrap_or_default();
        let found = launch.command.first().and_then(|program| look_up(program, &launch.environment));
        let why = found.map_or_else(|| error.to_string(), |found| why_not_started(&found, &error));
        Error::Launch(format!("could not start `{program}`: {why}"))
    })
}

/// Why a program did not start. The kernel says of a script whose interpreter is not there that the script is not there.
pub(crate) fn why_not_started(program: &Path, error: &io::Error) -> String {
    let interpreter = (error.kind() == io::ErrorKind::NotFound).then(|| interpreter(program)).flatten();
    match interpreter.filter(|interpreter| !Path::new(interpreter).exists()) {
        Some(interpreter) => format!("there is no `{interpreter}`, which runs it"),
        None => error.to_string(),
    }
}

/// The program that a script names in its first line.
fn interpreter(script: &Path) -> Option<String> {
    let mut start = Vec::new();
    fs::File::open(script).ok()?.take(LONGEST_LINE).read_to_end(&mut start).ok()?;
    let line = String::from_utf8_lossy(start.strip_prefix(b"#!")?).into_owned();
    Some(line.lines().next()?.split_whitespace().next()?.to_owned())
}

/// Bytes of a first line that the kernel looks at.
const LONGEST_LINE: u64 = 256;

/// The program is looked up from the application's directory, and only then comes the working directory, as in the
/// reference implementation: a relative program has to be found from both.
fn command(launch: &Launch) -> Result<Command, Error> {
    let Launch { command, environment, working_dir, .. } = launch;
    let Some((program, arguments)) = command.split_first() else {
        return Err(Error::Launch("there is nothing to start".to_owned()));
    };
    let Some(found) = look_up(program, environment) else {
        let text = format!("`{}` is not a program that can be found in `PATH`", program.escape_ascii());
        return Err(Error::Launch(text));
    };
    working_dir.as_deref().map_or(Ok(()), enter)?;
    let mut command = program_in(&found, environment);
    command.arg0(OsStr::from_bytes(program)).args(arguments.iter().map(|argument| OsStr::from_bytes(argument)));
    Ok(command)
}

/// A program that is given this environment, and nothing of our own.
pub(crate) fn program_in(program: &Path, environment: &Environment) -> Command {
    let variables = environment.iter().map(|(name, value)| (OsStr::from_bytes(name), OsStr::from_bytes(value)));
    let mut command = Command::new(program);
    command.env_clear().envs(variables);
    command
}

fn enter(directory: &[u8]) -> Result<(), Error> {
    env::set_current_dir(OsStr::from_bytes(directory))
        .map_err(|error| Error::Launch(format!("could not enter `{}`: {error}", directory.escape_ascii())))
}

/// A name without a slash stands for the first program of this name in `PATH`. An empty part of `PATH` does not count: it
/// would stand for whatever the current directory happens to be.
fn look_up(program: &[u8], environment: &Environment) -> Option<PathBuf> {
    if program.contains(&b'/') {
        return Some(PathBuf::from(OsStr::from_bytes(program)));
    }
    let path = environment.get("PATH").unwrap_or_default();
    let directories = path.split(|byte| *byte == b':').filter(|directory| !directory.is_empty());
    let mut candidates =
        directories.map(|directory| Path::new(OsStr::from_bytes(directory)).join(OsStr::from_bytes(program)));
    candidates
        .find(|candidate| candidate.is_file() && accessat(CWD, candidate, Access::EXEC_OK, AtFlags::EACCESS).is_ok())
}
