//! Command lines as `Procfile` and `package.json` write them.
//!
//! An image of Wattle starts its processes directly, and its run image need not have a shell. Most lines say no more than
//! a program and its arguments, perhaps after `NAME=value`; these are taken apart here, by the quoting rules of POSIX
//! shells. A line that uses more (`$PORT`, `&&`, `|`, `*.js` …) is a job for a shell, and the first such thing is named.

pub mod npm;

use std::fmt;

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A program that can be started as it is.
    Direct(Direct),
    /// A job for a shell.
    Shell {
        /// The line, to be given to `sh -c`.
        line: String,
        /// What in it a shell is needed for, as it is written there: `$PORT`, `&&`.
        because: String,
    },
}

/// A program, its arguments, and the variables written before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Direct {
    /// `NAME=value` before the program, in order.
    pub environment: Vec<(String, String)>,
    /// The program and its arguments; at least one.
    pub words: Vec<String>,
}

/// The shell that the rest is for; POSIX gives it no path, but every distribution does.
pub const SHELL: &str = "/bin/sh";

/// A line that is no command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// There is no program in it.
    Empty,
    /// A quote is not closed.
    Quote,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there is no program to start",
            Self::Quote => "a quotation mark is not closed",
        })
    }
}

impl std::error::Error for Malformed {}

impl Command {
    /// Takes a line apart.
    pub fn parse(line: &str) -> Result<Self, Malformed> {
        let line = line.trim();
        let words = shell_words::split(line).map_err(|_| Malformed::Quote)?;
        if let Some(because) = shell_syntax(line) {
            return Ok(Self::Shell { line: line.to_owned(), because });
        }
        let direct = Direct::new(words)?;
        match direct.words.first() {
            Some(word) if BUILTINS.contains(&word.as_str()) => {
                Ok(Self::Shell { line: line.to_owned(), because: word.clone() })
            }
            _ => Ok(Self::Direct(direct)),
        }
    }

    /// The program and its arguments, with a shell where the line needs one.
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::Direct(direct) => direct.words.clone(),
            Self::Shell { line, .. } => vec![SHELL.to_owned(), "-c".to_owned(), replacing(line)],
        }
    }

    /// The commands that it runs, each as its program and arguments, as far as that can be told without a shell.
    pub fn commands(&self) -> Vec<Vec<String>> {
        match self {
            Self::Direct(direct) => vec![direct.words.clone()],
            Self::Shell { line, .. } => {
                let parts = parts(line).into_iter().filter_map(|part| shell_words::split(part).ok());
                parts.filter_map(|words| Some(Direct::new(words).ok()?.words)).collect()
            }
        }
    }

    /// Puts arguments behind it, in quotes where a shell reads them.
    pub fn append(&mut self, arguments: &[String]) {
        match self {
            Self::Direct(direct) => direct.words.extend_from_slice(arguments),
            Self::Shell { line, .. } => {
                for argument in arguments {
                    line.push(' ');
                    line.push_str(&shell_words::quote(argument));
                }
            }
        }
    }
}

/// What one would write to have the same run, without the variables.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(direct) => f.write_str(&quoted(&direct.words)),
            Self::Shell { line, .. } => f.write_str(line),
        }
    }
}

