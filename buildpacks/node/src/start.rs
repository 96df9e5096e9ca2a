//! How the application starts: `scripts.start`, else `main`, else `server.js` or `index.js`.
//!
//! npm is not in the image, and need not be: what it would do is done here. `npm run x` is looked up, and what the script
//! says becomes the process.

use crate::manifest::Manifest;
use wattle_buildpack::{Error, Result};
use wattle_command::{Command, Direct, SHELL};

/// The process `web`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) command: Vec<String>,
    /// Variables that the script sets before the program.
    pub(crate) environment: Vec<(String, String)>,
    /// Where that is written.
    pub(crate) origin: String,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
}

/// Files that an application starts with when it does not say which.
const USUAL: [&str; 2] = ["server.js", "index.js"];

/// More steps from script to script than anybody writes, unless they go round.
const DEPTH: usize = 8;

/// Finds it. `exists` says whether a file or directory is in the application.
pub(crate) fn find(manifest: &Manifest, exists: &dyn Fn(&str) -> bool) -> Result<Start> {
    if let Some(script) = manifest.scripts.get("start").filter(|script| !script.trim().is_empty()) {
        let start = Scripts(manifest).resolve("start", script, DEPTH)?;
        check_file(&start, exists)?;
        return Ok(start);
    }
    if let Some(main) = manifest.main.as_deref().filter(|main| is_module(main, exists)) {
        return Ok(node(main, "`main` in `package.json`"));
    }
    match USUAL.into_iter().find(|file| exists(file)) {
        Some(file) => Ok(node(file, &format!("`{file}` is there"))),
        None => Err(nothing_to_start(manifest)),
    }
}

fn node(file: &str, origin: &str) -> Start {
    let file = file.trim_start_matches("./");
    Start { command: vec!["node".to_owned(), file.to_owned()], origin: origin.to_owned(), ..Start::default() }
}

/// Whether Node would find a module by this path.
fn is_module(path: &str, exists: &dyn Fn(&str) -> bool) -> bool {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    if path == "." || path.is_empty() {
        return true;
    }
    ["", ".js", ".cjs", ".mjs", "/index.js"].iter().any(|end| exists(&format!("{path}{end}")))
}

fn nothing_to_start(manifest: &Manifest) -> Error {
    let summary = match &manifest.main {
        Some(main) => format!(
            "nothing says how to start the application: `main` in `package.json` names `{main}`, which is not there"
        ),
        None => "nothing says how to start the application".to_owned(),
    };
    Error::user("node/start/missing", summary)
        .hint("write a start script: `npm pkg set scripts.start=\"node server.js\"`")
        .hint("or write a `Procfile`, such as `web: node server.js`")
}

/// Scripts of a `package.json`, followed until one says what to run.
struct Scripts<'a>(&'a Manifest);

