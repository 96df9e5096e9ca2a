//! The first process of a container: it passes signals on to the process, and collects what has no parent any more.
//!
//! The kernel gives the first process of a PID namespace no signal that this does not handle, and most programs leave
//! `SIGTERM` to the kernel. As a child of the launcher, they are programs like everywhere else.

use crate::signals::Signals;
use rustix::process::{self, Pid, Signal, WaitOptions, WaitStatus};
use rustix::termios;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// What is passed on: all that somebody may mean for the process. The others a process brings upon itself (`SIGSEGV`,
/// `SIGPIPE` …) or nobody can catch. Real-time signals have no names, and so are missing.
const PASSED_ON: [Signal; 20] = [
    Signal::ABORT,
    Signal::ALARM,
    Signal::CONT,
    Signal::HUP,
    Signal::INT,
    Signal::IO,
    Signal::POWER,
    Signal::PROF,
    Signal::QUIT,
    Signal::TERM,
    Signal::TSTP,
    Signal::TTIN,
    Signal::TTOU,
    Signal::URG,
    Signal::USR1,
    Signal::USR2,
    Signal::VTALARM,
    Signal::WINCH,
    Signal::XCPU,
    Signal::XFSZ,
];
/// What ends a process that does not object. One that is stopped finds out only if it goes on.
const ENDING: [Signal; 4] = [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM];
/// What stops a process that does not object; a terminal sends them too.
const STOPPING: [Signal; 3] = [Signal::TSTP, Signal::TTIN, Signal::TTOU];

/// The init before it has a process.
pub(crate) struct Init {
    signals: Signals,
    /// Signals that have arrived, and that the process will be told of.
    kept: Vec<Signal>,
}

/// The init of a process.
struct Running {
    /// The process, and the group of processes that it begins.
    process: Pid,
    /// Whether the process has the terminal.
    has_terminal: bool,
    /// Whether somebody has the process stopped through us.
    is_stopped: bool,
}

impl Init {
    /// Listens from now on.
    pub(crate) fn new() -> io::Result<Init> {
        let signals = Signals::new(PASSED_ON.into_iter().chain([Signal::CHILD]))?;
        Ok(Init { signals, kept: Vec::new() })
    }

    /// Waits until there is something to read from `other`, or a program that runs before the process may have ended.
    pub(crate) fn wait(&mut self, other: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let arrived = self.signals.wait(other)?;
        self.kept.extend(arrived.into_iter().filter(|signal| *signal != Signal::CHILD));
        Ok(())
    }

    /// Signals that have arrived, and that are to end what runs. The process will be told of them too.
    pub(crate) fn ending(&self) -> impl Iterator<Item = Signal> {
        self.kept.iter().copied().filter(|signal| ENDING.contains(signal))
    }

    /// Runs the process to its end. The exit code is its own, or 128 and the number of the signal that ended it. Fails if
    /// it cannot be started.
    ///
    /// It starts with the default for every signal: what is only listened to here is not inherited, and nothing is masked.
    pub(crate) fn run(self, mut command: Command) -> io::Result<ExitCode> {
        let Init { mut signals, kept: mut arrived } = self;
        let child = command.process_group(0).spawn()?;
        let process = Pid::from_child(&child);
        let mut running = Running { process, has_terminal: hand_terminal_to(process), is_stopped: false };
        loop {
            for signal in arrived.into_iter().filter(|signal| *signal != Signal::CHILD) {
                running.pass_on(signal);
            }
            // Also before the first wait: what ran before the process may have left somebody to collect.
            if let Some(code) = running.collect() {
                return Ok(ExitCode::from(code));
            }
            arrived = signals.wait(None)?;
        }
    }
}

impl Running {
    fn pass_on(&mut self, signal: Signal) {
        self.note(signal);
        self.send(signal);
        if ENDING.contains(&signal) {
            self.pass_on(Signal::CONT);
        }
    }

    fn note(&mut self, signal: Signal) {
        self.is_stopped = STOPPING.contains(&signal) || self.is_stopped && signal != Signal::CONT;
    }

    /// To the process alone: what it has started, it tells itself when to end.
    fn send(&self, signal: Signal) {
        // An error means that there is nobody left, or that the process took rights that we do not have.
        let _ = process::kill_process(self.process, signal);
    }

    /// Collects all that have ended. The exit code is there once the process is among them.
    fn collect(&self) -> Option<u8> {
        // An error means that there is no child any more, and we would have left with the process.
        while let Ok(Some((pid, status))) = process::wait(WaitOptions::NOHANG | WaitOptions::UNTRACED) {
            if pid != self.process {
                continue;
            }
            if let Some(code) = exit_code(status) {
                return Some(code);
            }
            if status.stopping_signal().is_some_and(|signal| self.goes_on_after(signal)) {
                // A terminal stops the whole group.
                let _ = process::kill_process_group(self.process, Signal::CONT);
            }
        }
        None
    }

    /// Who presses Ctrl-Z has no shell here that would continue the process; and a process that read before the terminal
    /// was its own has it now.
    fn goes_on_after(&self, stop: i32) -> bool {
        self.has_terminal && !self.is_stopped && STOPPING.iter().any(|signal| signal.as_raw() == stop)
    }
}

/// Makes the process the one that the terminal of this container, if it has one, listens to.
fn hand_terminal_to(process: Pid) -> bool {
    let terminal = io::stdin();
    // Only who has it can give it away without being stopped for that.
    termios::tcgetpgrp(&terminal) == Ok(Pid::INIT) && termios::tcsetpgrp(&terminal, process).is_ok()
}

/// The exit code of a process that has ended, in the manner of shells.
fn exit_code(status: WaitStatus) -> Option<u8> {
    let code = status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal))?;
    u8::try_from(code).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_terminal_cannot_stop_the_process() {
        let check = |has_terminal: bool, passed_on: &[Signal]| {
            let mut running = Running { process: Pid::INIT, has_terminal, is_stopped: false };
            for signal in passed_on {
                running.note(*signal);
            }
            [Signal::TSTP, Signal::TTIN, Signal::STOP].map(|stop| running.goes_on_after(stop.as_raw()))
        };
        assert_eq!(check(true, &[]), [true, true, false]);
        assert_eq!(check(false, &[]), [false; 3]);
        assert_eq!(check(true, &[Signal::TSTP]), [false; 3]);
        assert_eq!(check(true, &[Signal::TSTP, Signal::USR1]), [false; 3]);
        assert_eq!(check(true, &[Signal::TSTP, Signal::CONT]), [true, true, false]);
    }
}
