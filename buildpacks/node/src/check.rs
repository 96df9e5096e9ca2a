//! Whether a command can start in the image, as far as that can be told before.

use crate::lock::{Entry, Lock};
use crate::manifest::Manifest;
use crate::{ignored, layout, start};
use wattle_buildpack::{Error, Result};
use wattle_command::npm::{self, Files, Start};

/// What commands are judged by.
pub(crate) struct Check<'a> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) lock: Option<&'a Lock>,
    pub(crate) files: &'a dyn Files,
}

/// Tools of developers, which nothing puts into an image.
const TOOLS: [&str; 8] = ["npm", "npx", "yarn", "pnpm", "pnpx", "bun", "bunx", "corepack"];

/// Programs of the default run image, and what a shell does itself.
const USUAL: [&str; 63] = [
    "node", "sh", "dash", "env", "cat", "sleep", "echo", "printf", "test", "true", "false", "mkdir", "rm", "cp", "mv",
    "ln", "ls", "date", "touch", "chmod", "tee", "head", "tail", "sort", "wc", "tr", "cut", "id", "nice", "nohup",
    "timeout", "base64", "mktemp", "basename", "dirname", "pwd", "seq", "kill", "wait", "cd", "export", "set", "if",
    "then", "else", "elif", "fi", "for", "do", "done", "while", "until", "case", "esac", "exit", "read", "trap",
    "unset", "umask", "ulimit", "eval", "source", "exec",
];

/// Programs that start another one, which is behind `NAME=value`.
const WRAPPERS: [&str; 2] = ["cross-env", "env"];

/// A command of a start script: its words, and the directory that it runs in, if that is known.
struct Command<'a> {
    origin: &'a str,
    words: &'a [String],
    directory: Option<&'a str>,
}

impl Check<'_> {
    /// Fails if it surely cannot start. Gives what may be in the way, each a sentence without its full stop.
    pub(crate) fn start(&self, start: &Start) -> Result<Vec<String>> {
        let mut directory = Some(start.directory.as_str());
        let mut warnings = Vec::new();
        for all in start.command.commands() {
            let mut words = all.as_slice();
            loop {
                let command = Command { origin: &start.origin, words, directory };
                warnings.extend(self.command(&command)?);
                if command.program() == "cd" {
                    directory = None;
                }
                if !WRAPPERS.contains(&command.program()) {
                    break;
                }
                words = &words[1 + words[1..].iter().take_while(|word| word.contains('=')).count()..];
            }
        }
        Ok(warnings)
    }

    fn command(&self, command: &Command<'_>) -> Result<Option<String>> {
        let program = command.program();
        if program == "node" {
            self.modules(command)?;
            return self.file(command, node_file(command.words), start::is_module).map(|()| None);
        }
        if program.contains('/') {
            return self.file(command, Some(program), |path, files| files.exists(path)).map(|()| None);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-+@".contains(c);
        if !program.starts_with(|c: char| c.is_ascii_alphanumeric()) || !program.chars().all(plain) {
            return Ok(None);
        }
        self.needs_build(command)?;
        match self.provider(command.directory.unwrap_or_default(), program) {
            Provider::Installed => Ok(None),
            Provider::Development(package) => Err(development(command, program, &package)),
            Provider::Nobody if TOOLS.contains(&program) => Err(tool(command)),
            Provider::Nobody if USUAL.contains(&program) => Ok(None),
            Provider::Nobody => Ok(Some(format!(
                "`{program}` is a program neither of a package nor of the default run image: the run image must have it"
            ))),
        }
    }

    /// `node dist/server.js` cannot start what is not there: most often what a build step would have made.
    fn file(&self, command: &Command<'_>, file: Option<&str>, is_there: fn(&str, &dyn Files) -> bool) -> Result<()> {
        let (Some(file), Some(directory)) = (file, command.directory) else { return Ok(()) };
        let known = !file.starts_with('/') && !file.contains(['$', '`', '*']) && !file.contains("node_modules/");
        let Some(path) = npm::join(directory, file).filter(|_| known) else { return Ok(()) };
        if is_there(&path, self.files) {
            return Ok(());
        }
        let summary = format!("{} runs `{file}`, which is not in the application", command.origin);
        Err(Error::user("node/start/missing-file", summary).hint(ignored::hint(&path, self.files)))
    }

    /// Modules that Node loads first must be installed.
    fn modules(&self, command: &Command<'_>) -> Result<()> {
        for pair in command.words.windows(2) {
            if !["-r", "--require", "--import", "--loader", "--experimental-loader"].contains(&pair[0].as_str()) {
                continue;
            }
            if let Some(entry) = self.package(package_of(&pair[1])).filter(|entry| entry.package.dev) {
                return Err(development(command, &pair[1], &entry.id()));
            }
        }
        Ok(())
    }

    /// `next start` serves what `next build` made.
    fn needs_build(&self, command: &Command<'_>) -> Result<()> {
        let ([program, verb, rest @ ..], Some(directory)) = (command.words, command.directory) else { return Ok(()) };
        if (program.as_str(), verb.as_str()) != ("next", "start") {
            return Ok(());
        }
        let own = rest.first().map_or("", String::as_str);
        let own = if own.starts_with(['-', '$']) { "" } else { own };
        let Some(directory) = npm::join(directory, own) else { return Ok(()) };
        let child = |name: &str| npm::join(&directory, name).unwrap_or_default();
        let configured = ["js", "mjs", "cjs", "ts"].into_iter().any(|end| {
            let text = self.files.read(&child(&format!("next.config.{end}")));
            text.is_some_and(|text| text.contains("distDir"))
        });
        if configured || self.files.exists(&child(".next/BUILD_ID")) {
            return Ok(());
        }
        let summary = format!(
            "{} runs `next start`, which needs what `next build` makes in `.next`, and that is not in the application",
            command.origin
        );
        Err(Error::user("node/start/not-built", summary).hint(ignored::hint(&child(".next"), self.files)))
    }

    /// Whose program a name is, seen from a directory of the application.
    fn provider(&self, directory: &str, program: &str) -> Provider {
        let places = [String::new(), format!("{directory}/")].map(|place| format!("{place}node_modules/"));
        let mut found = Provider::Nobody;
        for entry in self.lock.iter().flat_map(|lock| &lock.entries) {
            let alias = entry.alias();
            if !places.iter().any(|place| entry.location.strip_prefix(place) == Some(alias))
                || !self.has(entry, program)
            {
                continue;
            }
            if !entry.package.dev {
                return Provider::Installed;
            }
            found = Provider::Development(entry.id());
        }
        match self.manifest.wanted.dev_dependencies.get(program) {
            Some(range) if matches!(found, Provider::Nobody) => Provider::Development(format!("{program}@{range}")),
            _ => found,
        }
    }

    fn has(&self, entry: &Entry, program: &str) -> bool {
        let target = entry.package.resolved.as_deref().filter(|_| entry.package.link);
        let owner = target.and_then(|target| self.lock?.at(target)).unwrap_or(entry);
        layout::programs(&owner.package.bin, entry.alias()).iter().any(|(name, _)| name == program)
    }

    fn package(&self, name: Option<&str>) -> Option<&Entry> {
        self.lock?.at(&format!("node_modules/{}", name?))
    }
}

