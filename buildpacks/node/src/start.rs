//! How the application starts: `scripts.start`, else `main`, else `server.js` or `index.js`.

use crate::ignored;
use crate::manifest::Manifest;
use wattle_buildpack::{Error, Result};
use wattle_command::npm::{self, Files, ScriptError, Start};
use wattle_command::{Command, Direct};

/// Files that an application starts with when it does not say which.
const USUAL: [&str; 2] = ["server.js", "index.js"];

/// Finds the process `web`.
pub(crate) fn find(manifest: &Manifest, files: &dyn Files) -> Result<Start> {
    if let Some(start) = npm::start(files).map_err(|error| unfollowed(&error))? {
        return Ok(start);
    }
    if let Some(main) = manifest.main.as_deref().filter(|main| is_module(main, files)) {
        return Ok(node(main, "`main` in `package.json`"));
    }
    match USUAL.into_iter().find(|file| files.exists(file)) {
        Some(file) => Ok(node(file, &format!("`{file}` is there"))),
        None => Err(nothing_to_start(manifest, files)),
    }
}

fn node(file: &str, origin: &str) -> Start {
    let words = vec!["node".to_owned(), file.trim_start_matches("./").to_owned()];
    let command = Command::Direct(Direct { environment: Vec::new(), words });
    Start { command, environment: Vec::new(), directory: String::new(), origin: origin.to_owned(), notes: Vec::new() }
}

/// Whether Node would find a module by this path below the application.
pub(crate) fn is_module(path: &str, files: &dyn Files) -> bool {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    if path == "." || path.is_empty() {
        return true;
    }
    ["", ".js", ".cjs", ".mjs", ".json", ".node", "/index.js"].iter().any(|end| files.exists(&format!("{path}{end}")))
}

fn unfollowed(error: &ScriptError) -> Error {
    let user = Error::user(format!("node/{}", error.code()), error.to_string()).hint(error.hint());
    match std::error::Error::source(error) {
        Some(cause) => user.detail(cause.to_string()),
        None => user,
    }
}

fn nothing_to_start(manifest: &Manifest, files: &dyn Files) -> Error {
    let error = |summary: &str| Error::user("node/start/missing", summary);
    let error = match &manifest.main {
        Some(main) => error(&format!(
            "nothing says how to start the application: `main` in `package.json` names `{main}`, which is not there"
        ))
        .hint(ignored::hint(main, files)),
        None => error("nothing says how to start the application"),
    };
    error
        .hint("write a start script: `npm pkg set scripts.start=\"node server.js\"`")
        .hint("or write a `Procfile`, such as `web: node server.js`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use std::collections::BTreeMap;

    /// An application of empty files, but for its `package.json`.
    struct Application(BTreeMap<&'static str, String>);

    impl Files for Application {
        fn read(&self, path: &str) -> Option<String> {
            self.0.get(path).cloned()
        }

        fn list(&self, _: &str) -> Vec<String> {
            Vec::new()
        }

        fn exists(&self, path: &str) -> bool {
            self.0.keys().any(|it| *it == path || it.starts_with(&format!("{path}/")))
        }
    }

    fn check(manifest: &str) -> String {
        let mut files = BTreeMap::from([("package.json", manifest.to_owned())]);
        files.extend(["server.js", "lib/app.js", "src/index.js"].map(|path| (path, String::new())));
        let manifest: Manifest = json::parse(manifest, "package.json").unwrap();
        match find(&manifest, &Application(files)) {
            Ok(start) => format!("{:?} ({})", start.command.words(), start.origin),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn what_says_how_to_start() {
        let all = [
            "{}",
            r#"{ "main": "./lib/app" }"#,
            r#"{ "main": "src/" }"#,
            r#"{ "main": "gone.js" }"#,
            r#"{ "main": "lib/app", "scripts": { "start": "node server.js", "prestart": "x" } }"#,
            r#"{ "scripts": { "start": "npm run nothing" } }"#,
            r#"{ "scripts": { "start": "node server.js 'x" } }"#,
        ];
        let all: Vec<String> = all.into_iter().map(|manifest| format!("{manifest}\n{}", check(manifest))).collect();
        insta::assert_snapshot!(all.join("\n\n"), @r#"
        {}
        ["node", "server.js"] (`server.js` is there)

        { "main": "./lib/app" }
        ["node", "lib/app"] (`main` in `package.json`)

        { "main": "src/" }
        ["node", "src/"] (`main` in `package.json`)

        { "main": "gone.js" }
        ["node", "server.js"] (`server.js` is there)

        { "main": "lib/app", "scripts": { "start": "node server.js", "prestart": "x" } }
        ["node", "server.js"] (`scripts.start` in `package.json`)

        { "scripts": { "start": "npm run nothing" } }
        node/start/unknown: `scripts.start` in `package.json` runs the script `nothing`, which `package.json` does not have
        hint: the nearest that exist are `start`

        { "scripts": { "start": "node server.js 'x" } }
        node/start/malformed: could not read `scripts.start` in `package.json`, `node server.js 'x`
          a quotation mark is not closed
        hint: write it as a program and its arguments, such as `node server.js`
        "#);
    }
}
