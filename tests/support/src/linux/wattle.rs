//! The program, in a world of its own.

use super::process::{Output, Process, run};
use super::redact::Redaction;
use crate::guests;
use std::env;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// The program and the store that it is run with.
pub struct Wattle {
    program: PathBuf,
    store: PathBuf,
    /// Removes the store, unless it is shared.
    temporary: Option<Arc<TempDir>>,
}

impl Wattle {
    /// With the store of all tests, whose downloads and run image also serve the next run of them. `program` is
    /// `env!("CARGO_BIN_EXE_wattle")`, which only a test of its package knows.
    pub fn new(program: &str) -> Wattle {
        let store = guests::target_directory().join("wattle-test-store");
        Wattle { program: program.into(), store, temporary: None }
    }

    /// With nothing in its store, for what is about that. The store is gone when this and all calls have ended.
    pub fn cold(program: &str) -> Wattle {
        let temporary = tempfile::tempdir().expect("a temporary directory can be made");
        Wattle { program: program.into(), store: temporary.path().to_owned(), temporary: Some(Arc::new(temporary)) }
    }

    /// Where the store is.
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// The program with these arguments.
    pub fn args<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Call {
        let mut command = Command::new(&self.program);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("WATTLE_") {
                command.env_remove(name);
            }
        }
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "CI", "RUST_BACKTRACE"] {
            command.env_remove(name);
        }
        command.env("WATTLE_STORE", self.store()).args(args);
        let mut redaction = Redaction::default();
        redaction.path(self.store(), "store");
        Call { command, redaction, store: self.store.clone(), kept: self.temporary.iter().cloned().collect() }
    }
}

/// A call of the program that is being put together.
pub struct Call {
    command: Command,
    redaction: Redaction,
    store: PathBuf,
    /// Directories that it needs.
    kept: Vec<Arc<TempDir>>,
}

impl Call {
    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Call {
        self.command.arg(arg);
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Call {
        self.command.args(args);
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Call {
        self.command.env(name, value);
        self
    }

    /// Nothing in its environment but the store.
    #[must_use]
    pub fn bare(mut self) -> Call {
        self.command.env_clear().env("WATTLE_STORE", &self.store);
        self
    }

    /// Where it runs.
    #[must_use]
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Call {
        self.command.current_dir(directory);
        self
    }

    /// As a user who may not do everything: root may read and write whatever its permissions are. Nothing that such a user
    /// may not see is in the way: program, home and working directory are in a directory of its own.
    #[must_use]
    pub fn as_nobody(mut self) -> Call {
        let place = tempfile::tempdir().expect("a temporary directory can be made");
        fs::set_permissions(place.path(), Permissions::from_mode(0o755)).expect("the directory is ours");
        let program = place.path().join("wattle");
        // In a process of its own: what this one has open for writing, another test's child may hold open for a moment more,
        // and then it cannot be run.
        run("install", ["-m", "755", &self.command.get_program().to_string_lossy(), &program.to_string_lossy()]);
        self.rename(&program);
        self.command.uid(65534).gid(65534).env("HOME", place.path()).current_dir(place.path());
        self.kept.push(Arc::new(place));
        self
    }

    /// The same call of the program at another path.
    fn rename(&mut self, program: &Path) {
        let mut command = Command::new(program);
        command.args(self.command.get_args());
        copy_environment(&self.command, &mut command);
        self.command = command;
    }

    /// What is called `[name]` in what is [`told`](Output::told).
    #[must_use]
    pub fn calling(mut self, path: impl AsRef<Path>, name: &str) -> Call {
        self.redaction.path(path.as_ref(), name);
        self
    }

    /// Runs it to its end.
    #[must_use]
    pub fn run(self) -> Output {
        self.start().finish()
    }

    /// Starts it.
    pub fn start(mut self) -> Process {
        Process::start_with(&mut self.command, self.redaction, self.kept)
    }

    /// Runs it where this directory is a file system of `size` bytes, and also gives the paths that were left there. Nobody
    /// else sees that file system, and it is gone afterwards.
    pub fn on_small_disk(self, directory: &Path, size: u64) -> (Output, String) {
        let left = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", ON_SMALL_DISK, "sh", &size.to_string()]).arg(directory).arg(left.path());
        command.arg(self.command.get_program()).args(self.command.get_args());
        copy_environment(&self.command, &mut command);
        let output = Process::start_with(&mut command, self.redaction, self.kept).finish();
        (output, fs::read_to_string(left.path()).expect("the list was written"))
    }
}

/// Sets and removes the variables that `from` does.
fn copy_environment(from: &Command, to: &mut Command) {
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
    }
}

const ON_SMALL_DISK: &str = r#"
mount -t tmpfs -o "size=$1" none "$2" || exit 99
directory=$2 left=$3
shift 3
"$@"
code=$?
cd "$directory" && find . -mindepth 1 > "$left"
exit $code
"#;
