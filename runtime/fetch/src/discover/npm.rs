//! npm: its environment variables and `.npmrc` files, in npm's order (npm documentation, "npmrc" and "config").

use super::ask::Question;
use super::{Findings, Found, environment, ini};
use crate::Settings;
use crate::client::{Connection, Roots};
use crate::credentials::{Credential, Place, Secret};
use crate::settings::read;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) fn find(settings: &Settings) -> Findings {
    let layers = layers(settings);
    let question = Question {
        program: "npm",
        arguments: &["config", "get", "registry"],
        read: address_alone,
        files: files_of(&from_environment(settings), settings).into_iter().map(|(_, path)| path).collect(),
        beside: "npmrc",
    };
    Findings {
        addresses: addresses(&layers),
        credentials: credentials(&layers),
        connection: connection(&layers, settings),
        question: Some(question),
    }
}

/// npm may say more than what it was asked; the answer comes last.
fn address_alone(answer: &str) -> Option<&str> {
    answer.lines().last().map(str::trim).filter(|line| line.starts_with("http"))
}

/// Settings of one place.
struct Layer {
    place: Where,
    trusted: bool,
    values: Vec<Setting>,
}

/// Where settings are.
enum Where {
    Environment,
    Project,
    User,
    Machine,
}

/// A setting: its name as npm knows it, its name as written, and its value.
struct Setting {
    name: String,
    written: String,
    value: String,
}

impl Layer {
    fn origin(&self, written: &str) -> String {
        match self.place {
            Where::Environment => format!("`{written}` in the environment"),
            Where::Project => format!("`{written}` in the application's `.npmrc`"),
            Where::User => format!("`{written}` in the user's npm configuration"),
            Where::Machine => format!("`{written}` in the machine's npm configuration"),
        }
    }

    fn from_file(place: Where, path: &Path, settings: &Settings) -> Option<Layer> {
        let trusted = settings.trust_project || !matches!(place, Where::Project);
        let text = read(path)?;
        let expand = |text: &str| if trusted { expand(text, &settings.environment) } else { without_variables(text) };
        let entries = ini::entries(&text).into_iter().filter(|entry| entry.section.is_empty());
        let setting = |entry: ini::Entry<'_>| {
            let name = expand(entry.name.trim_end_matches("[]"))?;
            Some(Setting { written: name.clone(), name, value: expand(&unquote(entry.value))? })
        };
        Some(Layer { place, trusted, values: entries.filter_map(setting).collect() })
    }
}

/// All settings, the first to be believed first.
fn layers(settings: &Settings) -> Vec<Layer> {
    let environment = from_environment(settings);
    let files = files_of(&environment, settings).into_iter();
    let files: Vec<Layer> = files.filter_map(|(place, path)| Layer::from_file(place, &path, settings)).collect();
    std::iter::once(environment).chain(files).collect()
}

/// The files that settings are in, the first to be believed first.
fn files_of(environment: &Layer, settings: &Settings) -> Vec<(Where, PathBuf)> {
    let named = |name: &str| {
        let setting = environment.values.iter().find(|setting| setting.name == name)?;
        Some(PathBuf::from(&setting.value))
    };
    let user = named("userconfig").or_else(|| settings.user(".npmrc"));
    let machine = named("globalconfig").or_else(|| Some(named("prefix")?.join("etc/npmrc")));
    let machine = machine.into_iter().chain(beside_node(settings)).find(|path| path.is_file());
    let project = (Where::Project, settings.project.join(".npmrc"));
    let user = user.map(|path| (Where::User, path));
    let machine = machine.map(|path| (Where::Machine, path));
    std::iter::once(project).chain(user).chain(machine).collect()
}

/// Where npm keeps the machine's settings: below the prefix that Node was installed to, or below `/usr/local`.
fn beside_node(settings: &Settings) -> Vec<PathBuf> {
    let path = settings.variable(&["PATH", "Path"]).unwrap_or_default();
    let absolute = std::env::split_paths(path).filter(|directory| directory.is_absolute());
    let node = absolute.into_iter().find(|directory| directory.join("node").is_file());
    let prefix = node.and_then(|directory| Some(directory.parent()?.join("etc/npmrc")));
    let machine = ["usr/local/etc/npmrc", "etc/npmrc"].into_iter().filter_map(|path| settings.machine(path));
    prefix.into_iter().chain(machine).collect()
}

/// `npm_config_<name>`, in any case, `_` standing for `-`.
fn from_environment(settings: &Settings) -> Layer {
    let setting = |(written, value): (&String, &String)| {
        let prefix = written.get(..11).filter(|prefix| prefix.eq_ignore_ascii_case("npm_config_"))?;
        let name = &written[prefix.len()..];
        let name = if name.starts_with("//") || name.starts_with('@') {
            name.to_owned()
        } else {
            name.to_ascii_lowercase().replace('_', "-")
        };
        let setting = Setting { name, written: written.clone(), value: value.clone() };
        (!value.is_empty()).then_some(setting)
    };
    Layer {
        place: Where::Environment,
        trusted: true,
        values: settings.environment.iter().filter_map(setting).collect(),
    }
}