/// Whose program a name is.
enum Provider {
    /// A package's that is installed.
    Installed,
    /// That of a package that is for development only.
    Development(String),
    /// No package's.
    Nobody,
}

impl Command<'_> {
    fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }
}

const BUILD_FIRST: &str = "what builds the application is run before `wattle build`: let the script only start it";

fn tool(command: &Command<'_>) -> Error {
    let program = command.program();
    let summary = format!("{} runs `{}`, and `{program}` is not in the image", command.origin, command.words.join(" "));
    Error::user("node/start/tool", summary)
        .hint("write what it would run in its place, such as `node server.js`, or its path if a run image of your own has it")
        .hint(BUILD_FIRST)
}

fn development(command: &Command<'_>, what: &str, package: &str) -> Error {
    let summary = format!(
        "{} needs `{what}` of the development dependency `{package}`, and those are not installed",
        command.origin
    );
    let name = package.rsplit_once('@').map_or(package, |(name, _)| name);
    Error::user("node/start/development", summary)
        .hint(format!(
            "make it a dependency, `npm install --save-prod {name}`, or start without it, as by `node server.js`"
        ))
        .hint(BUILD_FIRST)
}

/// The package of a module's name; nothing for a file or for what Node has itself.
fn package_of(module: &str) -> Option<&str> {
    if module.starts_with(['.', '/']) || module.contains(':') {
        return None;
    }
    let slash =
        if module.starts_with('@') { module.match_indices('/').nth(1) } else { module.match_indices('/').next() };
    Some(slash.map_or(module, |(at, _)| &module[..at]))
}

/// The file that a `node` command runs, if it says so plainly.
fn node_file(words: &[String]) -> Option<&str> {
    let mut arguments = words.iter().skip(1).map(String::as_str);
    while let Some(argument) = arguments.next() {
        match argument {
            "-r"
            | "--require"
            | "--import"
            | "-C"
            | "--conditions"
            | "--loader"
            | "--experimental-loader"
            | "--env-file"
            | "--env-file-if-exists"
            | "--title" => {
                arguments.next();
            }
            "-e" | "--eval" | "-p" | "--print" | "--run" | "--test" | "-" | "inspect" => return None,
            flag if flag.starts_with('-') => {}
            file => return Some(file),
        }
    }
    None
}

#[cfg(test)]
mod tests;
