//! Which processes an image can start (Buildpack specification, "launch.toml").

use std::collections::BTreeMap;
use wattle_oci::cnb::Process;

/// The processes, sorted by type. Of each type the last counts, whoever said it; with each goes the id of who did.
pub(crate) fn all<'a>(said: impl Iterator<Item = (&'a str, &'a wattle_sandbox::Process)>) -> Vec<Process> {
    let process = |(by, process): (&str, &wattle_sandbox::Process)| Process {
        kind: process.kind.clone(),
        command: process.command.clone(),
        args: process.arguments.clone(),
        direct: true,
        working_dir: process.working_directory.clone(),
        buildpack_id: by.to_owned(),
        exec_env: process.execution_environments.clone(),
    };
    let by_kind: BTreeMap<String, Process> = said.map(process).map(|process| (process.kind.clone(), process)).collect();
    by_kind.into_values().collect()
}

/// The last that was said to be the default, unless it was replaced later without that being said again.
pub(crate) fn default<'a>(said: impl Iterator<Item = (&'a str, &'a wattle_sandbox::Process)>) -> Option<String> {
    let mut default: Option<String> = None;
    for (_, process) in said {
        if process.default {
            default = Some(process.kind.clone());
        } else if default.as_ref() == Some(&process.kind) {
            default = None;
        }
    }
    default
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of processes, `<buildpack>:<type>=<program>`, with `*` where it is to be the default.
    fn check(text: &str) -> String {
        let said: Vec<(&str, wattle_sandbox::Process)> = text
            .split_whitespace()
            .map(|word| {
                let (by, rest) = word.split_once(':').unwrap();
                let (kind, program) = rest.split_once('=').unwrap();
                let process = wattle_sandbox::Process {
                    kind: kind.to_owned(),
                    command: vec![program.trim_end_matches('*').to_owned()],
                    arguments: Vec::new(),
                    default: program.ends_with('*'),
                    working_directory: None,
                    execution_environments: Vec::new(),
                };
                (by, process)
            })
            .collect();
        let said = || said.iter().map(|(by, process)| (*by, process));
        let all = all(said()).into_iter().map(|process| {
            assert!(process.direct);
            format!("{}:{}={}", process.buildpack_id, process.kind, process.command[0])
        });
        let all = all.collect::<Vec<_>>().join(" ");
        default(said()).map_or_else(|| all.clone(), |default| format!("{all}, {default} by default"))
    }

    #[test]
    fn b88_b89_processes_are_sorted_and_the_last_of_a_type_counts() {
        assert_eq!(check("a:worker=x a:web=y"), "a:web=y a:worker=x");
        assert_eq!(check("a:web=x b:web=y"), "b:web=y");
        assert_eq!(check(""), "");
    }

    #[test]
    fn b88_who_replaces_the_default_says_whether_it_still_is() {
        assert_eq!(check("a:web=x* a:worker=y"), "a:web=x a:worker=y, web by default");
        assert_eq!(check("a:web=x* b:worker=y*"), "a:web=x b:worker=y, worker by default");
        assert_eq!(check("a:web=x* b:web=y"), "b:web=y");
        assert_eq!(check("a:web=x* b:web=y*"), "b:web=y, web by default");
        assert_eq!(check("a:web=x* b:worker=y b:web=z a:worker=w"), "b:web=z a:worker=w");
    }
}