/// A value without its quotes (JSON text in double quotes, anything in single ones) or without the comment behind it.
fn unquote(text: &str) -> String {
    if let Some(Ok(value)) = serde_json::Deserializer::from_str(text).into_iter::<String>().next() {
        return value;
    }
    if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return inner.to_owned();
    }
    text.split([';', '#']).next().unwrap_or_default().trim().to_owned()
}

/// Puts environment variables in: `${NAME}`, or `${NAME?}` for one that may be missing. Nothing if one is missing.
fn expand(text: &str, environment: &BTreeMap<String, String>) -> Option<String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        let value = match name.strip_suffix('?') {
            Some(name) => environment.get(name).map_or("", String::as_str),
            None => environment.get(name)?,
        };
        expanded.push_str(before);
        expanded.push_str(value);
        rest = after;
    }
    expanded.push_str(rest);
    Some(expanded)
}

/// What an application that is not trusted may set: what has no environment variable in it.
fn without_variables(text: &str) -> Option<String> {
    (!text.contains("${")).then(|| text.to_owned())
}

fn addresses(layers: &[Layer]) -> Vec<Found> {
    let all = layers.iter().flat_map(|layer| layer.values.iter().map(move |setting| (layer, setting)));
    let found = |(layer, setting): (&Layer, &Setting)| {
        let scope = match setting.name.strip_suffix(":registry") {
            Some(scope) if scope.starts_with('@') => Some(scope.to_owned()),
            None if setting.name == "registry" => None,
            _ => return None,
        };
        let origin = layer.origin(&setting.written);
        Some(Found { scope, address: setting.value.clone(), origin, trusted: layer.trusted })
    };
    all.filter_map(found).collect()
}

/// `//host/path/:_authToken` and its kin. Each is for the place that it names and no other, wherever it was written.
fn credentials(layers: &[Layer]) -> Vec<Credential> {
    let mut places: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for setting in layers.iter().flat_map(|layer| &layer.values) {
        let Some((place, kind)) = setting.name.strip_prefix("//").and_then(|name| name.rsplit_once(':')) else {
            continue;
        };
        places.entry(place).or_default().entry(kind).or_insert(&setting.value);
    }
    let credential = |(place, values): (&str, BTreeMap<&str, &str>)| {
        Some(Credential { place: Place::parse(place)?, secret: secret(&values)? })
    };
    places.into_iter().filter_map(credential).collect()
}

fn secret(values: &BTreeMap<&str, &str>) -> Option<Secret> {
    if let Some(token) = values.get("_authToken") {
        return Some(Secret::bearer(token));
    }
    if let Some(encoded) = values.get("_auth") {
        return Some(Secret::basic_encoded(encoded));
    }
    let password = STANDARD.decode(values.get("_password")?).ok()?;
    Some(Secret::basic(values.get("username")?, &String::from_utf8(password).ok()?))
}

/// Proxy and certificates. npm's own settings come before those of every program; `cafile` and `ca` replace the machine's
/// certificates and `NODE_EXTRA_CA_CERTS` adds to them, as in npm.
fn connection(layers: &[Layer], settings: &Settings) -> Connection {
    let values = |name: &'static str| {
        let trusted = layers.iter().filter(|layer| layer.trusted);
        trusted.flat_map(|layer| &layer.values).filter(move |s| s.name == name && s.value != "null")
    };
    let first = |name| values(name).map(|setting| setting.value.clone()).next();
    let mut connection = environment(settings);
    let proxies = &mut connection.proxies;
    let proxy = first("proxy");
    proxies.https = first("https-proxy").or_else(|| proxy.clone()).or(proxies.https.take());
    proxies.http = proxy.or(proxies.http.take());
    proxies.except = first("noproxy").or(proxies.except.take());
    let files: Vec<PathBuf> = first("cafile").map(|file| expand_home(&file, settings)).into_iter().collect();
    let pem: Vec<String> = values("ca").map(|setting| setting.value.replace("\\n", "\n")).collect();
    if !files.is_empty() || !pem.is_empty() {
        connection.roots = Roots { files, pem, ..Roots::default() };
    }
    connection.roots.extra = settings.variable(&["NODE_EXTRA_CA_CERTS"]).map(PathBuf::from);
    connection
}

fn expand_home(path: &str, settings: &Settings) -> PathBuf {
    match (path.strip_prefix("~/"), &settings.home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => settings.project.join(Path::new(path)),
    }
}
