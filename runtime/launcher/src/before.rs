//! Running what runs before the process: the programs of `exec.d` (Buildpack specification, "exec.d").
//!
//! A program has file descriptor 3 to write to, and is done when it has ended: whoever it leaves behind may keep the
//! descriptor, is not waited for, and finds the other end closed. The reference implementation waits for all of them, and so
//! for ever for a program that leaves a service behind.

use crate::init::Init;
use crate::linux::{program_in, why_not_started};
use crate::signals::Signals;
use command_fds::{CommandFdExt as _, FdMapping};
use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::io::{self, PipeReader, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use wattle_launcher::{Environment, Error, LONGEST_OUTPUT};

/// Where the specification has programs write.
const OUTPUT: i32 = 3;

/// What tells that a program has ended.
pub(crate) enum Watch {
    /// The init of the container, which hears all signals anyway.
    Init(Init),
    /// Whoever hears of nothing but children, made for the first program.
    Children(Option<Signals>),
}

impl From<Option<Init>> for Watch {
    fn from(init: Option<Init>) -> Watch {
        init.map_or(Watch::Children(None), Watch::Init)
    }
}

impl Watch {
    pub(crate) fn into_init(self) -> Option<Init> {
        match self {
            Watch::Init(init) => Some(init),
            Watch::Children(_) => None,
        }
    }

    /// Listens from now on, at the latest.
    fn begin(&mut self) -> io::Result<()> {
        if let Watch::Children(signals @ None) = self {
            *signals = Some(Signals::new([Signal::CHILD])?);
        }
        Ok(())
    }

    /// Waits until there is something to read from `other`, or a child may have ended.
    fn wait(&mut self, other: Option<BorrowedFd<'_>>) -> io::Result<()> {
        match self {
            Watch::Init(init) => init.wait(other),
            Watch::Children(Some(signals)) => signals.wait(other).map(drop),
            Watch::Children(None) => Ok(()),
        }
    }

    /// What somebody sent to end us, if we are whom that reaches.
    fn ending(&self) -> Vec<Signal> {
        match self {
            Watch::Init(init) => init.ending().collect(),
            Watch::Children(_) => Vec::new(),
        }
    }
}

/// Runs a program to its end, in this environment: the environment that it makes of it.
pub(crate) fn run(program: &[u8], environment: Environment, watch: &mut Watch) -> Result<Environment, Error> {
    let output = output(Path::new(OsStr::from_bytes(program)), &environment, watch)
        .map_err(|why| Error::Launch(format!("the `exec.d` program `{}` failed: {why}", program.escape_ascii())))?;
    environment.with_output(program, &output)
}

/// What it wrote, if all went well; else what did not.
fn output(program: &Path, environment: &Environment, watch: &mut Watch) -> Result<Vec<u8>, String> {
    let in_words = |error: io::Error| error.to_string();
    watch.begin().map_err(in_words)?;
    let (read, write) = io::pipe().map_err(in_words)?;
    ioctl_fionbio(&read, true).map_err(|error| in_words(error.into()))?;
    let mut command = program_in(program, environment);
    // The library's own pipe for errors of the start cannot be in the way there: what `watch` listens to, or something that
    // was open before us, has that number.
    let to = FdMapping { parent_fd: write.into(), child_fd: OUTPUT };
    command.stdin(Stdio::null()).fd_mappings(vec![to]).map_err(|error| error.to_string())?;
    let child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => format!("it is not executable ({error})"),
        _ => why_not_started(program, &error),
    })?;
    // With it goes our end for writing: from now on, only the program and its children have one.
    drop(command);
    let mut running = Running { child, read: Some(read), output: Vec::new() };
    let ended = running.wait(watch);
    // If anything went wrong, it may still be there; if it is not, then there is nothing to do.
    let _ = running.child.kill();
    let _ = running.child.wait();
    match ended? {
        status if status.success() => Ok(running.output),
        status => Err(in_words_of_shells(status)),
    }
}

/// A program that runs.
struct Running {
    child: Child,
    /// What it has not yet closed.
    read: Option<PipeReader>,
    output: Vec<u8>,
}

impl Running {
    /// Waits for its end, and reads meanwhile what it writes, so that it never waits for us.
    fn wait(&mut self, watch: &mut Watch) -> Result<ExitStatus, String> {
        let mut told = 0;
        loop {
            let ended = self.child.try_wait().map_err(|error| error.to_string())?;
            // After it has ended: all that it wrote is there by now.
            self.read()?;
            if let Some(status) = ended {
                return Ok(status);
            }
            for signal in watch.ending().into_iter().skip(told) {
                told += 1;
                // An error means that it has ended just now.
                let _ = kill_process(Pid::from_child(&self.child), signal);
            }
            watch.wait(self.read.as_ref().map(PipeReader::as_fd)).map_err(|error| error.to_string())?;
        }
    }

    /// Reads what is there, and no more than a program may write.
    fn read(&mut self) -> Result<(), String> {
        let Some(pipe) = &self.read else { return Ok(()) };
        let left = (LONGEST_OUTPUT + 1).saturating_sub(self.output.len() as u64);
        match pipe.take(left).read_to_end(&mut self.output) {
            Ok(_) if self.output.len() as u64 > LONGEST_OUTPUT => {
                return Err(format!("it wrote more than {LONGEST_OUTPUT} bytes to file descriptor {OUTPUT}"));
            }
            Ok(_) => self.read = None,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }
}

fn in_words_of_shells(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("signal {signal} ended it"),
        (None, None) => status.to_string(),
    }
}
