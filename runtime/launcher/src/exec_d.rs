//! Programs of layers that run before the process, and say what more belongs into its environment (Buildpack specification,
//! "exec.d").

use crate::environment::Environment;
use crate::layers::{self, Failed};
use crate::{Error, Files};
use toml::{Table, Value};

/// What a program may write at most, in bytes: more than the kernel hands to any process.
pub const LONGEST_OUTPUT: u64 = 1 << 20;

/// The programs, in the order in which they run.
pub(crate) fn programs<'a>(
    layers_dir: &[u8],
    buildpacks: impl Iterator<Item = &'a str>,
    process: Option<&str>,
    files: &impl Files,
) -> Result<Vec<Vec<u8>>, Failed> {
    layers::files_in(layers_dir, buildpacks, "exec.d", process, files)
}

impl Environment {
    /// The same with what a program of `exec.d` wrote to file descriptor 3: TOML, whose keys are names of variables and
    /// whose values are strings. Fails with what is wrong with it.
    pub fn with_output(mut self, program: &[u8], output: &[u8]) -> Result<Environment, Error> {
        let failed = |why: String| {
            let program = program.escape_ascii();
            Error::Launch(format!("could not use what `{program}` wrote to file descriptor 3: {why}"))
        };
        let text = std::str::from_utf8(output).map_err(|error| failed(error.to_string()))?;
        let table: Table = toml::from_str(text).map_err(|error| failed(error.to_string().trim_end().to_owned()))?;
        for (name, value) in &table {
            let value = variable(name, value).map_err(failed)?;
            self.set(name.as_bytes(), value.as_bytes());
        }
        Ok(self)
    }
}

/// The value of a variable, if name and value are what they may be.
fn variable<'a>(name: &str, value: &'a Value) -> Result<&'a str, String> {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || !name.bytes().all(is_bare) {
        return Err(format!("`{}` is no bare key", name.escape_debug()));
    }
    match value {
        Value::String(text) if text.contains('\0') => {
            Err(format!("`{name}` has a zero byte, which no variable can have"))
        }
        Value::String(text) => Ok(text),
        other => Err(format!("`{name}` is not a string, but of type {}", other.type_str())),
    }
}