/// Words as a line, in quotes where a shell needs them.
pub fn quoted(words: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    let quote = |word: &String| match word {
        word if !word.is_empty() && word.chars().all(plain) => word.clone(),
        word => format!("'{}'", word.replace('\'', r"'\''")),
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// The line, so that the program takes the shell's place and gets its signals, if there is just one program in it.
fn replacing(line: &str) -> String {
    let first = line.split_whitespace().next().unwrap_or_default();
    let one = !line.contains(['|', '&', ';', '(', ')', '\n', '#', '`']) && !BUILTINS.contains(&first);
    if one && first != "exec" && assignment(first).is_none() { format!("exec {line}") } else { line.to_owned() }
}

/// What is between the operators of a line that begin another command.
fn parts(line: &str) -> Vec<&str> {
    let mut quote = None;
    let mut escaped = false;
    let mut before = ' ';
    line.split(|c: char| {
        // `2>&1` is one redirection.
        let plain = quote.is_none() && !escaped && before != '>';
        before = c;
        match c {
            _ if escaped => {}
            '\'' | '"' if quote == Some(c) => quote = None,
            '\'' | '"' if quote.is_none() => quote = Some(c),
            _ => {}
        }
        escaped = !escaped && c == '\\' && quote != Some('\'');
        plain && matches!(c, '&' | '|' | ';' | '(' | ')' | '\n')
    })
    .collect()
}

impl Direct {
    /// `exec` says what happens anyway, so it is dropped.
    fn new(words: Vec<String>) -> Result<Self, Malformed> {
        let mut direct = Self::default();
        for word in words {
            match assignment(&word) {
                Some(variable) if direct.words.is_empty() => direct.environment.push(variable),
                _ if direct.words.is_empty() && word == "exec" => {}
                _ => direct.words.push(word),
            }
        }
        if direct.words.is_empty() { Err(Malformed::Empty) } else { Ok(direct) }
    }
}

/// What a shell does itself, so that no program of that name can do it.
const BUILTINS: [&str; 19] = [
    ".", ":", "[", "[[", "cd", "eval", "export", "for", "if", "case", "read", "set", "source", "trap", "ulimit",
    "umask", "unset", "until", "while",
];

fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    is_name(name).then(|| (name.to_owned(), value.to_owned()))
}

fn is_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
}

/// The first thing outside quotes (or, for `$` and backquotes, outside single quotes) that only a shell understands.
fn shell_syntax(line: &str) -> Option<String> {
    let mut quote = None;
    let mut word_starts = true;
    let mut characters = line.char_indices();
    while let Some((at, character)) = characters.next() {
        let rest = &line[at..];
        match (quote, character) {
            (Some('\''), _) if character != '\'' => {}
            (_, '\\') => {
                characters.next();
            }
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (_, '`') => return Some("`".to_owned()),
            (_, '$') => {
                if let Some(expansion) = expansion(rest) {
                    return Some(expansion);
                }
            }
            (None, '|' | '&' | ';' | '<' | '>') => return Some(operator(rest)),
            (None, '(' | ')' | '*' | '?' | '\n') => return Some(character.to_string()),
            (None, '[') if rest.contains(']') => return Some("[".to_owned()),
            (None, '~' | '#') if word_starts => return Some(character.to_string()),
            _ => {}
        }
        word_starts = quote.is_none() && character.is_whitespace();
    }
    None
}

fn operator(rest: &str) -> String {
    rest.chars().take_while(|c| matches!(c, '|' | '&' | ';' | '<' | '>')).collect()
}

