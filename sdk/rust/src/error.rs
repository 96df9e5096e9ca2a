//! Errors, as the user will read them.

use crate::bindings::wattle::buildpack::types as host;
use std::fmt;

/// What a buildpack's functions give back.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a buildpack could not do something.
///
/// `?` turns any other error into an *internal* one: the buildpack's own fault, to be mended by its author. What the user
/// can mend is said on purpose:
///
/// ```
/// # use wattle_buildpack::{Error, Result};
/// # fn version(text: &str) -> Result<u32> {
/// if text.is_empty() {
///     return Err(Error::user("hello/version/empty", "`version.txt` is empty").hint("write a number in it"));
/// }
/// Ok(text.parse()?)
/// # }
/// # assert_eq!(version("").unwrap_err().code(), "hello/version/empty");
/// # assert_eq!(version("x").unwrap_err().to_string(), "invalid digit found in string");
/// ```
pub struct Error(Box<Parts>);

struct Parts {
    code: String,
    fault: Fault,
    summary: String,
    detail: Option<String>,
    hints: Vec<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Whose fault an error is, which decides how it is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The application or its settings: the user can mend it.
    User,
    /// The buildpack: its author must mend it.
    Buildpack,
    /// The machine, the network, a registry or Wattle itself.
    Platform,
}

impl Error {
    /// An error that the user can mend. `code` is stable, for programs: lower-case words with slashes between, such as
    /// `node/version/unknown`. `summary` is one line: what was attempted, on what, and what was wrong.
    pub fn user(code: impl Into<String>, summary: impl Into<String>) -> Self {
        Self::new(code.into(), Fault::User, summary.into())
    }

    /// An error that the buildpack's author must mend.
    pub fn internal(code: impl Into<String>, summary: impl Into<String>) -> Self {
        Self::new(code.into(), Fault::Buildpack, summary.into())
    }

    /// An error of the machine, the network, a registry or Wattle itself.
    pub fn platform(code: impl Into<String>, summary: impl Into<String>) -> Self {
        Self::new(code.into(), Fault::Platform, summary.into())
    }

    fn new(code: String, fault: Fault, summary: String) -> Self {
        Self(Box::new(Parts { code, fault, summary, detail: None, hints: Vec::new(), source: None }))
    }

    /// Adds what to do next: one line, in the imperative. May be called several times.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Says more; may have several lines.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Names the error that led to this one; it is shown with it.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says whose fault it is after all: what the host refused a buildpack may be what the user asked it for.
    #[must_use]
    pub fn blame(mut self, fault: Fault) -> Self {
        self.0.fault = fault;
        self
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        self.0.fault
    }

    /// What to do next.
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }

    pub(crate) fn from_host(error: host::Error) -> Self {
        let fault = match error.fault {
            host::Fault::User => Fault::User,
            host::Fault::Buildpack => Fault::Buildpack,
            host::Fault::Platform => Fault::Platform,
        };
        let host::Error { code, summary, detail, hints, .. } = error;
        Self(Box::new(Parts { code, fault, summary, detail, hints, source: None }))
    }

    pub(crate) fn into_host(self) -> host::Error {
        let detail = self.full_detail();
        let Parts { code, fault, summary, hints, .. } = *self.0;
        let fault = match fault {
            Fault::User => host::Fault::User,
            Fault::Buildpack => host::Fault::Buildpack,
            Fault::Platform => host::Fault::Platform,
        };
        host::Error { code, fault, summary, detail, hints }
    }

    /// The detail, then a line for each error that led here.
    fn full_detail(&self) -> Option<String> {
        let mut lines: Vec<String> = self.0.detail.iter().cloned().collect();
        let mut next = self.0.source.as_deref().map(|source| source as &dyn std::error::Error);
        while let Some(error) = next {
            lines.push(error.to_string());
            next = error.source();
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        let mut causes = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        let internal = Self::internal("buildpack/internal", error.to_string());
        if causes.is_empty() { internal } else { internal.detail(causes.join("\n")) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.summary)
    }
}

/// As a test or a log wants to see it: code, summary, detail and hints, a line each.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.summary)?;
        for line in self.full_detail().iter().flat_map(|detail| detail.lines()) {
            write!(f, "\n  {line}")?;
        }
        for hint in &self.0.hints {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_everything_a_user_would_read() {
        let parse = "x".parse::<u8>().unwrap_err();
        let error = Error::user("a/b", "could not read `n.txt`").detail("line 3").source(parse).hint("write a number");
        insta::assert_snapshot!(format!("{error:?}"), @r"
        a/b: could not read `n.txt`
          line 3
          invalid digit found in string
        hint: write a number
        ");
        assert_eq!(error.fault(), Fault::User);
    }

    #[test]
    fn question_mark_makes_the_buildpack_answerable() {
        let error = (|| -> Result<u8> { Ok("x".parse()?) })().unwrap_err();
        assert_eq!(error.fault(), Fault::Buildpack);
        assert_eq!(error.code(), "buildpack/internal");
    }

    #[test]
    fn nothing_is_lost_on_the_way_through_the_host() {
        let error = Error::platform("x/y", "no").detail("more").hint("wait");
        assert_eq!(format!("{:?}", Error::from_host(error.into_host())), "x/y: no\n  more\nhint: wait");
    }
}
