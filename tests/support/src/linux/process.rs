//! Programs, run to their end or stopped.

use super::redact::Redaction;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::{NamedTempFile, TempDir};

/// Nothing that a test runs takes this long.
const PATIENCE: Duration = Duration::from_mins(15);

/// A program that runs, and is killed when this is dropped.
pub struct Process {
    name: String,
    child: Child,
    stdout: NamedTempFile,
    stderr: NamedTempFile,
    redaction: Redaction,
    _kept: Vec<Arc<TempDir>>,
}

/// What became of a program.
pub struct Output {
    /// Its exit code, or 128 and the number of the signal that ended it.
    pub code: i32,
    /// What it wrote on standard output.
    pub stdout: String,
    /// What it wrote on standard error.
    pub stderr: String,
    pub(crate) redaction: Redaction,
}

impl Process {
    /// Starts the program, with its output in files, so that it never waits for a reader.
    pub fn start(mut command: Command) -> Process {
        Process::start_with(&mut command, Redaction::default(), Vec::new())
    }

    /// Starts it and keeps directories that it needs.
    pub(crate) fn start_with(command: &mut Command, redaction: Redaction, kept: Vec<Arc<TempDir>>) -> Process {
        let name = command.get_program().to_string_lossy().into_owned();
        let stdout = NamedTempFile::new().expect("a temporary file can be made");
        let stderr = NamedTempFile::new().expect("a temporary file can be made");
        command.stdin(Stdio::null());
        // Opened anew, so that reading does not move where the program writes.
        command.stdout(stdout.reopen().expect("a temporary file can be opened"));
        command.stderr(stderr.reopen().expect("a temporary file can be opened"));
        let child = command.spawn().unwrap_or_else(|error| panic!("`{name}` cannot be started: {error}"));
        Process { name, child, stdout, stderr, redaction, _kept: kept }
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends what Ctrl-C sends.
    pub fn interrupt(&self) {
        run("kill", ["-INT", &self.id().to_string()]);
    }

    /// Sends what the system sends to end it.
    pub fn terminate(&self) {
        run("kill", ["-TERM", &self.id().to_string()]);
    }

    /// True until it has ended.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_none()
    }

    /// What it has written so far, standard output first.
    pub fn written(&self) -> String {
        text(&self.stdout) + &text(&self.stderr)
    }

    /// Waits until it has written this.
    pub fn wait_for(&mut self, text: &str) {
        let start = Instant::now();
        while !self.written().contains(text) {
            let hopeless = !self.is_running() || start.elapsed() > PATIENCE;
            assert!(!hopeless, "`{}` does not say `{text}`:\n{}", self.name, self.written());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for its end: its exit code, or 128 and the number of the signal that ended it.
    pub fn wait(&mut self) -> i32 {
        let start = Instant::now();
        while self.is_running() {
            assert!(start.elapsed() < PATIENCE, "`{}` does not end:\n{}", self.name, self.written());
            thread::sleep(Duration::from_millis(5));
        }
        code(self.child.wait().expect("a child can be waited for"))
    }

    /// Waits for its end, and gives all that it wrote.
    #[must_use]
    pub fn finish(mut self) -> Output {
        Output {
            code: self.wait(),
            stdout: text(&self.stdout),
            stderr: text(&self.stderr),
            redaction: std::mem::take(&mut self.redaction),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(file: &NamedTempFile) -> String {
    fs::read_to_string(file.path()).expect("programs print UTF-8")
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

impl Output {
    /// Asserts that it ended with 0.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "the assertion may be all that is wanted")]
    pub fn succeeds(self) -> Output {
        self.fails(0)
    }

    /// Asserts that it ended with this code.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "the assertion may be all that is wanted")]
    pub fn fails(self, code: i32) -> Output {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Standard output as JSON lines.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<serde_json::Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON: {error}: {line}"));
        self.stdout.lines().map(parse).collect()
    }

    /// Standard error without what differs from run to run.
    pub fn told(&self) -> String {
        self.redaction.apply(&self.stderr)
    }

    /// What was [`told`](Output::told) from the error on.
    pub fn failure(&self) -> String {
        let told = self.told();
        let start = told.find("error:").unwrap_or_else(|| panic!("no error was told:\n{told}"));
        told[start..].to_owned()
    }

    /// Standard output without what differs from run to run.
    pub fn data(&self) -> String {
        self.redaction.apply(&self.stdout)
    }
}

/// Runs a program that has to succeed, and gives what it prints.
#[track_caller]
pub fn run<'a>(program: &str, args: impl IntoIterator<Item = &'a str>) -> String {
    let mut command = Command::new(program);
    command.args(args);
    let shown = format!("{command:?}");
    let output = Process::start(command).finish();
    assert_eq!(output.code, 0, "`{shown}` failed:\n{}{}", output.stdout, output.stderr);
    output.stdout
}

/// Runs `skopeo`, which reads and copies images with nothing of ours in it.
#[track_caller]
pub fn skopeo<'a>(args: impl IntoIterator<Item = &'a str>) -> String {
    run("skopeo", args)
}
