//! What a `package.json` says about the application: a program that runs, or what a site is made with.

use serde::Deserialize;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The `package.json` of an application, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Project {
    main: Value,
    scripts: Value,
}

impl Project {
    /// Reads it; none if there is none. The Node buildpack says what is wrong with one that cannot be read.
    pub(crate) fn read(app: &Path) -> Result<Option<Self>, Unreadable> {
        let path = app.join("package.json");
        if !path.is_file() {
            return Ok(None);
        }
        let text = fs::read_to_string(path).map_err(|_| Unreadable)?;
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map(Some).map_err(|_| Unreadable)
    }

    /// By what the Node buildpack would start the application, in words.
    pub(crate) fn start(&self, app: &Path) -> Option<String> {
        if self.script("start").is_some() {
            return Some("`scripts.start` in `package.json`".to_owned());
        }
        if let Some(main) = self.main.as_str().filter(|main| is_module(app, main)) {
            return Some(format!("`main` in `package.json`, `{main}`,"));
        }
        let usual = ["server.js", "index.js"].into_iter().find(|file| app.join(file).exists());
        usual.map(|file| format!("`{file}` beside `package.json`"))
    }

    /// Whether something must be run before there is a site.
    pub(crate) fn is_built(&self) -> bool {
        self.script("build").is_some()
    }

    fn script(&self, name: &str) -> Option<&str> {
        self.scripts.get(name)?.as_str().filter(|script| !script.trim().is_empty())
    }
}

/// A `package.json` that is no JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// Whether Node would find a module by this path.
fn is_module(app: &Path, path: &str) -> bool {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    path.is_empty()
        || path == "."
        || ["", ".js", ".cjs", ".mjs", "/index.js"].iter().any(|end| app.join(format!("{path}{end}")).exists())
}
