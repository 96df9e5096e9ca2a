//! `project.toml` as it is written, in each of its schemas.

use super::{BuildpackSource, Project, ProjectBuildpack, ProjectVariable};
use crate::{BuildpackId, Document, DocumentError, ExecEnv, License, Version};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::ops::Range;
use toml::Spanned;
use wattle_tree::directory::Selection;

/// Schema 0.2, and 0.3, which adds `exec-env`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Raw {
    #[serde(rename = "_")]
    about: About,
    io: Io,
}

/// Schema 0.1.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw1 {
    project: About,
    build: Build1,
    metadata: toml::Table,
    io: Io1,
}

/// The schema alone.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Versioned {
    #[serde(rename = "_")]
    about: Schema,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Schema {
    schema_version: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct About {
    // Read already; known so that nobody is warned of it.
    #[serde(rename = "schema-version")]
    _schema_version: Option<toml::Value>,
    id: Option<String>,
    name: Option<String>,
    version: Option<String>,
    authors: Vec<String>,
    documentation_url: Option<String>,
    source_url: Option<String>,
    licenses: Vec<Spanned<License>>,
    metadata: toml::Table,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Io {
    buildpacks: Buildpacks,
    wattle: Wattle,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Io1 {
    wattle: Wattle,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wattle {
    packages: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Buildpacks {
    builder: Option<String>,
    include: Patterns,
    exclude: Patterns,
    group: Vec<Spanned<Entry>>,
    pre: Addition,
    post: Addition,
    build: Build,
    env: LegacyEnv,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Build1 {
    builder: Option<String>,
    include: Patterns,
    exclude: Patterns,
    buildpacks: Vec<Spanned<Entry>>,
    env: Vec<Variable>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Addition {
    group: Vec<Spanned<Entry>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Build {
    env: Vec<Variable>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LegacyEnv {
    build: Vec<Variable>,
}

type Patterns = Option<Spanned<Vec<String>>>;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Entry {
    id: Option<BuildpackId>,
    version: Option<Version>,
    uri: Option<Spanned<String>>,
    script: Option<Spanned<IgnoredAny>>,
    #[serde(default)]
    exec_env: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Variable {
    name: Spanned<String>,
    value: String,
    #[serde(default)]
    exec_env: Vec<Spanned<String>>,
}

/// Keys of schemas 0.2 and 0.3, for whoever misspells one.
const KEYS: [&str; 38] = [
    "_",
    "_.schema-version",
    "_.id",
    "_.name",
    "_.version",
    "_.authors",
    "_.documentation-url",
    "_.source-url",
    "_.licenses",
    "_.licenses.type",
    "_.licenses.uri",
    "_.metadata",
    "io.buildpacks",
    "io.buildpacks.builder",
    "io.buildpacks.include",
    "io.buildpacks.exclude",
    "io.buildpacks.group",
    "io.buildpacks.group.id",
    "io.buildpacks.group.version",
    "io.buildpacks.group.uri",
    "io.buildpacks.group.exec-env",
    "io.buildpacks.pre",
    "io.buildpacks.pre.group",
    "io.buildpacks.pre.group.id",
    "io.buildpacks.pre.group.version",
    "io.buildpacks.pre.group.uri",
    "io.buildpacks.post",
    "io.buildpacks.post.group",
    "io.buildpacks.post.group.id",
    "io.buildpacks.post.group.version",
    "io.buildpacks.post.group.uri",
    "io.buildpacks.build",
    "io.buildpacks.build.env",
    "io.buildpacks.build.env.name",
    "io.buildpacks.build.env.value",
    "io.buildpacks.build.env.exec-env",
    "io.wattle",
    "io.wattle.packages",
];

/// Keys of schema 0.1.
const KEYS_1: [&str; 24] = [
    "project",
    "project.id",
    "project.name",
    "project.version",
    "project.authors",
    "project.documentation-url",
    "project.source-url",
    "project.licenses",
    "project.licenses.type",
    "project.licenses.uri",
    "build",
    "build.builder",
    "build.include",
    "build.exclude",
    "build.buildpacks",
    "build.buildpacks.id",
    "build.buildpacks.version",
    "build.buildpacks.uri",
    "build.env",
    "build.env.name",
    "build.env.value",
    "metadata",
    "io.wattle",
    "io.wattle.packages",
];

impl Raw {
    pub(super) fn parse(document: &Document) -> Result<Project, DocumentError> {
        let (versioned, rest) = document.read::<Versioned>()?;
        let Some(schema) = versioned.about.schema_version else {
            let mut project = first(document)?;
            // What is other tools' own, and ours, is the same in every schema.
            let counts =
                |key: &String| ["project", "build", "metadata"].contains(&key.as_str()) || key.starts_with("_.");
            if rest.iter().any(counts) || !project.warnings.is_empty() {
                let text =
                    format!("`{}` is read by schema 0.1: write `schema-version = \"0.2\"` below `[_]`", document.file);
                project.warnings.insert(0, text);
            }
            return Ok(project);
        };
        let filtered = match schema.get_ref().as_str() {
            "0.1" => return first(document),
            "0.2" => false,
            "0.3" => true,
            other => {
                let message = format!("schema version `{other}` is unknown: expected `0.2`, or `0.1` or `0.3`");
                return Err(document.error(schema.span(), message));
            }
        };
        later(document, filtered)
    }
}

/// What schemas 0.2 and 0.3 say.
fn later(document: &Document, filtered: bool) -> Result<Project, DocumentError> {
    let (Raw { about, io: Io { buildpacks, wattle } }, unknown) = document.read::<Raw>()?;
    let mut reader = Reader { document, filtered, warnings: Vec::new() };
    let legacy = ["project", "build", "metadata"];
    for key in unknown.iter().filter(|key| legacy.contains(&key.as_str())) {
        reader.warn(&format!("`{key}` has no effect: since schema 0.2, `[_]` and `[io.buildpacks]` are in its place"));
    }
    let ours = ["_.", "io.buildpacks.", "io.wattle."];
    reader.warn_of_unknown(unknown, &ours, &KEYS);
    reader.warn_of_builder(buildpacks.builder.as_deref());
    let env = match (buildpacks.build.env, buildpacks.env.build) {
        (env, legacy) if legacy.is_empty() => env,
        (env, legacy) if env.is_empty() => legacy,
        (env, _) => {
            reader.warn("`io.buildpacks.env` has no effect beside `io.buildpacks.build.env`");
            env
        }
    };
    let mut project = reader.about(about)?;
    project.selection = reader.selection(buildpacks.include, buildpacks.exclude)?;
    project.group = reader.group(buildpacks.group)?;
    project.pre = reader.group(buildpacks.pre.group)?;
    project.post = reader.group(buildpacks.post.group)?;
    project.env = reader.env(env)?;
    project.packages = wattle.packages;
    project.warnings = reader.warnings;
    Ok(project)
}

/// What schema 0.1 says.
fn first(document: &Document) -> Result<Project, DocumentError> {
    let (Raw1 { project: about, build, metadata, io }, unknown) = document.read::<Raw1>()?;
    let mut reader = Reader { document, filtered: false, warnings: Vec::new() };
    if unknown.iter().any(|key| key == "io.buildpacks") {
        reader.warn("`io.buildpacks` has no effect in schema 0.1, which has `[build]`");
    }
    let ours = ["project.", "build.", "io.wattle."];
    reader.warn_of_unknown(unknown, &ours, &KEYS_1);
    reader.warn_of_builder(build.builder.as_deref());
    let mut project = reader.about(about)?;
    project.metadata = metadata;
    project.selection = reader.selection(build.include, build.exclude)?;
    project.group = reader.group(build.buildpacks)?;
    project.env = reader.env(build.env)?;
    project.packages = io.wattle.packages;
    project.warnings = reader.warnings;
    Ok(project)
}

/// What all schemas have in common.
struct Reader<'a> {
    document: &'a Document<'a>,
    /// Whether `exec-env` counts.
    filtered: bool,
    warnings: Vec<String>,
}

impl Reader<'_> {
    fn warn(&mut self, text: &str) {
        self.warnings.push(format!("`{}`: {text}", self.document.file));
    }

    /// Only the tables that begin so are for us: others are other tools' own.
    fn warn_of_unknown(&mut self, mut keys: Vec<String>, ours: &[&str], known: &[&str]) {
        keys.retain(|key| ours.iter().any(|table| key.starts_with(table)));
        self.warnings.extend(self.document.unknown(&keys, known));
    }

    fn warn_of_builder(&mut self, builder: Option<&str>) {
        if builder.is_some() {
            self.warn("`builder` has no effect: buildpacks are embedded, and `--run-image` is what they build on");
        }
    }

    fn about(&self, about: About) -> Result<Project, DocumentError> {
        let license = |license: Spanned<License>| match license.get_ref() {
            License { spdx: None, uri: None } => Err(self
                .document
                .error(license.span(), "expected the `type` of the license, such as `MIT`, or its `uri`")),
            _ => Ok(license.into_inner()),
        };
        Ok(Project {
            id: about.id,
            name: about.name,
            version: about.version,
            authors: about.authors,
            documentation_url: about.documentation_url,
            source_url: about.source_url,
            licenses: about.licenses.into_iter().map(license).collect::<Result<_, _>>()?,
            metadata: about.metadata,
            ..Project::default()
        })
    }

    fn selection(&self, include: Patterns, exclude: Patterns) -> Result<Selection, DocumentError> {
        let patterns = |patterns: Patterns| patterns.filter(|patterns| !patterns.get_ref().is_empty());
        match (patterns(include), patterns(exclude)) {
            (Some(_), Some(exclude)) => Err(self.document.error(
                exclude.span(),
                "expected `include` or `exclude`, not both: a path that is not included is excluded already",
            )),
            (Some(include), None) => Ok(Selection::Include(include.into_inner())),
            (None, Some(exclude)) => Ok(Selection::Exclude(exclude.into_inner())),
            (None, None) => Ok(Selection::All),
        }
    }

    fn group(&mut self, entries: Vec<Spanned<Entry>>) -> Result<Vec<ProjectBuildpack>, DocumentError> {
        entries.into_iter().map(|entry| self.entry(entry.span(), entry.into_inner())).collect()
    }

    fn entry(&mut self, span: Range<usize>, entry: Entry) -> Result<ProjectBuildpack, DocumentError> {
        let error = |span, message: &str| Err(self.document.error(span, message));
        if let Some(script) = entry.script {
            return error(script.span(), INLINE);
        }
        let source = match (entry.id, entry.version, entry.uri) {
            (_, Some(_), Some(uri)) => return error(uri.span(), "expected `version` or `uri`, not both"),
            (None, _, None) => {
                return error(span, "expected the `id` of an embedded buildpack, or the `uri` of a directory");
            }
            (Some(id), version, None) => BuildpackSource::AtHand { id, version },
            (id, None, Some(uri)) => match directory(uri.get_ref()) {
                Ok(path) => BuildpackSource::Directory { path: path.to_owned(), id },
                Err(reason) => return error(uri.span(), &format!("`{}`: {reason}", uri.get_ref())),
            },
        };
        Ok(ProjectBuildpack { source, exec_env: self.exec_env(entry.exec_env)? })
    }

    fn env(&mut self, variables: Vec<Variable>) -> Result<Vec<ProjectVariable>, DocumentError> {
        let variable = |Variable { name, value, exec_env }: Variable| {
            let text = name.get_ref();
            if text.is_empty() || text.contains(|c: char| c == '=' || c.is_whitespace() || c.is_control()) {
                let message = format!("`{text}` cannot be the name of a variable");
                return Err(self.document.error(name.span(), message));
            }
            Ok(ProjectVariable { name: name.into_inner(), value, exec_env: self.exec_env(exec_env)? })
        };
        variables.into_iter().map(variable).collect()
    }

    fn exec_env(&mut self, names: Vec<Spanned<String>>) -> Result<Vec<String>, DocumentError> {
        for name in names.iter().filter(|name| name.get_ref() != "*") {
            let valid = ExecEnv::new(name.get_ref().as_str());
            valid.map_err(|error| self.document.error(name.span(), error.to_string()))?;
        }
        if !self.filtered && !names.is_empty() {
            let text = format!("`{}`: `exec-env` has no effect before schema version 0.3", self.document.file);
            if !self.warnings.contains(&text) {
                self.warnings.push(text);
            }
            return Ok(Vec::new());
        }
        Ok(names.into_iter().map(Spanned::into_inner).collect())
    }
}

const INLINE: &str = "inline buildpacks are scripts, which are not run here: make it a buildpack of its own, a component in a \
                      directory, and name that with `uri`";

/// The path that a locator stands for, if it stands for one.
fn directory(uri: &str) -> Result<&str, &'static str> {
    let path = uri.strip_prefix("file://").unwrap_or(uri);
    if path.is_empty() {
        return Err("expected the path of a buildpack's directory");
    }
    if path.contains("://") || path.starts_with("urn:") || path.starts_with("from=") {
        return Err(
            "expected the path of a buildpack's directory; an embedded buildpack is named by its `id`, and others have \
                    to be on this machine",
        );
    }
    Ok(path)
}
