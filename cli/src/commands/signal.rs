//! What asks a build to end. The only place of this crate with calls that are not portable.

use anyhow::{Context as _, Result};
use wattle_engine::EngineError;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Somebody at a terminal, with Ctrl-C.
    Interrupt,
    /// The system, or a program such as `kill` or `timeout`.
    Terminate,
}

/// Hears it, from when it is made.
pub(crate) struct Signals(host::Terminate);

/// The build was asked to end, and has.
#[derive(Debug)]
pub(crate) struct Terminated;

impl std::error::Error for Terminated {}

impl std::fmt::Display for Terminated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("terminated")
    }
}

impl Signals {
    /// Has to be called inside of the runtime.
    pub(crate) fn new() -> Result<Signals> {
        Ok(Signals(host::terminate().context("the signals of this process cannot be heard")?))
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => Signal::Interrupt,
            () = host::next(&mut self.0) => Signal::Terminate,
        }
    }
}

impl Signal {
    /// An error that says who made it end.
    pub(crate) fn explain(self, error: anyhow::Error) -> anyhow::Error {
        match error.downcast_ref() {
            Some(EngineError::Interrupted) if self == Signal::Terminate => Terminated.into(),
            _ => error,
        }
    }
}

#[cfg(unix)]
mod host {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(super) type Terminate = Signal;

    pub(super) fn terminate() -> std::io::Result<Terminate> {
        signal(SignalKind::terminate())
    }

    pub(super) async fn next(terminate: &mut Terminate) {
        terminate.recv().await;
    }
}

#[cfg(windows)]
mod host {
    use tokio::signal::windows::{CtrlBreak, ctrl_break};

    pub(super) type Terminate = CtrlBreak;

    /// What comes nearest: sent to a process that has no terminal of its own.
    pub(super) fn terminate() -> std::io::Result<Terminate> {
        ctrl_break()
    }

    pub(super) async fn next(terminate: &mut Terminate) {
        terminate.recv().await;
    }
}
