//! Python packages: pip's settings (pip documentation, "Configuration"). The address is that of a simple index (PEP 503).

use super::{Findings, Found, environment, ini};
use crate::Settings;
use crate::client::Roots;
use crate::settings::read;
use std::path::PathBuf;

pub(super) fn find(settings: &Settings) -> Findings {
    let files = files(settings);
    let configured = |name: &str| files.iter().find_map(|(text, origin)| Some((lookup(text, name)?, *origin)));
    let mut addresses = Vec::new();
    if let Some(address) = settings.variable(&["PIP_INDEX_URL"]) {
        addresses.push(Found::new(address, "`PIP_INDEX_URL` in the environment"));
    }
    if let Some((address, origin)) = configured("index-url") {
        addresses.push(Found::new(&address, format!("`index-url` in {origin} pip configuration")));
    }
    let mut connection = environment(settings);
    let of = |variable, name| settings.variable(variable).map(str::to_owned).or_else(|| Some(configured(name)?.0));
    if let Some(proxy) = of(&["PIP_PROXY"], "proxy") {
        connection.proxies.http = Some(proxy.clone());
        connection.proxies.https = Some(proxy);
    }
    if let Some(file) = of(&["PIP_CERT", "REQUESTS_CA_BUNDLE"], "cert") {
        connection.roots = Roots { files: vec![PathBuf::from(file)], ..Roots::default() };
    }
    Findings { addresses, connection, ..Findings::default() }
}

/// The configuration files that are there, the first to be believed first.
fn files(settings: &Settings) -> Vec<(String, &'static str)> {
    let name = if cfg!(windows) { "pip.ini" } else { "pip.conf" };
    let mut files = Vec::new();
    let mut add = |path: Option<PathBuf>, origin| files.extend(path.and_then(|path| read(&path)).map(|t| (t, origin)));
    add(settings.variable(&["PIP_CONFIG_FILE"]).map(PathBuf::from), "the");
    add(settings.user_configuration(&format!("pip/{name}")), "the user's");
    add(settings.user(&format!(".pip/{name}")), "the user's");
    add(settings.machine("etc/pip.conf"), "the machine's");
    add(settings.machine("etc/xdg/pip/pip.conf"), "the machine's");
    files
}

/// The value of a setting: names are compared without case, and with `_` for `-`.
fn lookup(text: &str, name: &str) -> Option<String> {
    let entries = ini::entries(text);
    let is = |entry: &&ini::Entry<'_>| entry.name.to_ascii_lowercase().replace('_', "-") == name;
    let found = entries.iter().find(|entry| entry.section == "global" && is(entry) && !entry.value.is_empty())?;
    Some(found.value.to_owned())
}
