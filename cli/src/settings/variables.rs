//! Variables of the build environment, and files that have a line for each.

use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Longest file of variables, in bytes.
const MAX_LEN: u64 = 16 << 20;

/// Reads a file of variables. `environment` is what a name without a value is looked up in.
///
/// # Errors
/// Which line is none. What stands there is not shown: it may be a secret.
pub(super) fn read(path: &Path, environment: &BTreeMap<String, String>) -> Result<Vec<(String, String)>> {
    let file = path.display().to_string();
    let unreadable = || format!("the file of variables `{file}` cannot be read");
    if fs::metadata(path).with_context(unreadable)?.len() > MAX_LEN {
        bail!("`{file}` is longer than 16 MiB, and no file of variables");
    }
    parse(&file, &fs::read_to_string(path).with_context(unreadable)?, environment)
}

fn parse(file: &str, text: &str, environment: &BTreeMap<String, String>) -> Result<Vec<(String, String)>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut variables = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match variable(line, environment) {
            Ok(variable) => variables.extend(variable),
            Err(reason) => {
                bail!("{file}:{number}: {reason}: write `NAME=VALUE`, or `NAME` to take it from the environment")
            }
        }
    }
    Ok(variables)
}

/// `NAME=VALUE`, or `NAME` for what `environment` has; nothing if it has none.
pub(super) fn variable(
    text: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Option<(String, String)>, &'static str> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, environment.get(text).cloned()),
    };
    if name.is_empty() {
        return Err("the variable has no name");
    }
    if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("the name of the variable has a space in it");
    }
    if value.as_deref().is_some_and(|value| value.contains('\0')) {
        return Err("the value has a NUL in it, which no variable can have");
    }
    Ok(value.map(|value| (name.to_owned(), value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        let environment = BTreeMap::from([("HOME".to_owned(), "/home/me".to_owned())]);
        match parse("build.env", text, &environment) {
            Ok(variables) => {
                variables.iter().map(|(name, value)| format!("{name}=[{value}]")).collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_line_is_a_variable_as_docker_reads_it() {
        insta::assert_snapshot!(check("\u{feff}# comment\nA=1\n\n  B=a = b # \r\n\t#x\nQUOTED=\"x\"\nEMPTY=\nHOME\nUNSET\nA=2"), @r#"A=[1] B=[a = b # ] QUOTED=["x"] EMPTY=[] HOME=[/home/me] A=[2]"#);
        insta::assert_snapshot!(check(""), @"");
    }

    #[test]
    fn a_line_that_is_none_is_named_and_not_shown() {
        insta::assert_snapshot!(check("A=1\n=s3cret"), @"build.env:2: the variable has no name: write `NAME=VALUE`, or `NAME` to take it from the environment");
        insta::assert_snapshot!(check("PASSWORD: s3cret"), @"build.env:1: the name of the variable has a space in it: write `NAME=VALUE`, or `NAME` to take it from the environment");
        insta::assert_snapshot!(check("export A=s3cret"), @"build.env:1: the name of the variable has a space in it: write `NAME=VALUE`, or `NAME` to take it from the environment");
        insta::assert_snapshot!(check("A=s3\0cret"), @"build.env:1: the value has a NUL in it, which no variable can have: write `NAME=VALUE`, or `NAME` to take it from the environment");
    }
}
