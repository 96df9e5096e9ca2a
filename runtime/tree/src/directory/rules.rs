//! Which paths are left out.

use super::docker::DockerIgnore;
use super::{ReadError, Rules, Selection, join, reading, unreadable};
use cap_std::fs::Dir;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::io::{self, Read};

/// What becomes of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is taken in.
    Keep,
    /// It is left out, with what is below it.
    Drop,
    /// A directory that is left out unless something below it is not.
    Look,
}

/// The rules that hold at one place of the walk.
pub(super) struct Ignore {
    /// In the order in which they are asked.
    patterns: Vec<Patterns>,
    reads_docker: bool,
    docker: DockerIgnore,
    selected: Option<Selected>,
}

/// What `project.toml` selects.
struct Selected {
    /// Whether its patterns say what is taken in, and not what is left out.
    include: bool,
    patterns: Gitignore,
}

/// Patterns with the syntax of `.gitignore` from one kind of file, of each directory on the way from the root.
struct Patterns {
    file: &'static str,
    /// Git itself passes over a line that it does not understand; in our own files it is an error.
    strict: bool,
    /// Where the paths inside the directory begin, and what its file says.
    levels: Vec<(usize, Gitignore)>,
}

impl Ignore {
    pub(super) fn new(rules: &Rules) -> Result<Ignore, ReadError> {
        let patterns = |file, strict| Patterns { file, strict, levels: Vec::new() };
        let mut extra = patterns("extra", true);
        extra.levels.push((0, extra.parse("extra", rules.extra.iter().map(String::as_str))?));
        let mut all = vec![extra];
        all.extend(rules.wattle_ignore.then(|| patterns(".wattleignore", true)));
        all.extend(rules.git_ignore.then(|| patterns(".gitignore", false)));
        let selected = Selected::new(&rules.selection)?;
        Ok(Ignore { patterns: all, reads_docker: rules.docker_ignore, docker: DockerIgnore::default(), selected })
    }

    /// Takes up the files of rules that `directory` has.
    pub(super) fn enter(&mut self, directory: &Dir, path: &str) -> Result<(), ReadError> {
        if path.is_empty() && self.reads_docker {
            self.docker = DockerIgnore::parse(&text(directory, path, ".dockerignore")?)?;
        }
        for patterns in self.patterns.iter_mut().skip(1) {
            let text = text(directory, path, patterns.file)?;
            let level = patterns.parse(&join(path, patterns.file), text.lines())?;
            patterns.levels.push((if path.is_empty() { 0 } else { path.len() + 1 }, level));
        }
        Ok(())
    }

    /// Leaves the directory that was entered last.
    pub(super) fn leave(&mut self) {
        for patterns in self.patterns.iter_mut().skip(1) {
            patterns.levels.pop();
        }
    }

    /// What becomes of `path`, which stands in the directory that was entered last.
    pub(super) fn decide(&self, path: &str, is_directory: bool) -> Verdict {
        let selected = self.selected.as_ref().is_none_or(|selected| selected.has(path, is_directory));
        match self.by_rules(path, is_directory) {
            Verdict::Keep if !selected && is_directory => Verdict::Look,
            Verdict::Keep if !selected => Verdict::Drop,
            verdict => verdict,
        }
    }

    fn by_rules(&self, path: &str, is_directory: bool) -> Verdict {
        for patterns in &self.patterns {
            match patterns.matched(path, is_directory) {
                Match::Ignore(()) => return Verdict::Drop,
                Match::Whitelist(()) => return Verdict::Keep,
                Match::None => {}
            }
        }
        match self.docker.excludes(path) {
            true if is_directory && self.docker.has_exceptions() => Verdict::Look,
            true => Verdict::Drop,
            false => Verdict::Keep,
        }
    }
}

impl Selected {
    fn new(selection: &Selection) -> Result<Option<Selected>, ReadError> {
        let (include, lines) = match selection {
            Selection::All => return Ok(None),
            Selection::Include(lines) => (true, lines),
            Selection::Exclude(lines) => (false, lines),
        };
        let strict = Patterns { file: "project.toml", strict: true, levels: Vec::new() };
        let patterns = strict.parse(strict.file, lines.iter().map(String::as_str))?;
        Ok(Some(Selected { include, patterns }))
    }

    fn has(&self, path: &str, is_directory: bool) -> bool {
        self.patterns.matched_path_or_any_parents(path, is_directory).is_ignore() == self.include
    }
}

impl Patterns {
    fn parse<'l>(&self, file: &str, lines: impl Iterator<Item = &'l str>) -> Result<Gitignore, ReadError> {
        let mut builder = GitignoreBuilder::new("");
        for line in lines {
            let added = builder.add_line(None, line).map(drop);
            added.or_else(|error| self.refuse(file, line, &error))?;
        }
        builder.build().or_else(|error| self.refuse(file, "", &error).map(|()| Gitignore::empty()))
    }

    fn refuse(&self, file: &str, line: &str, error: &ignore::Error) -> Result<(), ReadError> {
        if !self.strict {
            return Ok(());
        }
        Err(ReadError::Pattern { file: file.to_owned(), pattern: line.to_owned(), reason: error.to_string() })
    }

    /// The nearest directory whose file has a pattern for the path decides.
    fn matched(&self, path: &str, is_directory: bool) -> Match<()> {
        let levels = self.levels.iter().rev();
        let mut matches = levels.map(|(start, level)| level.matched(&path[*start..], is_directory).map(drop));
        matches.find(|found| !found.is_none()).unwrap_or(Match::None)
    }
}

/// A file of rules; empty if there is none. A link is not followed, as Git does not follow one.
fn text(directory: &Dir, path: &str, name: &str) -> Result<String, ReadError> {
    let failed = |source| unreadable(&join(path, name), source);
    match directory.symlink_metadata(name) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(String::new()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(failed(error)),
    }
    let mut bytes = Vec::new();
    let opened = directory.open_with(name, &reading());
    opened.and_then(|mut file| file.read_to_end(&mut bytes)).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}
