//! The `.dockerignore` file (Docker documentation, "Build context", ".dockerignore files").

use super::ReadError;
use globset::{GlobBuilder, GlobMatcher};

/// Patterns in their order. Unlike those of `.gitignore` they start at the root, a star never stands for a slash, and an
/// exception may bring back what is in a directory that is left out.
#[derive(Default)]
pub(super) struct DockerIgnore {
    patterns: Vec<Pattern>,
}

struct Pattern {
    glob: GlobMatcher,
    is_exception: bool,
}

impl DockerIgnore {
    pub(super) fn parse(text: &str) -> Result<DockerIgnore, ReadError> {
        let lines = text.lines().filter(|line| !line.starts_with('#')).map(str::trim).filter(|line| !line.is_empty());
        Ok(DockerIgnore { patterns: lines.map(Pattern::parse).collect::<Result<_, _>>()? })
    }

    pub(super) fn has_exceptions(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.is_exception)
    }

    /// The last pattern that matches the path, or a directory above it, decides.
    pub(super) fn excludes(&self, path: &str) -> bool {
        let last = self.patterns.iter().rev().find(|pattern| pattern.matches(path));
        last.is_some_and(|pattern| !pattern.is_exception)
    }
}

impl Pattern {
    fn parse(line: &str) -> Result<Pattern, ReadError> {
        let refused = |reason: &str| ReadError::Pattern {
            file: ".dockerignore".to_owned(),
            pattern: line.to_owned(),
            reason: reason.to_owned(),
        };
        let (is_exception, text) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        if text.is_empty() {
            return Err(refused("there is nothing after `!`"));
        }
        let glob = GlobBuilder::new(&translate(text)).literal_separator(true).backslash_escape(true).build();
        let glob = glob.map_err(|error| refused(&error.kind().to_string()))?;
        Ok(Pattern { glob: glob.compile_matcher(), is_exception })
    }

    fn matches(&self, path: &str) -> bool {
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        above.chain([path]).any(|path| self.glob.is_match(path))
    }
}

/// The pattern as `globset` has it: without what a path does not need, braces taken literally, and two stars that begin
/// a name made a name of their own, because only that may stand for any number of directories.
fn translate(text: &str) -> String {
    let mut names: Vec<String> = Vec::new();
    for name in text.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            "**" => names.push(name.to_owned()),
            _ => {
                let rest = name.strip_prefix("**").inspect(|_| names.push("**".to_owned())).unwrap_or(name);
                names.push(rest.replace('{', "\\{").replace('}', "\\}"));
            }
        }
    }
    names.join("/")
}
