//! Which process to start (Platform specification, "Launcher").

use crate::Error;
use crate::metadata::{Api, Metadata, Process};

/// What the choice depends on beside the image's metadata.
pub(crate) struct Circumstances<'a> {
    /// The Platform API that the image was made for.
    pub(crate) api: &'a Api,
    /// The execution environment, such as `production`.
    pub(crate) exec_env: &'a str,
    /// Whether the image has the shell that starts what is not started directly.
    pub(crate) has_shell: bool,
}

impl Circumstances<'_> {
    /// From Platform API 0.15 on, a process may be for some execution environments only.
    fn suit(&self, process: &Process) -> bool {
        let wanted = &process.exec_env;
        let matches = |wanted: &String| wanted == "*" || wanted == self.exec_env;
        !self.api.is_at_least(15) || wanted.is_empty() || wanted.iter().any(matches)
    }
}

/// The process that was chosen.
#[derive(Debug)]
pub(crate) struct Chosen<'a> {
    /// Its type; none for a command of the user's.
    pub(crate) kind: Option<&'a str>,
    /// Program and arguments. Never empty.
    pub(crate) command: Vec<Vec<u8>>,
    /// Where it starts, if not in the application's directory.
    pub(crate) working_dir: Option<Vec<u8>>,
    /// Whether a shell starts it.
    pub(crate) in_shell: bool,
}

/// Chooses by the name that the launcher was called by: the process type of this name, or else the command that follows.
pub(crate) fn choose<'a>(
    metadata: &'a Metadata,
    arguments: &[Vec<u8>],
    circumstances: &Circumstances<'_>,
) -> Result<Chosen<'a>, Error> {
    let (name, rest) = arguments.split_first().map_or((&b""[..], arguments), |(name, rest)| (name.as_slice(), rest));
    let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
    let of_name = || metadata.processes.iter().filter(|process| process.r#type.as_bytes() == name);
    match of_name().find(|process| circumstances.suit(process)).or_else(|| of_name().next()) {
        Some(process) => of_type(metadata, process, rest, circumstances),
        None => of_user(metadata, rest, circumstances.has_shell),
    }
}

/// A command after `--` starts directly; any other through the shell, if the image has one. A run image need not have one,
/// and then a program with its arguments starts directly too.
fn of_user<'a>(metadata: &'a Metadata, words: &[Vec<u8>], has_shell: bool) -> Result<Chosen<'a>, Error> {
    let direct = words.strip_prefix(&[b"--".to_vec()]);
    let command = direct.unwrap_or(words);
    match command {
        [] => return Err(nothing_to_start(metadata)),
        [script] if direct.is_none() && !has_shell && script.contains(&b' ') => {
            return Err(Error::Launch(format!(
                "the command `{}` wants a shell, and the image has no `/bin/bash`: give program and arguments one by one",
                script.escape_ascii()
            )));
        }
        _ => {}
    }
    let in_shell = has_shell && direct.is_none();
    Ok(Chosen { kind: None, command: command.to_vec(), working_dir: None, in_shell })
}

fn of_type<'a>(
    metadata: &Metadata,
    process: &'a Process,
    user: &[Vec<u8>],
    circumstances: &Circumstances<'_>,
) -> Result<Chosen<'a>, Error> {
    let kind = process.r#type.as_str();
    if process.command.first().is_none_or(String::is_empty) {
        return Err(Error::Launch(format!("the process `{kind}` has no command")));
    }
    if !circumstances.suit(process) {
        return Err(is_of_another(process, circumstances.exec_env));
    }
    if !process.direct && !circumstances.has_shell {
        let text = format!("the process `{kind}` wants a shell, and the image has no `/bin/bash`");
        return Err(Error::Launch(text));
    }
    let mut command = fixed_words(process, circumstances.api);
    command.extend(arguments(metadata, process, user, circumstances.api)?);
    if !process.direct && command.len() > 1 && !process.buildpack_id.is_empty() {
        // A shell depended on it once, and the reference implementation still looks.
        api_of(metadata, process)?;
    }
    let working_dir = Some(process.working_dir.clone().into_bytes()).filter(|directory| !directory.is_empty());
    Ok(Chosen { kind: Some(kind), command, working_dir, in_shell: !process.direct })
}

fn is_of_another(process: &Process, exec_env: &str) -> Error {
    let wanted: Vec<String> = process.exec_env.iter().map(|wanted| format!("`{wanted}`")).collect();
    Error::Launch(format!(
        "the process `{}` is not for the execution environment `{exec_env}`: set `CNB_EXEC_ENV` to {}",
        process.r#type,
        wanted.join(" or ")
    ))
}

/// What is always there. A shell is given a command of before Platform API 0.10 as one word, whatever it consists of.
fn fixed_words(process: &Process, api: &Api) -> Vec<Vec<u8>> {
    if process.direct || api.is_at_least(10) { bytes(&process.command) } else { vec![process.command.join(" ").into()] }
}

/// What the user adds takes the place of `args`, never of `command`. It is added to them where the platform, or the
/// buildpack of a command of one word, is of before that was so.
fn arguments(metadata: &Metadata, process: &Process, user: &[Vec<u8>], api: &Api) -> Result<Vec<Vec<u8>>, Error> {
    let is_replaced = api.is_at_least(10)
        && !user.is_empty()
        && (process.command.len() > 1 || api_of(metadata, process)?.is_at_least(9));
    Ok(if is_replaced { user.to_vec() } else { [bytes(&process.args), user.to_vec()].concat() })
}

/// The API of the buildpack that a process is of.
fn api_of<'a>(metadata: &'a Metadata, process: &Process) -> Result<&'a Api, Error> {
    let of_process = metadata.buildpacks.iter().find(|buildpack| buildpack.id == process.buildpack_id);
    of_process.map(|buildpack| &buildpack.api).ok_or_else(|| {
        let Process { r#type: kind, buildpack_id: id, .. } = process;
        Error::Launch(format!("the process `{kind}` is of the buildpack `{id}`, which is not among the image's"))
    })
}

fn bytes(words: &[String]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.clone().into_bytes()).collect()
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
