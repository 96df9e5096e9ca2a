//! What a Git repository says of the commit that is checked out, read from its files: `git` need not be there, and nothing of
//! the repository's configuration is run (gitrepository-layout(5)).
//!
//! A repository that keeps its references in another form than files is not read.

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The longest file that is read, in bytes: a list of half a million references.
const MAX_LEN: u64 = 32 << 20;
/// How many references may lead to one another.
const MAX_STEPS: usize = 5;
/// How many loose references are looked at.
const MAX_LOOSE: usize = 10_000;

/// The commit that is checked out, and what leads to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repository {
    /// Its id.
    pub(super) commit: String,
    /// Branches of this repository that are at it, sorted.
    pub(super) branches: Vec<String>,
    /// Tags that are at it, sorted; annotated ones only if their reference is packed, as in a clone.
    pub(super) tags: Vec<String>,
    /// Address of the remote `origin`, or else of the first: without credentials, and only if it is on another machine.
    pub(super) url: Option<String>,
}

impl Repository {
    /// The repository that `directory` is in.
    pub(super) fn of(directory: &Path) -> Option<Repository> {
        let directory = directory.canonicalize().ok()?;
        let (worktree, metadata) = directory.ancestors().find_map(|above| {
            let metadata = fs::symlink_metadata(above.join(".git")).ok()?;
            Some((above, metadata))
        })?;
        let git = worktree.join(".git");
        let places = match metadata.file_type() {
            kind if kind.is_dir() => Places { own: open(&git)?, common: open(&git)? },
            kind if kind.is_file() => Places::elsewhere(worktree)?,
            _ => return None,
        };
        places.repository()
    }
}

/// Where a repository's files are.
struct Places {
    /// What is this worktree's own.
    own: Dir,
    /// What all worktrees have in common.
    common: Dir,
}

impl Places {
    /// Of a worktree or a submodule, whose `.git` is a file that names a directory. That has to name it back: an application
    /// shows nothing of a repository that it does not belong to.
    fn elsewhere(worktree: &Path) -> Option<Places> {
        let text = fs::read_to_string(worktree.join(".git")).ok()?;
        let path = worktree.join(text.strip_prefix("gitdir:")?.trim()).canonicalize().ok()?;
        let own = open(&path)?;
        if let Some(back) = read(&own, "gitdir") {
            let common = path.join(read(&own, "commondir")?.trim()).canonicalize().ok()?;
            let is_worktree = path.starts_with(common.join("worktrees"));
            let back = path.join(back.trim()).canonicalize().ok()?;
            return (is_worktree && back == worktree.join(".git")).then_some(Places { own, common: open(&common)? });
        }
        let back = value(&read(&own, "config")?, |section| section == "core", "worktree")?;
        let back = path.join(back).canonicalize().ok()?;
        (back == worktree).then_some(Places { common: open(&path)?, own })
    }

    fn repository(&self) -> Option<Repository> {
        let packed = packed(&read(&self.common, "packed-refs").unwrap_or_default());
        let mut name = "HEAD".to_owned();
        let mut found = None;
        for _ in 0..MAX_STEPS {
            let place = if name == "HEAD" { &self.own } else { &self.common };
            let text = read(place, &name);
            let text = text.as_deref().map(str::trim);
            if let Some(next) = text.and_then(|text| text.strip_prefix("ref:")) {
                name = reference(next.trim())?;
                continue;
            }
            let id = text.map(str::to_owned).or_else(|| packed.get(&name)?.first().cloned());
            found = id.filter(|id| is_id(id));
            break;
        }
        let commit = found?;
        let config = read(&self.common, "config").unwrap_or_default();
        let remote = |name: &str| value(&config, |section| section == name, "url");
        let url = remote("remote \"origin\"")
            .or_else(|| value(&config, |section| section.starts_with("remote \""), "url"))
            .and_then(|url| shown(&url));
        Some(Repository {
            branches: self.at(&commit, "refs/heads", &packed),
            tags: self.at(&commit, "refs/tags", &packed),
            commit,
            url,
        })
    }