impl Scripts<'_> {
    fn resolve(&self, name: &str, text: &str, depth: usize) -> Result<Start> {
        let command = Command::parse(text).map_err(|error| {
            Error::user(
                "node/start/malformed",
                format!("could not read `scripts.{name}` in `package.json`, `{text}`: {error}"),
            )
            .hint("write it as a program and its arguments, such as `node server.js`")
        })?;
        let mut start = match command {
            Command::Direct(direct) => self.direct(name, direct, depth)?,
            Command::Shell { ref because, .. } => Start {
                notes: vec![format!("`{because}` needs a shell: the run image must have `{SHELL}`")],
                command: command.words(),
                origin: format!("`scripts.{name}` in `package.json`"),
                ..Start::default()
            },
        };
        self.tell_what_npm_would_run(name, &mut start);
        Ok(start)
    }

    fn direct(&self, name: &str, direct: Direct, depth: usize) -> Result<Start> {
        let Direct { environment, words } = direct;
        match indirection(&words) {
            Some(next) => {
                let mut start = self.follow(name, &next, depth)?;
                start.environment.splice(0..0, environment);
                start.command.extend(next.arguments);
                Ok(start)
            }
            None => Ok(Start {
                command: without_npx(words),
                environment,
                origin: format!("`scripts.{name}` in `package.json`"),
                notes: Vec::new(),
            }),
        }
    }

    fn follow(&self, name: &str, next: &Indirection, depth: usize) -> Result<Start> {
        let script = next.script.as_str();
        match self.0.scripts.get(script) {
            Some(_) if depth == 0 => Err(Error::user(
                "node/start/circular",
                format!("`scripts.{name}` in `package.json` runs `{script}`, which leads back to it"),
            )
            .hint("let one of them name the program")),
            Some(text) => {
                let start = self.resolve(script, text, depth - 1)?;
                if !next.arguments.is_empty() && start.command.first().is_some_and(|program| program == SHELL) {
                    return Err(Error::user(
                        "node/start/arguments",
                        format!(
                            "`scripts.{name}` in `package.json` gives arguments to `{script}`, which needs a shell"
                        ),
                    )
                    .hint(format!("write the arguments into `scripts.{script}`")));
                }
                Ok(start)
            }
            None => Err(Error::user(
                "node/start/unknown",
                format!("`scripts.{name}` in `package.json` runs the script `{script}`, which is not there"),
            )
            .hint(format!("add it: `npm pkg set scripts.{script}=\"node server.js\"`"))),
        }
    }

    /// npm runs `prestart` before `start`, and `poststart` after it.
    fn tell_what_npm_would_run(&self, name: &str, start: &mut Start) {
        for around in [format!("pre{name}"), format!("post{name}")] {
            if self.0.scripts.contains_key(&around) {
                start.notes.push(format!("`scripts.{around}` is not run"));
            }
        }
    }
}

/// `npm run x -- a b`.
struct Indirection {
    script: String,
    arguments: Vec<String>,
}

fn indirection(words: &[String]) -> Option<Indirection> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (script, rest) = match words.as_slice() {
        ["npm", "start", rest @ ..] => ("start", rest),
        ["npm" | "yarn" | "pnpm", "run" | "run-script", rest @ ..] => {
            let at = rest.iter().position(|word| !word.starts_with('-'))?;
            (rest[at], &rest[at + 1..])
        }
        _ => return None,
    };
    let after = rest.iter().skip_while(|word| **word != "--").skip(1);
    Some(Indirection { script: script.to_owned(), arguments: after.map(|word| (*word).to_owned()).collect() })
}

/// `npx x` finds the same `x` that the image's `PATH` does.
fn without_npx(words: Vec<String>) -> Vec<String> {
    match words.split_first() {
        Some((first, rest)) if first == "npx" && rest.first().is_some_and(|word| !word.starts_with('-')) => {
            rest.to_vec()
        }
        _ => words,
    }
}

/// `node dist/server.js` cannot start what is not there: most often what a build step would have made.
fn check_file(start: &Start, exists: &dyn Fn(&str) -> bool) -> Result<()> {
    match script_of_node(&start.command) {
        Some(file) if !file.starts_with('/') && !is_module(file, exists) => Err(Error::user(
            "node/start/missing-file",
            format!("{} runs `{file}`, which is not in the application", start.origin),
        )
        .hint("if a build step makes it, run that first (`npm run build`) and see that no ignore file leaves the result out")),
        _ => Ok(()),
    }
}

