//! A directory that stands for an image: `layers`, and `app`, which has programs in `bin`.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// Prints where it is, its arguments, and the variables whose names are in `$VARIABLES`.
const SAY: &str = r#"#!/bin/sh
pwd
printf '[%s]' "$@"
for name in $VARIABLES; do eval "printf ' %s=%s' $name \"\$$name\""; done
echo
"#;

pub(crate) struct World {
    directory: TempDir,
    launcher: PathBuf,
}

/// What became of a call: paths are from the directory on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    /// One for our launcher, with this metadata.
    pub(crate) fn new(metadata: &str) -> World {
        World::of(Path::new(env!("CARGO_BIN_EXE_wattle-launcher")), metadata)
    }

    pub(crate) fn of(launcher: &Path, metadata: &str) -> World {
        let world = World { directory: tempfile::tempdir().unwrap(), launcher: launcher.to_owned() };
        world.with("layers/config/metadata.toml", metadata).with("app/bin/say", SAY).with("app/sub/file", "")
    }

    /// Writes a file; one that begins with `#!` can be executed.
    pub(crate) fn with(self, path: &str, text: &str) -> World {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if text.starts_with("#!") {
            write_program(&path, text);
        } else {
            fs::write(&path, text).unwrap();
        }
        self
    }

    /// The same with a program of `exec.d`, which is a script for `sh`.
    pub(crate) fn with_program(self, path: &str, script: &str) -> World {
        self.with(&format!("layers/{path}"), &format!("#!/bin/sh\n{script}\n"))
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// The launcher, called in this way. There is a `say` in `PATH`.
    pub(crate) fn call(&self, call: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(&self.launcher);
        let path = format!("/cnb/process:{}:/usr/bin:/bin", self.path("app/bin").display());
        command.arg0(call[0]).args(&call[1..]).current_dir("/").stdin(Stdio::null());
        command.env_clear().env("PATH", path).env("CNB_PLATFORM_API", "0.14");
        command.env("CNB_LAYERS_DIR", self.path("layers")).env("CNB_APP_DIR", self.path("app"));
        command.envs(environment.iter().copied());
        command
    }

    pub(crate) fn run(&self, call: &[&str], environment: &[(&str, &str)]) -> Told {
        self.told(&self.call(call, environment).output().unwrap())
    }

    /// Runs it with something to read on standard input.
    pub(crate) fn run_with_input(&self, mut command: Command, input: &str) -> Told {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        self.told(&child.wait_with_output().unwrap())
    }

    fn told(&self, output: &Output) -> Told {
        let directory = self.directory.path().to_str().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(directory, "");
        let code = output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap());
        Told { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

/// In a process of its own: what this one has open for writing, another test's child may hold open for a moment more, and
/// then it cannot be run.
fn write_program(path: &Path, text: &str) {
    let mut install = Command::new("install");
    install.args(["-m", "755", "/dev/stdin"]).arg(path).stdin(Stdio::piped());
    let mut child = install.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o755);
}
