//! How a phase can fail.

use crate::limits::Limit;
use std::fmt;

/// Whose fault an error is; see `fault` in `wit/types.wit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The application or its settings.
    User,
    /// The buildpack.
    Buildpack,
    /// The machine, the network, a registry or Wattle itself.
    Platform,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::User => "user",
            Fault::Buildpack => "buildpack",
            Fault::Platform => "platform",
        })
    }
}

/// An error as buildpacks and capabilities state it; see `error` in `wit/types.wit`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{summary}")]
pub struct GuestError {
    /// Stable, such as `node/version/unknown`.
    pub code: String,
    /// Whose fault it is.
    pub fault: Fault,
    /// One line.
    pub summary: String,
    /// More, possibly several lines.
    pub detail: Option<String>,
    /// What to do next.
    pub hints: Vec<String>,
}

/// Whether an error says that there is no more room.
pub(crate) fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

impl GuestError {
    /// An error that the buildpack's author has to mend.
    pub(crate) fn buildpack(code: &str, summary: impl Into<String>) -> GuestError {
        GuestError {
            code: code.to_owned(),
            fault: Fault::Buildpack,
            summary: summary.into(),
            detail: None,
            hints: Vec::new(),
        }
    }
}

/// Why a phase gave no result. It ends this buildpack only.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The buildpack said so.
    #[error(transparent)]
    Refused(GuestError),
    /// It used up something.
    #[error("it reached the `{limit}` limit of {value}")]
    Limit {
        /// Which limit.
        limit: Limit,
        /// What it is set to.
        value: String,
        /// The last lines it printed to standard error.
        last_lines: Vec<String>,
    },
    /// It crashed.
    #[error("it crashed: {message}")]
    Trap {
        /// What WebAssembly calls what happened.
        message: String,
        /// Functions that were running, the innermost first.
        backtrace: Vec<String>,
        /// The last lines it printed to standard error.
        last_lines: Vec<String>,
    },
    /// It called `exit` instead of returning.
    #[error("it called `exit` with status {status} instead of returning a result")]
    Exit {
        /// The status.
        status: i32,
        /// The last lines it printed to standard error.
        last_lines: Vec<String>,
    },
    /// It was told to end.
    #[error("it was interrupted")]
    Cancelled,
    /// What it was given could not be read, or what it wrote not be kept.
    #[error("its files cannot be read or kept")]
    Scratch(#[source] std::io::Error),
}

impl Failure {
    /// Stable, for programs.
    pub fn code(&self) -> String {
        match self {
            Failure::Refused(error) => error.code.clone(),
            Failure::Limit { limit, .. } => format!("sandbox/limit/{limit}"),
            Failure::Trap { .. } => "sandbox/trap".to_owned(),
            Failure::Exit { .. } => "sandbox/exit".to_owned(),
            Failure::Cancelled => "interrupted".to_owned(),
            Failure::Scratch(_) => "sandbox/scratch".to_owned(),
        }
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Failure::Refused(error) => error.fault,
            Failure::Limit { .. } | Failure::Trap { .. } | Failure::Exit { .. } => Fault::Buildpack,
            Failure::Cancelled | Failure::Scratch(_) => Fault::Platform,
        }
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Failure::Refused(error) => error.hints.clone(),
            Failure::Limit { limit, .. } if limit.can_be_set() => {
                vec![format!("tell the buildpack's author, or raise it with `--limit {limit}=VALUE`")]
            }
            Failure::Limit { .. } => vec!["tell the buildpack's author: this limit cannot be raised".to_owned()],
            Failure::Trap { .. } | Failure::Exit { .. } => {
                vec!["this is an error in the buildpack: report it to its author with the lines above".to_owned()]
            }
            Failure::Scratch(error) if is_full(error) => {
                vec!["free disk space, or set `--store` to a directory with room".to_owned()]
            }
            Failure::Cancelled | Failure::Scratch(_) => Vec::new(),
        }
    }

    /// More to show below the summary.
    pub fn details(&self) -> Vec<String> {
        match self {
            Failure::Refused(error) => error.detail.iter().flat_map(|text| text.lines()).map(str::to_owned).collect(),
            Failure::Limit { last_lines, .. } | Failure::Exit { last_lines, .. } => last_lines.clone(),
            Failure::Trap { backtrace, last_lines, .. } => last_lines.iter().chain(backtrace).cloned().collect(),
            Failure::Cancelled | Failure::Scratch(_) => Vec::new(),
        }
    }
}
