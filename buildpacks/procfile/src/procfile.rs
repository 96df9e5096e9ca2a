//! What a `Procfile` says.

use std::collections::BTreeMap;
use std::fmt;
use wattle_command::npm::{self, Files, ScriptError, Start};
use wattle_command::{Command, Direct};

/// The processes of a `Procfile`, in its order; at least one.
#[derive(Debug)]
pub(crate) struct Procfile(Vec<Process>);

/// One line: a type of process and what it runs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Process {
    kind: String,
    line: String,
    start: Start,
}

/// What is wrong in a `Procfile`, and in which line of it, counted from 1.
#[derive(Debug)]
pub(crate) struct Malformed {
    line: Option<usize>,
    what: String,
}

impl Procfile {
    /// Reads the file's contents.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Malformed::at(line_of(bytes, error.valid_up_to()), "is not UTF-8 text"))?;
        let mut processes: Vec<Process> = Vec::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let process = Process::parse(line).map_err(|what| Malformed::at(index + 1, what))?;
            if processes.iter().any(|other| other.kind == process.kind) {
                return Err(Malformed::at(index + 1, format!("names the process `{}` a second time", process.kind)));
            }
            processes.push(process);
        }
        if processes.is_empty() {
            return Err(Malformed { line: None, what: "has no process".to_owned() });
        }
        Ok(Self(processes))
    }

    /// Follows lines that run a script of a `package.json` to what they start, as npm would: it is not in the image.
    pub(crate) fn follow_scripts(&mut self, files: &dyn Files) -> Result<(), ScriptError> {
        for process in &mut self.0 {
            process.start = npm::follow(&process.line, &origin(&process.kind), files)?;
        }
        Ok(())
    }

    /// The processes, in the file's order.
    pub(crate) fn processes(&self) -> &[Process] {
        &self.0
    }

    /// What the image starts when nothing is said: `web`, or the only process.
    pub(crate) fn default_process(&self) -> Option<&Process> {
        self.0.iter().find(|process| process.kind == "web").or(match self.0.as_slice() {
            [only] => Some(only),
            _ => None,
        })
    }

    /// `NAME=value` before the commands, by type of process; of one name the last counts, as in a shell.
    pub(crate) fn variables(&self) -> BTreeMap<&str, BTreeMap<&str, &str>> {
        let mut variables: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
        for process in &self.0 {
            for (name, value) in &process.start.environment {
                variables.entry(&process.kind).or_default().insert(name, value);
            }
        }
        variables
    }
}

impl Process {
    fn parse(line: &str) -> Result<Self, String> {
        let Some((kind, command)) = line.split_once(':') else {
            return Err(format!("should be `type: command`, but there is no colon in `{line}`"));
        };
        let kind = kind.trim_end();
        if kind.is_empty() || !kind.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
            return Err(format!(
                "should start with a type of process made of letters, digits, `.`, `_` and `-`, but it is `{kind}`"
            ));
        }
        let line = command.trim().to_owned();
        let command = Command::parse(&line).map_err(|error| format!("has no command for `{kind}`: {error}"))?;
        let (command, environment) = match command {
            Command::Direct(Direct { environment, words }) => {
                (Command::Direct(Direct { environment: Vec::new(), words }), environment)
            }
            shell @ Command::Shell { .. } => (shell, Vec::new()),
        };
        let start = Start { command, environment, directory: String::new(), origin: origin(kind), notes: Vec::new() };
        Ok(Self { kind: kind.to_owned(), line, start })
    }

    /// Its type, such as `web`.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// What it runs, and where.
    pub(crate) fn start(&self) -> &Start {
        &self.start
    }
}

fn origin(kind: &str) -> String {
    format!("`{kind}` in `Procfile`")
}

impl Malformed {
    fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line: Some(line), what: what.into() }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line} of `Procfile` {}", self.what),
            None => write!(f, "`Procfile` {}", self.what),
        }
    }
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes.iter().take(at).filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8]) -> String {
        let procfile = match Procfile::parse(text) {
            Ok(procfile) => procfile,
            Err(error) => return error.to_string(),
        };
        let default = procfile.default_process().map_or("none", Process::kind);
        let mut lines = vec![format!("default {default}")];
        lines.extend(procfile.processes().iter().map(|p| format!("{} {:?}", p.kind(), p.start().command.words())));
        lines.extend(procfile.variables().iter().map(|variables| format!("{variables:?}")));
        lines.join("\n")
    }

    #[test]
    fn processes_in_their_order() {
        insta::assert_snapshot!(
            check(b"\xef\xbb\xbf# all of it\r\nworker: A=1 node worker.js\r\n\r\nweb : node server.js  \r\nrelease:a $B\r\n"),
            @r#"
        default web
        worker ["node", "worker.js"]
        web ["node", "server.js"]
        release ["/bin/sh", "-c", "exec a $B"]
        ("worker", {"A": "1"})
        "#
        );
    }

    #[test]
    fn a_single_process_is_the_default() {
        insta::assert_snapshot!(check(b"bot: node bot.js"), @r#"
        default bot
        bot ["node", "bot.js"]
        "#);
        insta::assert_snapshot!(check(b"a: x\nb: y"), @r#"
        default none
        a ["x"]
        b ["y"]
        "#);
    }

    #[test]
    fn errors_name_their_line() {
        insta::assert_snapshot!(check(b""), @"`Procfile` has no process");
        insta::assert_snapshot!(check(b"\nnode server.js"), @"line 2 of `Procfile` should be `type: command`, but there is no colon in `node server.js`");
        insta::assert_snapshot!(check(b"my web: x"), @"line 1 of `Procfile` should start with a type of process made of letters, digits, `.`, `_` and `-`, but it is `my web`");
        insta::assert_snapshot!(check(b"web:"), @"line 1 of `Procfile` has no command for `web`: there is no program to start");
        insta::assert_snapshot!(check(b"web: a\nweb: b"), @"line 2 of `Procfile` names the process `web` a second time");
        insta::assert_snapshot!(check(b"web: a\nx: \"b"), @"line 2 of `Procfile` has no command for `x`: a quotation mark is not closed");
        insta::assert_snapshot!(check(b"web: a\n\xff"), @"line 2 of `Procfile` is not UTF-8 text");
    }
}
