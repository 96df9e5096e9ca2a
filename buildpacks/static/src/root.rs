//! Which folder is served, and whether one is to be served at all.

use crate::project::Project;
use crate::settings::Wish;
use std::fmt;
use std::fs;
use std::path::{Component, Path};
use wattle_buildpack::{Error, Result};

/// The folder that is served, of the application.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Root(String);

/// Where generators of sites and people put what is to be served.
const USUAL: [&str; 7] = ["public", "dist", "build", "_site", "out", "site", "www"];

/// What lies beside the source of a program: an `index.html` there is not all that there is.
const PROGRAMS: [&str; 10] = [
    "Cargo.toml",
    "Gemfile",
    "build.gradle",
    "build.gradle.kts",
    "composer.json",
    "go.mod",
    "index.php",
    "pom.xml",
    "pyproject.toml",
    "requirements.txt",
];

/// The longest path of a folder, in bytes; nginx reads no words longer than 4,095.
const LONGEST: usize = 1024;

impl Root {
    /// Its path below the application, with `/` between; empty for the application itself.
    pub(crate) fn folder(&self) -> &str {
        &self.0
    }

    /// Whether it is the application itself, with all that is in there for building it.
    pub(crate) fn is_application(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_application() { f.write_str("the application itself") } else { write!(f, "`{}`", self.0) }
    }
}

/// Whether the application is a site; if not, why not.
pub(crate) fn verdict(app: &Path, wish: &Wish) -> Result<(), String> {
    if let Some(other) = wish.other_server() {
        return Err(format!("`BP_WEB_SERVER` is `{other}`, and this serves with `nginx`"));
    }
    if wish.is_said() {
        return Ok(());
    }
    if app.join("Procfile").exists() {
        return Err("`Procfile` says what to start".to_owned());
    }
    let project = Project::read(app).map_err(|_| "`package.json` cannot be read".to_owned())?;
    if let Some(start) = project.as_ref().and_then(|project| project.start(app)) {
        return Err(format!("{start} starts a program"));
    }
    match find(app, project.as_ref()) {
        Found::Root(root) => no_program(app, &root),
        Found::NotBuilt => Ok(()),
        Found::Nothing => Err(format!("there is no `index.html` in the application, {}", usual())),
    }
}

/// Not even the sources of programs that no buildpack here builds are to be shown to the world.
fn no_program(app: &Path, root: &Root) -> Result<(), String> {
    let program = PROGRAMS.into_iter().find(|file| root.is_application() && app.join(file).exists());
    program.map_or(Ok(()), |file| {
        Err(format!(
            "`index.html` lies beside `{file}`, the source of a program (`BP_WEB_SERVER_ROOT=.` serves it nevertheless)"
        ))
    })
}

/// The folder to serve.
pub(crate) fn choose(app: &Path, wish: &Wish) -> Result<Root> {
    if let Some(name) = &wish.root {
        return named(app, name);
    }
    let project = Project::read(app).unwrap_or_default();
    match find(app, project.as_ref()) {
        Found::Root(root) => Ok(root),
        Found::NotBuilt => Err(Error::user(
            "static/root/not-built",
            format!(
                "the site is not built: `package.json` has a `build` script, and no `index.html` is in {}",
                usual()
            ),
        )
        .hint("build it first: `npm run build`")
        .hint("if the folder is there, `.gitignore` may leave it out: write `!dist` into `.wattleignore`")
        .hint("or name another folder: `BP_WEB_SERVER_ROOT=target/site`")),
        Found::Nothing => Err(Error::user(
            "static/root/missing",
            format!("nothing to serve: there is no `index.html` in the application, {}", usual()),
        )
        .hint("name the folder that has it: `BP_WEB_SERVER_ROOT=target/site`")
        .hint("if it is there, an ignore file may leave it out: `!public` in `.wattleignore` brings it back")),
    }
}

/// What a search comes to.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Root(Root),
    /// What is there is what the site will be made of.
    NotBuilt,
    Nothing,
}

/// The first folder with an `index.html`. In a project with a `build` script the application itself is its source, and
/// `public` often is too, so that comes last.
fn find(app: &Path, project: Option<&Project>) -> Found {
    let is_built = project.is_some_and(Project::is_built);
    let mut folders = USUAL.to_vec();
    if is_built {
        folders.rotate_left(1);
    }
    let sites = folders.into_iter().filter(|folder| app.join(folder).join("index.html").is_file());
    match sites.into_iter().find(|folder| !(is_built && is_template(&app.join(folder).join("index.html")))) {
        Some(folder) => Found::Root(Root(folder.to_owned())),
        None if is_built && has_source(app) => Found::NotBuilt,
        None if !is_built && app.join("index.html").is_file() => Found::Root(Root(String::new())),
        None => Found::Nothing,
    }
}

fn has_source(app: &Path) -> bool {
    app.join("index.html").is_file() || app.join("public/index.html").is_file()
}

/// Whether a page is yet to be filled in by Create React App or Vue's command line.
fn is_template(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| {
        let text = String::from_utf8_lossy(&bytes);
        text.contains("%PUBLIC_URL%") || text.contains("<%= BASE_URL %>")
    })
}

/// `BP_WEB_SERVER_ROOT`: relative, or absolute as it will be in the image.
fn named(app: &Path, name: &str) -> Result<Root> {
    let path = Path::new(name);
    let path = path.strip_prefix(app).unwrap_or(path);
    let mut words = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(word) => words.push(word.to_string_lossy().into_owned()),
            _ => {
                return Err(Error::user(
                    "static/root/outside",
                    format!("`BP_WEB_SERVER_ROOT` is `{name}`, which leads out of the application"),
                )
                .hint("name a folder of the application, such as `public`"));
            }
        }
    }
    let root = Root(words.join("/"));
    check_name(&root)?;
    match fs::metadata(app.join(root.folder())) {
        Ok(found) if found.is_dir() => Ok(root),
        Ok(_) => Err(not_a_folder(name, "which is a file")),
        Err(_) => Err(not_a_folder(name, "which is not there")),
    }
}

fn not_a_folder(name: &str, what: &str) -> Error {
    Error::user("static/root/unknown", format!("`BP_WEB_SERVER_ROOT` names the folder `{name}`, {what}"))
        .hint("name a folder of the application, such as `public`, or `.` for all of it")
        .hint("if a build step makes it, run that first, and see that no ignore file leaves the result out")
}

/// nginx has no way to write these in the path of a folder.
fn check_name(root: &Root) -> Result<()> {
    let wrong = root.0.chars().find(|c| c.is_control() || "\"\\$".contains(*c));
    let why = match wrong {
        Some(character) => format!("has `{}` in its name", character.escape_debug()),
        None if root.0.len() > LONGEST => format!("is longer than {LONGEST} bytes"),
        None => return Ok(()),
    };
    Err(Error::user(
        "static/root/name",
        format!(
            "`BP_WEB_SERVER_ROOT` names the folder `{}`, which {why}: nginx cannot serve it",
            root.0.escape_debug()
        ),
    )
    .hint("rename the folder"))
}

fn usual() -> String {
    let (last, others) = (USUAL[USUAL.len() - 1], &USUAL[..USUAL.len() - 1]);
    format!("`{}` or `{last}`", others.join("`, `"))
}

#[cfg(test)]
impl Root {
    /// The folder, unchecked.
    pub(crate) fn of(folder: &str) -> Self {
        Self(folder.to_owned())
    }
}
