//! What the launcher is told: TOML on file descriptor 3.

use std::fs::File;
use std::io::{self, Write as _};
#[cfg(unix)]
use std::os::fd::FromRawFd as _;

/// Variables for the process.
pub(crate) fn write(variables: &[(&str, String)]) -> Result<(), String> {
    let lines = variables.iter().map(|(name, value)| [*name, " = ", &quoted(value), "\n"].concat());
    let text: String = lines.collect();
    descriptor()
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| format!("could not write to file descriptor 3: {error}"))
}

/// Where the launcher listens.
#[cfg(unix)]
#[expect(unsafe_code, clippy::unnecessary_wraps, reason = "the only way to a descriptor by its number")]
fn descriptor() -> io::Result<File> {
    // SAFETY: the launcher opens it for us to own, and this is called once. If it is not open, then writing fails.
    Ok(unsafe { File::from_raw_fd(3) })
}

/// Images are for Linux. Elsewhere, this is compiled only because the workspace is.
#[cfg(not(unix))]
fn descriptor() -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

fn escape(c: char) -> String {
    format!("\\u{:04X}", u32::from(c))
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted += &escape(c),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn whatever_it_is_it_is_toml() {
        let all: String = (1..0x500).filter_map(char::from_u32).collect();
        let table: toml::Table = toml::from_str(&format!("A = {}", quoted(&all))).unwrap();
        assert_eq!(table["A"].as_str(), Some(all.as_str()));
    }
}