    /// Names below `directory` of references to this commit.
    fn at(&self, commit: &str, directory: &str, packed: &BTreeMap<String, Vec<String>>) -> Vec<String> {
        let mut loose = BTreeMap::new();
        self.loose(directory, &mut loose);
        let short = |name: &String| name.strip_prefix(directory)?.strip_prefix('/').map(str::to_owned);
        let packed =
            packed.iter().filter(|(name, ids)| !loose.contains_key(*name) && ids.iter().any(|id| id == commit));
        let packed: Vec<_> = packed.filter_map(|(name, _)| short(name)).collect();
        let loose = loose.iter().filter(|(_, id)| *id == commit).filter_map(|(name, _)| short(name));
        loose.chain(packed).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn loose(&self, directory: &str, found: &mut BTreeMap<String, String>) {
        let Ok(entries) = self.common.read_dir(directory) else { return };
        for entry in entries.flatten() {
            let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else { continue };
            let name = format!("{directory}/{name}");
            if found.len() >= MAX_LOOSE || name.len() > 1024 {
                return;
            }
            if kind.is_dir() {
                self.loose(&name, found);
            } else if let Some(id) = read(&self.common, &name) {
                found.insert(name, id.trim().to_owned());
            }
        }
    }
}

fn open(path: &Path) -> Option<Dir> {
    Dir::open_ambient_dir(path, ambient_authority()).ok()
}

/// A file's text. No link leads out of the directory.
fn read(directory: &Dir, path: &str) -> Option<String> {
    let mut text = String::new();
    let file = directory.open(PathBuf::from(path)).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > MAX_LEN {
        return None;
    }
    file.take(MAX_LEN).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The ids of each packed reference: its own, and for an annotated tag that of what is tagged.
fn packed(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut references: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut last = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match (line.strip_prefix('^'), line.split_once(' ')) {
            (Some(peeled), _) => {
                if let Some(ids) = last.as_ref().and_then(|name| references.get_mut(name)) {
                    ids.push(peeled.to_owned());
                }
            }
            (None, Some((id, name))) => {
                references.insert(name.to_owned(), vec![id.to_owned()]);
                last = Some(name.to_owned());
            }
            (None, None) => {}
        }
    }
    references
}

/// The name of a reference, if it is one that a file can have.
fn reference(name: &str) -> Option<String> {
    let good = name.starts_with("refs/") && name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    good.then(|| name.to_owned())
}

fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The first value of `key` in a section that `wanted` accepts (git-config(1), as far as addresses and paths go).
fn value(config: &str, wanted: impl Fn(&str) -> bool, key: &str) -> Option<String> {
    let mut inside = false;
    for line in config.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            inside = wanted(section.split(']').next().unwrap_or_default().trim());
        } else if let (true, Some((name, value))) = (inside, line.split_once('='))
            && name.trim().eq_ignore_ascii_case(key)
        {
            return Some(value.trim().trim_matches('"').to_owned());
        }
    }
    None
}

/// An address as it may be shown: without credentials. None for a path of this machine.
fn shown(url: &str) -> Option<String> {
    let url = url.split(['?', '#', ' ']).next()?;
    if let Some((scheme, rest)) = url.split_once("://") {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = authority.rsplit('@').next().filter(|host| !host.is_empty())?;
        return (scheme != "file").then(|| format!("{scheme}://{host}/{path}"));
    }
    // `git@host:path`, as ssh has it: a user, and never a password.
    let (host, path) = url.split_once(':')?;
    let (user, name) = host.split_once('@').unwrap_or(("", host));
    let good = !host.contains(['/', '\\']) && !user.contains(':') && name.len() > 1 && !path.is_empty();
    good.then(|| url.to_owned())
}

#[cfg(test)]
mod tests;