/// `$NAME`, `${…`, `$(…` or `$1`; a `$` before anything else stands for itself.
fn expansion(rest: &str) -> Option<String> {
    let after = &rest[1..];
    match after.chars().next()? {
        '{' => Some(rest[..rest.find('}').map_or(2, |end| end + 1)].to_owned()),
        '(' => Some("$(".to_owned()),
        c if c.is_ascii_alphabetic() || c == '_' => {
            let end = after.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(after.len());
            Some(rest[..=end].to_owned())
        }
        c if c.is_ascii_digit() || "@*#?$!-".contains(c) => Some(rest[..=c.len_utf8()].to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> String {
        match Command::parse(line) {
            Ok(Command::Direct(Direct { environment, words })) if environment.is_empty() => format!("{words:?}"),
            Ok(Command::Direct(Direct { environment, words })) => format!("{environment:?} {words:?}"),
            Ok(Command::Shell { because, .. }) => format!("shell for {because}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn plain_lines_need_no_shell() {
        insta::assert_snapshot!(check("node server.js"), @r#"["node", "server.js"]"#);
        insta::assert_snapshot!(check("  exec node  'my server.js' \"a b\" c\\ d "), @r#"["node", "my server.js", "a b", "c d"]"#);
        insta::assert_snapshot!(check("A=1 B='x y' node ."), @r#"[("A", "1"), ("B", "x y")] ["node", "."]"#);
        insta::assert_snapshot!(check("node --import=x A=1"), @r#"["node", "--import=x", "A=1"]"#);
        insta::assert_snapshot!(check("node -e '$x && `y` > *'"), @r#"["node", "-e", "$x && `y` > *"]"#);
        insta::assert_snapshot!(check(r"node \$x \* a#b a~ 5$"), @r#"["node", "$x", "*", "a#b", "a~", "5$"]"#);
    }

    #[test]
    fn the_reason_for_a_shell_is_named() {
        insta::assert_snapshot!(check("node x --port $PORT -v"), @"shell for $PORT");
        insta::assert_snapshot!(check("node x --port \"${PORT:-80}\""), @"shell for ${PORT:-80}");
        insta::assert_snapshot!(check("a && b"), @"shell for &&");
        insta::assert_snapshot!(check("a; b"), @"shell for ;");
        insta::assert_snapshot!(check("a 2>/dev/null"), @"shell for >");
        insta::assert_snapshot!(check("a | b"), @"shell for |");
        insta::assert_snapshot!(check("a `b`"), @"shell for `");
        insta::assert_snapshot!(check("a $(b)"), @"shell for $(");
        insta::assert_snapshot!(check("a *.js"), @"shell for *");
        insta::assert_snapshot!(check("a ~/b"), @"shell for ~");
        insta::assert_snapshot!(check("a # b"), @"shell for #");
        insta::assert_snapshot!(check("cd web"), @"shell for cd");
    }

    #[test]
    fn what_is_shown_can_be_written_again() {
        let check = |line: &str| Command::parse(line).map(|command| command.to_string()).unwrap_or_default();
        insta::assert_snapshot!(check("exec  node --max=1  \"a b\" \"it's\" '' \\$x"), @r"node --max=1 'a b' 'it'\''s' '' '$x'");
        insta::assert_snapshot!(check(" serve  --port $PORT "), @"serve  --port $PORT");
        for line in ["node 'a b' \"it's\" '' '$x' é", "a $B"] {
            assert_eq!(Command::parse(&check(line)), Command::parse(line));
        }
    }

    #[test]
    fn what_is_no_command_line() {
        insta::assert_snapshot!(check("  "), @"there is no program to start");
        insta::assert_snapshot!(check("A=1"), @"there is no program to start");
        insta::assert_snapshot!(check("node 'x"), @"a quotation mark is not closed");
        insta::assert_snapshot!(check("exec"), @"there is no program to start");
    }

    #[test]
    fn commands_of_a_line() {
        let commands = |line| Command::parse(line).map(|command| command.commands()).unwrap_or_default();
        insta::assert_snapshot!(format!("{:?}", commands("A=1 node 'a;b'")), @r#"[["node", "a;b"]]"#);
        insta::assert_snapshot!(format!("{:?}", commands("A=$X npm run build && exec node \"x && y\" a\\;b; (z | 'w') 2>&1")), @r#"[["npm", "run", "build"], ["node", "x && y", "a;b"], ["z"], ["w"], ["2>&1"]]"#);
        insta::assert_snapshot!(format!("{:?}", commands("A=$X && node $Y")), @r#"[["node", "$Y"]]"#);
    }

    #[test]
    fn a_shell_makes_room_for_the_program_where_there_is_one() {
        let script = |line| Command::parse(line).map(|command| command.words().remove(2)).unwrap_or_default();
        assert_eq!(script(" node x $PORT "), "exec node x $PORT");
        assert_eq!(script("node x > log"), "exec node x > log");
        for line in ["a $X && b", "cd $X", "exec a $X", "A=$X b", "a $(b)", "a | b"] {
            assert_eq!(script(line), line);
        }
    }
}
