//! The command lines of npm and its kin that run a script or a program of a package.

/// What such a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Invocation {
    /// A script of a `package.json`.
    Script(Run),
    /// A program of a package, and its arguments.
    Program(Vec<String>),
}

/// A script to run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) script: String,
    pub(super) arguments: Vec<String>,
    /// The directory to be in first, as it is written.
    pub(super) directory: Option<String>,
    /// Workspaces by name or directory. Several mean several programs, and so does `*`, which is given twice then.
    pub(super) workspaces: Vec<String>,
    /// Whether a program of a package is meant if there is no such script.
    pub(super) or_program: bool,
}

impl Invocation {
    /// Reads a line's words. Nothing if it is none of these, or does something else, such as installing.
    pub(super) fn of(words: &[String]) -> Option<Invocation> {
        let (tool, rest) = words.split_first()?;
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        match tool.as_str() {
            "npm" => npm(&rest),
            "yarn" | "pnpm" | "bun" => other(tool, &rest),
            "npx" | "pnpx" | "bunx" => program(&rest),
            _ => None,
        }
    }
}

/// Options of npm before a word that is not theirs.
const NPM_VALUES: [&str; 4] = ["--loglevel", "--script-shell", "--userconfig", "--cache"];

/// npm looks for its own options everywhere before `--`, and gives the script the other words.
fn npm(words: &[&str]) -> Option<Invocation> {
    let mut run = Run::default();
    let mut plain = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, value) = word.split_once('=').map_or((*word, None), |(name, value)| (name, Some(value)));
        match name {
            "--" => plain.extend(words.by_ref().copied()),
            "-w" | "--workspace" => run.workspaces.push(value.or_else(|| words.next().copied())?.to_owned()),
            "-C" | "--prefix" => run.directory = Some(value.or_else(|| words.next().copied())?.to_owned()),
            "-ws" | "--ws" | "--workspaces" => run.all(),
            name if NPM_VALUES.contains(&name) && value.is_none() => drop(words.next()),
            name if name.starts_with('-') => {}
            _ => plain.push(word),
        }
    }
    let (command, rest) = plain.split_first()?;
    match *command {
        "start" | "stop" | "restart" | "test" => Some(run.script(command, rest)),
        "run" | "run-script" | "rum" | "urn" => rest.split_first().map(|(name, rest)| run.script(name, rest)),
        "exec" | "x" if run == Run::default() => program(rest),
        _ => None,
    }
}

/// Options before the script; what is behind it is the script's.
fn other(tool: &str, words: &[&str]) -> Option<Invocation> {
    let mut run = Run { or_program: tool != "bun", ..Run::default() };
    let mut words = words;
    loop {
        let (word, rest) = words.split_first()?;
        words = rest;
        let (name, value) = word.split_once('=').map_or((*word, None), |(name, value)| (name, Some(value)));
        let mut argument = || match value {
            Some(value) => Some(value.to_owned()),
            None => words.split_first().map(|(value, rest)| {
                words = rest;
                (*value).to_owned()
            }),
        };
        match (tool, name) {
            ("yarn" | "bun", "--cwd") | ("pnpm", "-C" | "--dir") => run.directory = Some(argument()?),
            ("yarn", "workspace") | ("pnpm" | "bun", "-F" | "--filter") => run.workspaces.push(argument()?),
            ("yarn", "workspaces") | ("pnpm", "-r" | "--recursive" | "recursive") => run.all(),
            (_, name) if name.starts_with('-') => {}
            (_, "run" | "run-script") => {}
            ("yarn" | "pnpm", "exec") => return if run.is_here() { program(words) } else { None },
            (_, name) if OWN_COMMANDS.contains(&name) => return None,
            // Bun runs files, too, and Node does not run all of those.
            ("bun", name) if name.contains(['.', '/']) => return None,
            (_, name) => {
                let rest = words.strip_prefix(&["--"]).unwrap_or(words);
                return Some(run.script(name, rest));
            }
        }
    }
}

/// What these tools do themselves, so that no script of that name is meant.
const OWN_COMMANDS: [&str; 12] =
    ["install", "i", "ci", "add", "remove", "create", "init", "dlx", "x", "global", "node", "update"];

/// `npx x` and its kin, which find the same `x` as the image's `PATH` does.
fn program(words: &[&str]) -> Option<Invocation> {
    const SILENT: [&str; 7] = ["-y", "--yes", "--no", "--no-install", "-q", "--quiet", "--prefer-offline"];
    let words = words.iter().skip_while(|word| SILENT.contains(*word) || **word == "--");
    let mut words: Vec<String> = words.map(|word| (*word).to_owned()).collect();
    let name = words.first_mut().filter(|name| !name.starts_with('-'))?;
    // `serve@14` is the program `serve`; a scope begins with `@` and stays.
    if let Some(at) = name.rfind('@').filter(|at| *at > 0) {
        name.truncate(at);
    }
    Some(Invocation::Program(words))
}

impl Run {
    fn script(self, name: &str, arguments: &[&str]) -> Invocation {
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        Invocation::Script(Run { script: name.to_owned(), arguments, ..self })
    }

    fn all(&mut self) {
        self.workspaces.extend(["*".to_owned(), "*".to_owned()]);
    }

    fn is_here(&self) -> bool {
        self.directory.is_none() && self.workspaces.is_empty()
    }
}
