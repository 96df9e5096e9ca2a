//! How a phase failed.

use std::fmt;
use wattle_sandbox::Fault;

/// Why a buildpack gave no result: what it said, which limit it reached, or how it crashed.
///
/// Written out, it is what a user reads: `code (fault): summary`, details indented, and the hints, a line each.
pub struct Failure {
    cause: Box<wattle_sandbox::Failure>,
    log: String,
}

impl Failure {
    pub(crate) fn new(cause: wattle_sandbox::Failure, log: String) -> Failure {
        Failure { cause: Box::new(cause), log }
    }

    /// Stable, such as `node/version/unknown`, or `sandbox/limit/time`.
    pub fn code(&self) -> String {
        self.cause.code()
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        self.cause.fault()
    }

    /// One line: what was attempted, on what, and what was wrong.
    pub fn summary(&self) -> String {
        self.cause.to_string()
    }

    /// What more there is to say, by line: the detail of an error; of a crash, the last lines printed and the functions
    /// that were running.
    pub fn details(&self) -> Vec<String> {
        self.cause.details()
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        self.cause.hints()
    }

    /// What was printed until then.
    pub fn log(&self) -> &str {
        &self.log
    }

    /// The failure as the sandbox gave it.
    pub fn cause(&self) -> &wattle_sandbox::Failure {
        &self.cause
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code(), self.fault(), self.summary())?;
        self.details().iter().try_for_each(|line| write!(f, "\n  {line}"))?;
        self.hints().iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}

/// As [`Display`](fmt::Display), so that `unwrap` in a test shows all of it.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.cause)
    }
}
