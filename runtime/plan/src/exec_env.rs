//! What a build is for (Buildpack API 0.12, "Execution Environments").

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Longest name, in bytes: it becomes a label and a variable.
const MAX_NAME: usize = 100;

/// The execution environment that a build is for, such as `production`: letters, digits, `.` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExecEnv(String);

/// Text that is no name of an execution environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the name of an execution environment: expected letters, digits, `.` and `-`, such as `production`"
)]
pub struct ExecEnvError(String);

impl ExecEnv {
    /// Checks `name`.
    pub fn new(name: impl Into<String>) -> Result<ExecEnv, ExecEnvError> {
        let name = name.into();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let valid = (1..=MAX_NAME).contains(&name.len()) && name.chars().all(allowed);
        if valid { Ok(ExecEnv(name)) } else { Err(ExecEnvError(name)) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if whoever declared these names takes part in this environment. None, or `*`, means all.
    pub fn is_among(&self, declared: &[String]) -> bool {
        declared.is_empty() || declared.iter().any(|name| name == "*" || *name == self.0)
    }
}

impl Default for ExecEnv {
    /// `production`.
    fn default() -> ExecEnv {
        ExecEnv("production".to_owned())
    }
}

impl TryFrom<String> for ExecEnv {
    type Error = ExecEnvError;

    fn try_from(name: String) -> Result<ExecEnv, ExecEnvError> {
        ExecEnv::new(name)
    }
}

impl FromStr for ExecEnv {
    type Err = ExecEnvError;

    fn from_str(name: &str) -> Result<ExecEnv, ExecEnvError> {
        ExecEnv::new(name)
    }
}

impl From<ExecEnv> for String {
    fn from(exec_env: ExecEnv) -> String {
        exec_env.0
    }
}

impl fmt::Display for ExecEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name in a list of those that a buildpack serves: that of an environment, or `*`.
#[derive(Clone, Deserialize)]
#[serde(try_from = "RawServed")]
pub(crate) struct Served(pub(crate) String);

/// The specification shows a table, every implementation reads text.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected the name of an execution environment")]
enum RawServed {
    Name(String),
    Table { name: String },
}

impl TryFrom<RawServed> for Served {
    type Error = ExecEnvError;

    fn try_from(raw: RawServed) -> Result<Served, ExecEnvError> {
        let (RawServed::Name(name) | RawServed::Table { name }) = raw;
        if name == "*" { Ok(Served(name)) } else { ExecEnv::new(name).map(|name| Served(name.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b98_names_have_no_slash_and_the_default_is_production() {
        assert_eq!(ExecEnv::default().as_str(), "production");
        for good in ["production", "test", "development", "Load-Test.2"] {
            assert_eq!(ExecEnv::new(good).unwrap().to_string(), good);
        }
        for bad in ["", "a/b", "*", "a b", "ä", &"a".repeat(101)] {
            assert!(ExecEnv::new(bad).is_err(), "{bad}");
        }
    }
}
