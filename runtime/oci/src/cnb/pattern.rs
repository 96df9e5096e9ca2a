//! Patterns for files of the application (Buildpack specification, "launch.toml", `slices`): those of the standard library
//! of Go, since that is what the specification names and what decides which file lands in which layer.

/// Matches paths relative to the application's directory.
///
/// `*` is any number of characters and `?` is one, neither a slash; `[a-z]` is one of these characters and `[^a-z]` one of
/// the others, a slash too; `\` takes what follows as it is. There is no pattern for directories of any depth: `**` is the
/// same as `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Chunk>);

/// What stands between two stars.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Chunk {
    /// A star stands in front of it.
    star: bool,
    items: Vec<Item>,
}

/// What matches one character.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    This(char),
    Any,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

/// Text that is no pattern for files of the application.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no pattern for files of the application: {reason}")]
pub struct PatternError {
    /// The text.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Pattern {
    /// A pattern, relative to the directory `workspace` or absolute and in it.
    pub fn parse(pattern: &str, workspace: &str) -> Result<Pattern, PatternError> {
        let parsed = relative(pattern, workspace).and_then(|relative| chunks(&relative));
        parsed.map(Pattern).map_err(|reason| PatternError { pattern: pattern.to_owned(), reason })
    }

    /// True if it stands for the file or directory at this path.
    pub fn matches(&self, path: &str) -> bool {
        let mut rest = path;
        for (chunk, left) in self.0.iter().zip((0..self.0.len()).rev()) {
            let fits = |from| chunk.strip(from).filter(|rest| left > 0 || rest.is_empty());
            let mut starts = std::iter::once(0).chain(chunk.skips(rest));
            // The first place where it fits is taken for good, as in Go.
            match starts.find_map(|start| fits(&rest[start..])) {
                Some(found) => rest = found,
                None => return false,
            }
        }
        rest.is_empty()
    }
}

impl Chunk {
    /// What is left of the text when this is taken from its start.
    fn strip<'a>(&self, mut text: &'a str) -> Option<&'a str> {
        for item in &self.items {
            let first = text.chars().next().filter(|c| item.matches(*c))?;
            text = &text[first.len_utf8()..];
        }
        Some(text)
    }

    /// Where in the text it could start behind what its star takes.
    fn skips<'a>(&self, text: &'a str) -> impl Iterator<Item = usize> + use<'a> {
        let text = if self.star { text } else { "" };
        text.char_indices().take_while(|(_, c)| *c != '/').map(|(at, c)| at + c.len_utf8())
    }
}

impl Item {
    fn matches(&self, c: char) -> bool {
        match self {
            Item::This(this) => *this == c,
            Item::Any => c != '/',
            Item::Class { negated, ranges } => ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated,
        }
    }
}

/// The pattern without what means nothing (`.`, `..`, slashes that are one too many), relative to the application.
fn relative(pattern: &str, workspace: &str) -> Result<String, &'static str> {
    let absolute = pattern.starts_with('/');
    let mut names = Vec::new();
    for name in pattern.split('/').filter(|name| !matches!(*name, "" | ".")) {
        match name {
            ".." if names.pop().is_none() && !absolute => return Err("it leads out of the application"),
            ".." => {}
            name => names.push(name),
        }
    }
    let cleaned = names.join("/");
    // What the directory is called is no pattern.
    let inside = match workspace.strip_prefix('/').filter(|_| absolute) {
        Some(workspace) => cleaned.strip_prefix(workspace).filter(|rest| rest.is_empty() || rest.starts_with('/')),
        None => Some(cleaned.as_str()),
    };
    match inside.map(|inside| inside.trim_start_matches('/')) {
        None => Err("it leads out of the application"),
        Some("") => Err("it is the application as a whole; `*` is all that is in it"),
        Some(inside) => Ok(inside.to_owned()),
    }
}

