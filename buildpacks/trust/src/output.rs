//! What the launcher is told: TOML on file descriptor 3.

use std::fs::File;
use std::io::Write as _;
#[cfg(unix)]
use std::os::fd::FromRawFd as _;

/// Variables for the process.
pub(crate) fn write(variables: &[(&str, String)]) -> Result<(), String> {
    let lines: Vec<String> = variables.iter().map(|(name, value)| format!("{name} = {}\n", quoted(value))).collect();
    let written = descriptor().write_all(lines.concat().as_bytes());
    written.map_err(|error| format!("could not write to file descriptor 3: {error}"))
}

/// Where the launcher listens.
#[expect(unsafe_code, reason = "the only way to a descriptor by its number; nothing else here has it")]
fn descriptor() -> File {
    // SAFETY: the launcher opens it for us to own, and this is called once. If it is not open, then writing fails.
    unsafe { File::from_raw_fd(3) }
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.extend(["\\u", &format!("{:04X}", u32::from(c))]),
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