/// The file that a `node` command runs, if it says so plainly.
fn script_of_node(command: &[String]) -> Option<&str> {
    let (program, arguments) = command.split_first()?;
    let mut arguments = arguments.iter().map(String::as_str);
    if program != "node" {
        return None;
    }
    while let Some(argument) = arguments.next() {
        match argument {
            "-r" | "--require" | "--import" | "-C" | "--conditions" | "--loader" | "--experimental-loader" => {
                arguments.next();
            }
            "-e" | "--eval" | "-p" | "--print" | "--run" | "--test" | "-" => return None,
            flag if flag.starts_with('-') => {}
            file => return Some(file),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn check(manifest: &str) -> String {
        let manifest: Manifest = json::parse(manifest, "package.json").unwrap();
        let exists = |path: &str| ["server.js", "lib/app.js", "src/index.js", "src", "lib"].contains(&path);
        match find(&manifest, &exists) {
            Ok(start) => {
                let mut words: Vec<_> =
                    start.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
                words.push(format!("{:?} ({})", start.command, start.origin));
                [words.join(" ")].into_iter().chain(start.notes).collect::<Vec<_>>().join("\n  ")
            }
            Err(error) => format!("{error:?}"),
        }
    }

    fn check_script(start: &str) -> String {
        let more = r#""serve": "PORT=80 node server.js", "spin": "npm run spin", "shell": "node server.js $X", "preserve": "x""#;
        check(&format!(r#"{{ "scripts": {{ "start": "{start}", {more} }} }}"#))
    }

    #[test]
    fn what_says_how_to_start() {
        insta::assert_snapshot!(check("{}"), @r#"["node", "server.js"] (`server.js` is there)"#);
        insta::assert_snapshot!(check(r#"{ "main": "./lib/app" }"#), @r#"["node", "lib/app"] (`main` in `package.json`)"#);
        insta::assert_snapshot!(check(r#"{ "main": "src/" }"#), @r#"["node", "src/"] (`main` in `package.json`)"#);
        insta::assert_snapshot!(check(r#"{ "main": "gone.js" }"#), @r#"["node", "server.js"] (`server.js` is there)"#);
        insta::assert_snapshot!(check(r#"{ "main": "lib/app", "scripts": { "start": "node server.js", "prestart": "x" } }"#), @r#"
        ["node", "server.js"] (`scripts.start` in `package.json`)
          `scripts.prestart` is not run
        "#);
    }

    #[test]
    fn scripts_are_followed() {
        insta::assert_snapshot!(check_script("npm run serve"), @r#"
        PORT=80 ["node", "server.js"] (`scripts.serve` in `package.json`)
          `scripts.preserve` is not run
        "#);
        insta::assert_snapshot!(check_script("A=1 npm run -s serve -- --fast"), @r#"
        A=1 PORT=80 ["node", "server.js", "--fast"] (`scripts.serve` in `package.json`)
          `scripts.preserve` is not run
        "#);
        insta::assert_snapshot!(check_script("npm run spin"), @r"
        node/start/circular: `scripts.spin` in `package.json` runs `spin`, which leads back to it
        hint: let one of them name the program
        ");
        insta::assert_snapshot!(check_script("npm run nothing"), @r#"
        node/start/unknown: `scripts.start` in `package.json` runs the script `nothing`, which is not there
        hint: add it: `npm pkg set scripts.nothing="node server.js"`
        "#);
        insta::assert_snapshot!(check_script("npm run shell"), @r#"
        ["/bin/sh", "-c", "exec node server.js $X"] (`scripts.shell` in `package.json`)
          `$X` needs a shell: the run image must have `/bin/sh`
        "#);
        insta::assert_snapshot!(check_script("npm run shell -- x"), @r"
        node/start/arguments: `scripts.start` in `package.json` gives arguments to `shell`, which needs a shell
        hint: write the arguments into `scripts.shell`
        ");
    }

    #[test]
    fn commands_of_scripts() {
        insta::assert_snapshot!(check_script("next start -p 80"), @r#"["next", "start", "-p", "80"] (`scripts.start` in `package.json`)"#);
        insta::assert_snapshot!(check_script("npx next start"), @r#"["next", "start"] (`scripts.start` in `package.json`)"#);
        insta::assert_snapshot!(check_script("node -r ./x --enable-source-maps server"), @r#"["node", "-r", "./x", "--enable-source-maps", "server"] (`scripts.start` in `package.json`)"#);
        insta::assert_snapshot!(check_script("node dist/server.js"), @r"
        node/start/missing-file: `scripts.start` in `package.json` runs `dist/server.js`, which is not in the application
        hint: if a build step makes it, run that first (`npm run build`) and see that no ignore file leaves the result out
        ");
        insta::assert_snapshot!(check_script("node server.js 'x"), @r"
        node/start/malformed: could not read `scripts.start` in `package.json`, `node server.js 'x`: a quotation mark is not closed
        hint: write it as a program and its arguments, such as `node server.js`
        ");
        insta::assert_snapshot!(check_script("node ."), @r#"["node", "."] (`scripts.start` in `package.json`)"#);
    }
}