fn chunks(pattern: &str) -> Result<Vec<Chunk>, &'static str> {
    let (mut chunks, mut chunk) = (Vec::new(), Chunk::default());
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        let item = match c {
            '*' => {
                if !chunk.items.is_empty() {
                    chunks.push(std::mem::take(&mut chunk));
                }
                chunk.star = true;
                continue;
            }
            '?' => Item::Any,
            '[' => class(&mut rest)?,
            '\\' => Item::This(rest.next().ok_or("nothing follows its last `\\`")?),
            c => Item::This(c),
        };
        chunk.items.push(item);
    }
    chunks.push(chunk);
    Ok(chunks)
}

/// What follows `[`, up to its `]`.
fn class(rest: &mut std::str::Chars<'_>) -> Result<Item, &'static str> {
    let negated = rest.as_str().starts_with('^');
    if negated {
        rest.next();
    }
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && rest.as_str().starts_with(']') {
            rest.next();
            return Ok(Item::Class { negated, ranges });
        }
        let low = member(rest)?;
        let high = if rest.as_str().starts_with('-') {
            rest.next();
            member(rest)?
        } else {
            low
        };
        ranges.push((low, high));
    }
}

/// One character of a class.
fn member(rest: &mut std::str::Chars<'_>) -> Result<char, &'static str> {
    match rest.next() {
        None => Err("a `[` has no `]`"),
        Some('-' | ']') => Err("in `[` and `]`, a `-` or `]` that means itself is written with `\\` before it"),
        Some('\\') => rest.next().ok_or("nothing follows its last `\\`"),
        Some(c) => Ok(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `filepath.Match` of Go answers for cleaned patterns.
    const GO: &str = include_str!("pattern/go.txt");

    #[test]
    fn b90_i61_i65_patterns_are_those_of_go() {
        let mut lines = GO.lines().filter(|line| !line.starts_with('#'));
        let paths: Vec<&str> = lines.next().unwrap().split(' ').collect();
        for line in lines {
            let (pattern, expected) = line.split_once('\t').unwrap();
            let found = match Pattern::parse(pattern, "/workspace") {
                Ok(pattern) => paths.iter().filter(|path| pattern.matches(path)).copied().collect::<Vec<_>>().join(" "),
                Err(_) => "malformed".to_owned(),
            };
            assert_eq!(found, expected, "`{pattern}`");
        }
    }

    #[test]
    fn b90_i61_patterns_are_cleaned_and_may_be_absolute_inside_of_the_application() {
        let check = |pattern, path| Pattern::parse(pattern, "/srv/[app]").unwrap().matches(path);
        for good in ["a/b", "./a//b/", "x/../a/b", "/srv/[app]/a/b", "/srv/[app]//a/./b/", "/../srv/[app]/a/*"] {
            assert!(check(good, "a/b"), "{good}");
        }
        assert!(!check("/srv/[app]/a/b", "srv/[app]/a/b"));
    }

    #[test]
    fn b90_a_pattern_that_is_none_says_why() {
        let check = |pattern| Pattern::parse(pattern, "/workspace").unwrap_err().to_string();
        let bad =
            ["../x", "a/../../b", "/etc/*", "/workspace-2/x", "", ".", "/workspace/", "[", "[a", "[]a]", "[a-]", "a\\"];
        insta::assert_snapshot!(bad.map(check).join("\n"), @r#"
        `../x` is no pattern for files of the application: it leads out of the application
        `a/../../b` is no pattern for files of the application: it leads out of the application
        `/etc/*` is no pattern for files of the application: it leads out of the application
        `/workspace-2/x` is no pattern for files of the application: it leads out of the application
        `` is no pattern for files of the application: it is the application as a whole; `*` is all that is in it
        `.` is no pattern for files of the application: it is the application as a whole; `*` is all that is in it
        `/workspace/` is no pattern for files of the application: it is the application as a whole; `*` is all that is in it
        `[` is no pattern for files of the application: a `[` has no `]`
        `[a` is no pattern for files of the application: a `[` has no `]`
        `[]a]` is no pattern for files of the application: in `[` and `]`, a `-` or `]` that means itself is written with `\` before it
        `[a-]` is no pattern for files of the application: in `[` and `]`, a `-` or `]` that means itself is written with `\` before it
        `a\` is no pattern for files of the application: nothing follows its last `\`
        "#);
    }
}
