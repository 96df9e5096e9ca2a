//! Programs that several packages have under one name: what `update-alternatives` is told by scripts, done as data.
//!
//! A script is read, never run: only calls whose words are all written out count. The Java programs, whose scripts compute
//! theirs, are found by where they stand.

use super::{AssembleError, System};
use crate::{Unpacked, Version, merged_usr};
use std::cmp::Reverse;
use wattle_tree::{Node, Tree};

/// A name for one of several programs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Alternative {
    /// Where it is called.
    link: String,
    /// What the choice is known by.
    name: String,
    /// The program.
    target: String,
    priority: i64,
    /// Names that follow the choice: link, name, target.
    followers: Vec<[String; 3]>,
}

/// Makes the links of all packages; the highest priority has each.
pub(super) fn apply(system: &mut System, packages: &[Unpacked]) -> Result<(), AssembleError> {
    let scripts = packages.iter().filter_map(|unpacked| unpacked.postinst.as_deref());
    let mut all: Vec<Alternative> = scripts.flat_map(written).collect();
    all.extend(java(&system.tree));
    all.sort_by(|one, other| (Reverse(one.priority), &one.target).cmp(&(Reverse(other.priority), &other.target)));
    for Alternative { link, name, target, followers, .. } in &all {
        if put(system, link, name, target)? {
            for [link, name, target] in followers {
                put(system, link, name, target)?;
            }
        }
    }
    Ok(())
}

/// Makes one name, if its target is there and it is not taken.
fn put(system: &mut System, link: &str, name: &str, target: &str) -> Result<bool, AssembleError> {
    let inside = |path: &str| merged_usr::place(path.trim_start_matches('/'));
    let (choice, link) = (format!("etc/alternatives/{name}"), inside(link));
    let is_free = system.tree.get(&choice).is_none() && system.tree.get(&link).is_none();
    if !is_free || system.tree.get(&inside(target)).is_none() {
        return Ok(false);
    }
    system.link(&choice, target)?;
    system.link(&link, &format!("/{choice}"))?;
    Ok(true)
}

/// The alternatives that a script writes out: `update-alternatives --install link name target priority [--slave ...]...`.
fn written(script: &str) -> Vec<Alternative> {
    let script = script.replace("\\\n", " ");
    let calls = script.lines().filter(|line| line.contains("update-alternatives"));
    calls.filter_map(|call| call_of(&call.split_whitespace().collect::<Vec<_>>())).collect()
}

fn call_of(words: &[&str]) -> Option<Alternative> {
    let start = words.iter().position(|word| *word == "--install")?;
    let [link, name, target, priority, rest @ ..] = &words[start + 1..] else { return None };
    let followers = rest.chunks_exact(4).take_while(|words| words[0] == "--slave");
    let followers: Vec<[String; 3]> =
        followers.map(|words| [words[1], words[2], words[3]].map(str::to_owned)).collect();
    let (link, name, target) = ((*link).to_owned(), (*name).to_owned(), (*target).to_owned());
    let alternative = Alternative { link, name, target, priority: priority.parse().ok()?, followers };
    alternative.is_plain().then_some(alternative)
}

impl Alternative {
    /// True if it is what it says, with nothing for a shell to do.
    fn is_plain(&self) -> bool {
        let own = [&self.link, &self.name, &self.target];
        let path = |text: &String| text.starts_with('/') && wattle_tree::components(&text[1..]).is_ok();
        let plain = |text: &&String| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._+-".contains(&byte));
        let is_right =
            |all: [&String; 3]| all.iter().all(plain) && path(all[0]) && !all[1].contains('/') && path(all[2]);
        is_right(own) && self.followers.iter().all(|[link, name, target]| is_right([link, name, target]))
    }
}

/// The programs of each Java, the newest Java first.
fn java(tree: &Tree) -> Vec<Alternative> {
    let Some(all) = tree.directory("usr/lib/jvm") else { return Vec::new() };
    let mut found = Vec::new();
    for (name, node) in all.entries() {
        let version =
            name.strip_prefix("java-").and_then(|rest| rest.split_once("-openjdk-")).map(|(version, _)| version);
        let (Some(version), Node::Directory(home)) = (version, node) else { continue };
        let programs = home.directory("bin").into_iter().flat_map(Tree::entries).map(|(name, _)| format!("bin/{name}"));
        found.extend(
            programs.chain(["lib/jexec".to_owned()]).map(|program| (Version::new(version), name.to_string(), program)),
        );
    }
    found.sort();
    let ranked = found.into_iter().enumerate().map(|(at, (_, home, path))| {
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let (link, target) = (format!("/usr/bin/{name}"), format!("/usr/lib/jvm/{home}/{path}"));
        Alternative { link, name, target, priority: i64::try_from(at).unwrap_or_default(), followers: Vec::new() }
    });
    ranked.collect()
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn reads_calls_that_are_written_out() {
        let script = "#!/bin/sh\n\
            update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 \\\n  --slave /usr/bin/nawk nawk /usr/bin/mawk\n\
            update-alternatives --install /usr/bin/$i $i $basedir/bin/$i $priority\n\
            update-alternatives --install /../x x /y 1\n\
            update-alternatives --remove awk /usr/bin/mawk\n";
        insta::assert_debug_snapshot!(written(script), @r#"
        [
            Alternative {
                link: "/usr/bin/awk",
                name: "awk",
                target: "/usr/bin/mawk",
                priority: 5,
                followers: [
                    [
                        "/usr/bin/nawk",
                        "nawk",
                        "/usr/bin/mawk",
                    ],
                ],
            },
        ]
        "#);
    }
}
