//! Which process to start.

use crate::Error;
use crate::metadata::{Metadata, Process};

/// The process that was chosen.
#[derive(Debug)]
pub(crate) struct Chosen<'a> {
    /// Its type; none for a command of the user's.
    pub(crate) kind: Option<&'a str>,
    /// Program and arguments.
    pub(crate) command: Vec<Vec<u8>>,
    /// Where it starts, if not in the application's directory.
    pub(crate) working_dir: Option<Vec<u8>>,
}

/// Chooses by the name that the launcher was called by: the process type of this name, or else the command that follows.
///
/// A command starts directly, with `--` before it or without. The specification has one without `--` go through a shell;
/// a run image need not have one, and whoever wants one can say so: `sh -c '…'`.
pub(crate) fn choose<'a>(metadata: &'a Metadata, arguments: &[Vec<u8>]) -> Result<Chosen<'a>, Error> {
    let (name, rest) = arguments.split_first().map_or((&b""[..], arguments), |(name, rest)| (name.as_slice(), rest));
    let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
    if let Some(process) = metadata.processes.iter().find(|process| process.r#type.as_bytes() == name) {
        return of_type(process, rest);
    }
    let command = if rest.first().is_some_and(|first| first == b"--") { &rest[1..] } else { rest };
    if command.is_empty() {
        return Err(nothing_to_start(metadata));
    }
    Ok(Chosen { kind: None, command: command.to_vec(), working_dir: None })
}

/// What the user adds takes the place of `args`, never of `command`.
fn of_type<'a>(process: &'a Process, user: &[Vec<u8>]) -> Result<Chosen<'a>, Error> {
    let kind = process.r#type.as_str();
    let bytes = |words: &[String]| -> Vec<Vec<u8>> { words.iter().map(|word| word.clone().into_bytes()).collect() };
    if process.command.is_empty() {
        return Err(Error::Launch(format!("the process `{kind}` has no command")));
    }
    if !process.direct {
        return Err(Error::Launch(format!(
            "the process `{kind}` wants a shell: this launcher starts processes directly"
        )));
    }
    let mut command = bytes(&process.command);
    command.extend(if user.is_empty() { bytes(&process.args) } else { user.to_vec() });
    let working_dir = Some(process.working_dir.clone().into_bytes()).filter(|directory| !directory.is_empty());
    Ok(Chosen { kind: Some(kind), command, working_dir })
}

fn nothing_to_start(metadata: &Metadata) -> Error {
    let types: Vec<String> = metadata.processes.iter().map(|process| format!("`{}`", process.r#type)).collect();
    Error::Launch(match types.as_slice() {
        [] => "there is nothing to start: the image has no process, so name a command".to_owned(),
        types => format!(
            "there is nothing to start: name a command, or one of the image's processes as its entry point: {}",
            types.join(", ")
        ),
    })
}
