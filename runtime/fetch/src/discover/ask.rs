//! Asking an ecosystem's own client where its registry is.

use super::Found;
use crate::Settings;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Longest that a client may think.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer, in bytes.
const MAX_ANSWER: u64 = 4096;

/// A command whose output is an address.
pub(super) struct Question {
    /// The program.
    pub(super) program: &'static str,
    /// Its arguments.
    pub(super) arguments: &'static [&'static str],
    /// Takes the address out of the answer.
    pub(super) read: fn(&str) -> Option<&str>,
}

impl Question {
    /// The client's answer, if it is installed and has one. The program is searched for in the absolute directories of
    /// `PATH` that are outside the application, and runs in a directory that is not the application's, so that the
    /// application neither chooses the program nor what it reads.
    #[expect(
        clippy::disallowed_methods,
        reason = "the client knows best where its registry is; settings say if it is asked"
    )]
    pub(super) fn ask(&self, settings: &Settings) -> Option<Found> {
        let program = find(self.program, settings)?;
        let mut command = Command::new(&program);
        command.args(self.arguments).env_clear().envs(&settings.environment);
        command.current_dir(program.parent()?);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let answer = output(command.spawn().ok()?)?;
        let address = (self.read)(answer.trim())?;
        Some(Found::new(address, format!("what `{} {}` answers", self.program, self.arguments.join(" "))))
    }
}

/// What the process writes before it ends; nothing if it fails or takes too long.
fn output(mut child: Child) -> Option<String> {
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.take(MAX_ANSWER).read_to_string(&mut text);
        // Nobody listens any more if it took too long.
        let _ = sender.send(read.map(|_| text));
    });
    let answer = receiver.recv_timeout(TIMEOUT);
    if !matches!(answer, Ok(Ok(_))) {
        // It may have ended meanwhile, which is as good.
        let _ = child.kill();
    }
    let success = child.wait().ok()?.success();
    answer.ok()?.ok().filter(|_| success)
}

/// Where a program is.
fn find(name: &str, settings: &Settings) -> Option<PathBuf> {
    let path = settings.variable(&["PATH", "Path"])?;
    let project = settings.project.canonicalize().unwrap_or_else(|_| settings.project.clone());
    let names: &[String] =
        &if cfg!(windows) { vec![format!("{name}.exe"), format!("{name}.cmd")] } else { vec![name.to_owned()] };
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute() && !is_within(directory, &project))
        .flat_map(|directory| names.iter().map(move |name| directory.join(name)))
        .find(|program| program.is_file() && !is_within(program, &project))
}

fn is_within(path: &Path, project: &Path) -> bool {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    !project.as_os_str().is_empty() && real.starts_with(project)
}
