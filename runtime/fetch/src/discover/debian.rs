//! Debian packages: the sources of apt, in both formats (sources.list(5)). What is found is the distribution's own archive:
//! the entries for the release that this machine runs, with the component `main`.

use super::{Findings, Found, environment};
use crate::Settings;
use crate::settings::read;
use std::path::Path;

/// An archive as a source describes it.
struct Source {
    address: String,
    suites: Vec<String>,
    components: Vec<String>,
}

/// Looks for the archive whose suites end in `suffix`: the release itself if it is empty, its updates for `-security`.
pub(super) fn find(settings: &Settings, suffix: &str) -> Findings {
    let mut findings = Findings { connection: environment(settings), ..Findings::default() };
    let release = settings.machine("etc/os-release").and_then(|path| read(&path)).unwrap_or_default();
    if release_field(&release, "ID").is_some_and(|id| id != "debian") {
        return findings;
    }
    let codename = release_field(&release, "VERSION_CODENAME");
    let matches = |source: &Source| {
        let suite = |suite: &String| match codename {
            Some(name) => suite.strip_prefix(name) == Some(suffix),
            None => suite.ends_with(suffix),
        };
        source.has_main() && source.suites.iter().any(suite)
    };
    let found = sources(settings).into_iter().find(|(source, _)| matches(source));
    findings.addresses.extend(found.map(|(source, origin)| Found::new(&source.address, origin)));
    findings
}

impl Source {
    fn has_main(&self) -> bool {
        self.components.iter().any(|component| component == "main")
    }
}

/// A field of os-release(5).
fn release_field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim().trim_matches('"'))
}

/// All sources, in the order in which apt reads them, and where each was found.
fn sources(settings: &Settings) -> Vec<(Source, String)> {
    let mut all = Vec::new();
    let mut add = |path: &Path, name: &str| {
        let text = read(path).unwrap_or_default();
        let deb822 = path.extension().is_some_and(|extension| extension == "sources");
        let found = if deb822 { from_stanzas(&text) } else { from_lines(&text) };
        all.extend(found.into_iter().map(|source| (source, format!("`{name}` of apt"))));
    };
    if let Some(path) = settings.machine("etc/apt/sources.list") {
        add(&path, "sources.list");
    }
    let directory = settings.machine("etc/apt/sources.list.d");
    let entries = directory.and_then(|directory| std::fs::read_dir(directory).ok()).into_iter().flatten();
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|it| it == "list" || it == "sources")) {
        if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            add(path, &format!("sources.list.d/{name}"));
        }
    }
    all
}

/// `deb [options] address suite component...`
fn from_lines(text: &str) -> Vec<Source> {
    let line = |line: &str| {
        let rest = line.split('#').next()?.trim().strip_prefix("deb")?;
        let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
        let rest = rest.strip_prefix('[').map_or(Some(rest), |options| Some(options.split_once(']')?.1))?;
        let mut words = rest.split_whitespace().map(str::to_owned);
        Some(Source { address: words.next()?, suites: vec![words.next()?], components: words.collect() })
    };
    text.lines().filter_map(line).filter(Source::is_remote).collect()
}

/// Paragraphs of `Field: value`, values going on in lines that begin with a space (deb822(5)).
fn from_stanzas(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    for stanza in text.replace("\r\n", "\n").split("\n\n") {
        let words = |name: &str| -> Vec<String> { stanza_field(stanza, name) };
        let enabled = !words("enabled").iter().any(|word| word == "no" || word == "false");
        if enabled && words("types").iter().any(|word| word == "deb") {
            let source = |address| Source { address, suites: words("suites"), components: words("components") };
            sources.extend(words("uris").into_iter().map(source).filter(Source::is_remote));
        }
    }
    sources
}

/// The words of a field.
fn stanza_field(stanza: &str, name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut inside = false;
    for line in stanza.lines().filter(|line| !line.starts_with('#')) {
        let value = if line.starts_with([' ', '\t']) {
            line
        } else {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            inside = field.eq_ignore_ascii_case(name);
            value
        };
        if inside {
            words.extend(value.split_whitespace().map(str::to_owned));
        }
    }
    words
}

impl Source {
    /// Whether it is reached over HTTP, and not a disc or a directory.
    fn is_remote(&self) -> bool {
        self.address.starts_with("http://") || self.address.starts_with("https://")
    }
}
