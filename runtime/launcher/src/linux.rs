//! The system that the launcher runs on.

#![expect(clippy::disallowed_methods, reason = "a program: what it is given is its environment, and it starts another")]

use crate::init::Init;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, ExitCode};
use wattle_launcher::{Entry, Error, Files, Launch};

/// Set to `exec`, it has the launcher become the process even where it would stay as its init.
const OPTION: &str = "WATTLE_LAUNCHER";

/// Runs the process, or becomes it and does not come back.
#[expect(clippy::print_stderr, reason = "what goes wrong before the process starts has no other place to go")]
pub(crate) fn main() -> ExitCode {
    if env::var_os("CNB_PROCESS_TYPE").is_some() {
        eprintln!(
            "warning: `CNB_PROCESS_TYPE` has no effect: a process is chosen by its entry point, `/cnb/process/<type>`"
        );
    }
    // Made first, so that no signal is lost from now on. A container that forbids even a socket pair has to do without.
    let init = if stays() { Init::new().ok() } else { None };
    let arguments: Vec<Vec<u8>> = env::args_os().map(OsString::into_vec).collect();
    let environment = env::vars_os().map(|(name, value)| (name.into_vec(), value.into_vec())).collect();
    let ended = wattle_launcher::launch(&arguments, environment, &Disk).and_then(|launch| start(&launch, init));
    ended.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(error.code())
    })
}

/// Whether the launcher is the first process of its container and may stay so.
fn stays() -> bool {
    process::id() == 1 && env::var_os(OPTION).is_none_or(|option| option != "exec")
}

fn start(launch: &Launch, init: Option<Init>) -> Result<ExitCode, Error> {
    let mut command = command(launch)?;
    let ended = match init {
        Some(init) => init.run(command),
        None => Err(command.exec()),
    };
    ended.map_err(|error| {
        let program = launch.command.first().map(|program| program.escape_ascii().to_string()).unwrap_or_default();
        match missing_interpreter(launch, &error) {
            Some(interpreter) => {
                Error::Launch(format!("could not start `{program}`: there is no `{interpreter}`, which runs it"))
            }
            None => Error::Launch(format!("could not start `{program}`: {error}")),
        }
    })
}

/// The kernel says of a script whose interpreter is not there that the script is not there.
fn missing_interpreter(launch: &Launch, error: &io::Error) -> Option<String> {
    if error.kind() != io::ErrorKind::NotFound {
        return None;
    }
    let program = launch.command.first()?;
    let found = look_up(program, launch.environment.get("PATH").unwrap_or_default())?;
    let mut start = Vec::new();
    fs::File::open(found).ok()?.take(LONGEST_LINE).read_to_end(&mut start).ok()?;
    let line = String::from_utf8_lossy(start.strip_prefix(b"#!")?).into_owned();
    let interpreter = line.lines().next()?.split_whitespace().next()?.to_owned();
    (!Path::new(&interpreter).exists()).then_some(interpreter)
}

/// Bytes of a first line that the kernel looks at.
const LONGEST_LINE: u64 = 256;

/// The program is looked up from the application's directory, and only then comes the working directory, as in the
/// reference implementation: a relative program has to be found from both.
fn command(launch: &Launch) -> Result<Command, Error> {
    let Launch { command, environment, app_dir, working_dir } = launch;
    let Some((program, arguments)) = command.split_first() else {
        return Err(Error::Launch("there is nothing to start".to_owned()));
    };
    enter(app_dir)?;
    let Some(found) = look_up(program, environment.get("PATH").unwrap_or_default()) else {
        let text = format!("`{}` is not a program that can be found in `PATH`", program.escape_ascii());
        return Err(Error::Launch(text));
    };
    working_dir.as_deref().map_or(Ok(()), enter)?;
    let mut command = Command::new(found);
    command
        .arg0(OsStr::from_bytes(program))
        .args(arguments.iter().map(|argument| OsStr::from_bytes(argument)))
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (OsStr::from_bytes(name), OsStr::from_bytes(value))));
    Ok(command)
}

fn enter(directory: &[u8]) -> Result<(), Error> {
    env::set_current_dir(OsStr::from_bytes(directory))
        .map_err(|error| Error::Launch(format!("could not enter `{}`: {error}", directory.escape_ascii())))
}

/// A name without a slash stands for the first program of this name in `PATH`. An empty part of `PATH` does not count: it
/// would stand for whatever the current directory happens to be.
fn look_up(program: &[u8], path: &[u8]) -> Option<PathBuf> {
    if program.contains(&b'/') {
        return Some(PathBuf::from(OsStr::from_bytes(program)));
    }
    let directories = path.split(|byte| *byte == b':').filter(|directory| !directory.is_empty());
    let mut candidates =
        directories.map(|directory| Path::new(OsStr::from_bytes(directory)).join(OsStr::from_bytes(program)));
    candidates.find(|candidate| {
        fs::metadata(candidate).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    })
}

/// The image's own files.
struct Disk;

impl Files for Disk {
    fn list(&self, directory: &[u8]) -> io::Result<Vec<Entry>> {
        match fs::read_dir(OsStr::from_bytes(directory)) {
            Ok(entries) => entries.map(|entry| describe(&entry?)).collect(),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    fn read(&self, file: &[u8]) -> io::Result<Vec<u8>> {
        fs::read(OsStr::from_bytes(file))
    }
}

fn describe(entry: &fs::DirEntry) -> io::Result<Entry> {
    let kind = entry.file_type()?;
    // A link that leads nowhere is no directory; if it matters, then reading it tells.
    let is_directory =
        kind.is_dir() || kind.is_symlink() && fs::metadata(entry.path()).is_ok_and(|found| found.is_dir());
    Ok(Entry { name: entry.file_name().into_vec(), is_directory, is_link: kind.is_symlink() })
}
