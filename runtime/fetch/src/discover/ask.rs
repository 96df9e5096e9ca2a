//! Asking an ecosystem's own client where its registry is.

use super::Found;
use crate::{Cache, Settings};
use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};
use wattle_store::Document;
use wattle_tree::Digest;

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
    /// Configuration files that it reads.
    pub(super) files: Vec<PathBuf>,
    /// The configuration file that comes with it, in the directory above the program's own.
    pub(super) beside: &'static str,
}

impl Question {
    /// The client's answer, if it is installed and has one: the one that was kept, if nothing changed that it depends on,
    /// since starting a client takes longer than the rest of many a build. The program is searched for in the absolute
    /// directories of `PATH` that are outside the application, and runs in a directory that is not the application's, so
    /// that the application neither chooses the program nor what it reads.
    pub(super) fn ask(&self, settings: &Settings, kept: Option<&dyn Cache>) -> Option<Found> {
        let program = find(self.program, settings)?;
        let name = self.name_of_answer(&program);
        // A cache that fails costs time, and nothing else.
        let known = kept.and_then(|cache| cache.document(&name).ok().flatten());
        let address = if let Some(answer) = known {
            answer.fetched_from
        } else {
            let answer = self.run(&program, settings)?;
            let address = (self.read)(answer.trim())?.to_owned();
            self.keep(&name, &address, kept);
            address
        };
        Some(Found::new(&address, format!("what `{} {}` answers", self.program, self.arguments.join(" "))))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the client knows best where its registry is; settings say if it is asked"
    )]
    fn run(&self, program: &Path, settings: &Settings) -> Option<String> {
        let mut command = Command::new(program);
        command.args(self.arguments).env_clear().envs(&settings.environment);
        command.current_dir(program.parent()?);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        output(command.spawn().ok()?)
    }

    /// Keeps an answer, unless there is a password in it.
    fn keep(&self, name: &str, address: &str, kept: Option<&dyn Cache>) {
        let (Some(cache), false) = (kept, address.contains('@')) else { return };
        let digest = Digest::of(address.as_bytes());
        let answer = Document { digest, etag: None, last_modified: None, fetched_from: address.to_owned() };
        if let Err(error) = cache.keep_document(name, &answer) {
            tracing::debug!(program = self.program, %error, "the answer is not kept");
        }
    }

    /// Names the answer by what it depends on: the program, and the configuration files. What the environment says of a
    /// registry was found before anybody is asked.
    fn name_of_answer(&self, program: &Path) -> String {
        let real = program.canonicalize().unwrap_or_else(|_| program.to_owned());
        let beside = real.parent().and_then(Path::parent).map(|directory| directory.join(self.beside));
        let mut text = format!("{} {}", self.program, self.arguments.join(" "));
        for file in [program, &real].into_iter().chain(beside.as_deref()).chain(self.files.iter().map(PathBuf::as_path))
        {
            // Writing to a text does not fail.
            let _ = write!(text, "\n{} {:?}", file.display(), state(file));
        }
        format!("fetch/answer/{}", Digest::of(text.as_bytes()).hex())
    }
}

/// What changes when somebody writes a file: its length in bytes, and when that was.
fn state(file: &Path) -> Option<(u64, Option<SystemTime>)> {
    let metadata = file.metadata().ok()?;
    Some((metadata.len(), metadata.modified().ok()))
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
