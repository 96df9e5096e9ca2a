//! The reference implementation of Cloud Native Buildpacks, where it is here: the lifecycle with its launcher, and pack.

use super::daemon::Daemon;
use super::files::Files;
use super::process::{Output, Process};
use std::env;
use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// Names the directory that they are in.
const VARIABLE: &str = "WATTLE_PEERS";
/// All that are needed.
const PROGRAMS: [&str; 5] = ["creator", "rebaser", "lifecycle", "launcher", "pack"];
/// The Platform API that they are asked to speak: that of our images.
const PLATFORM_API: &str = "0.15";
/// What users have who say nothing else.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Their programs, a home for them with no settings in it, and the daemon without which pack reads no image even if it is to
/// be read from a registry.
pub struct Peers {
    directory: PathBuf,
    home: Files,
    daemon: Daemon,
}

impl Peers {
    /// They, if they are here. If not, the test that asks is over, and this says so.
    pub fn here() -> Option<Peers> {
        let found = Peers::find();
        if found.is_none() {
            skip("the reference implementation is not here (`WATTLE_PEERS`, see CONTRIBUTING.md)");
        }
        found
    }

    /// They, if they are in the directory that `WATTLE_PEERS` names, or in `wattle-peers/bin` of the user's cache.
    #[track_caller]
    pub fn find() -> Option<Peers> {
        let named = env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let cache = || {
            let cache = env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
            Some(cache.or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cache")))?.join("wattle-peers/bin"))
        };
        let is_named = named.is_some();
        let directory = named.or_else(cache)?;
        let missing: Vec<&str> = PROGRAMS.into_iter().filter(|program| !directory.join(program).is_file()).collect();
        // Whoever names a directory wants these tests to run.
        assert!(missing.is_empty() || !is_named, "`{VARIABLE}` names a directory without {}", missing.join(", "));
        missing.is_empty().then(|| Peers { directory, home: Files::new(), daemon: Daemon::new() })
    }

    /// Where a program is.
    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A program with these arguments, and next to nothing in its environment.
    pub fn command<A: AsRef<OsStr>>(&self, program: &str, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(self.program(program));
        command.args(args).current_dir(self.home.path()).env_clear();
        command.env("PATH", PATH).env("HOME", self.home.path()).env("PACK_HOME", self.home.join("pack"));
        // Where reports go that nobody asked for.
        command.env("DOCKER_HOST", self.daemon.url()).env("CNB_LAYERS_DIR", self.home.path());
        command.env("CNB_PLATFORM_API", PLATFORM_API).env("CNB_USER_ID", "0").env("CNB_GROUP_ID", "0");
        command.env("CNB_NO_COLOR", "true").env("NO_COLOR", "1");
        command
    }

    /// Runs a program to its end.
    #[must_use]
    pub fn run<A: AsRef<OsStr>>(&self, program: &str, args: impl IntoIterator<Item = A>) -> Output {
        Process::start(self.command(program, args)).finish()
    }
}

/// Says on standard output, and not as output of a test is kept, that the test on this thread is skipped: `cargo xtask test`
/// counts it among those, and not among those that passed.
fn skip(why: &str) {
    let name = thread::current().name().unwrap_or("a test").to_owned();
    // On a line of its own, whatever was written before.
    let line = format!("\nskipped: {name}: {why}\n");
    io::stdout().lock().write_all(line.as_bytes()).expect("standard output can be written");
}
