//! Credentials for registries: Docker's `config.json`, and `CNB_REGISTRY_AUTH` (platform specification, "Registry
//! Authentication").
//!
//! A credential belongs to exactly one host and port. Prefixes, suffixes and paths never match.

mod helper;

use crate::Settings;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// The registry that has several names.
const HUB: &str = "docker.io";
/// Its other names.
const HUB_ALIASES: &[&str] = &["index.docker.io", HUB_ENDPOINT];
/// The host that answers for it.
const HUB_ENDPOINT: &str = "registry-1.docker.io";
/// What credential helpers know it by.
const HUB_SERVER: &str = "https://index.docker.io/v1/";

/// Credentials that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// Not the JSON that it should be. What it is stays unsaid: it may quote a secret.
    #[error("{what} is not a JSON object of the expected shape (line {line}, column {column})")]
    Syntax {
        /// Where it is from.
        what: &'static str,
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
    /// An entry that cannot be understood.
    #[error("{what} has an entry for `{registry}` that cannot be read: {reason}")]
    Entry {
        /// Where it is from.
        what: &'static str,
        /// The registry, as it stands there.
        registry: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A helper whose name could be more than a name.
    #[error("Docker's `config.json` names the credential helper `{0}`: expected lower-case letters, digits and `-`")]
    HelperName(String),
    /// A helper that does not do its work.
    #[error("the credential helper `{program}` gave no credentials for `{registry}`: {reason}")]
    Helper {
        /// The program.
        program: String,
        /// The registry.
        registry: String,
        /// What happened.
        reason: String,
    },
}

impl AuthError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            AuthError::Syntax { what, .. } => Some(format!("correct {what}, or run `docker login` again")),
            AuthError::Entry { registry, .. } => Some(format!("run `docker login {registry}` again")),
            AuthError::HelperName(_) => None,
            AuthError::Helper { program, .. } => {
                Some(format!("try `{program} list`; without that program, remove it from Docker's `config.json`"))
            }
        }
    }
}

/// How to show who we are.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// Not at all.
    Anonymous,
    /// User and password.
    Basic { user: String, password: String },
    /// A token that buys tokens (OAuth 2.0 refresh token).
    Identity(String),
    /// A token, ready to be shown.
    Bearer(String),
}

impl Credential {
    /// True if there is nothing to show.
    pub(crate) fn is_anonymous(&self) -> bool {
        *self == Credential::Anonymous
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Credential::Anonymous => "Anonymous",
            Credential::Basic { .. } => "Basic(secret)",
            Credential::Identity(_) => "Identity(secret)",
            Credential::Bearer(_) => "Bearer(secret)",
        })
    }
}

/// What a search for credentials came to.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) credential: Credential,
    /// Why there is none, where that might surprise.
    pub(crate) note: Option<String>,
}

/// All credentials, by registry.
#[derive(Debug, Default)]
pub(crate) struct Keychain {
    known: BTreeMap<String, Credential>,
    fallback: BTreeMap<String, Credential>,
    helpers: BTreeMap<String, String>,
    store: Option<String>,
    run_helpers: bool,
}

impl Keychain {
    /// Reads what the settings have.
    pub(crate) fn new(settings: &Settings) -> Result<Keychain, AuthError> {
        let mut keychain = match &settings.docker_config {
            Some(text) => Keychain::of_docker(text)?,
            None => Keychain::default(),
        };
        keychain.run_helpers = settings.credential_helpers;
        keychain.known = settings.registry_auth.as_deref().map_or(Ok(BTreeMap::new()), of_headers)?;
        Ok(keychain)
    }

    fn of_docker(text: &str) -> Result<Keychain, AuthError> {
        let config: DockerConfig = read(text, DOCKER)?;
        let name = |name: String| helper::is_name(&name).then(|| name.clone()).ok_or(AuthError::HelperName(name));
        let mut keychain = Keychain::default();
        for (key, entry) in config.auths.unwrap_or_default() {
            if let (Some(host), Some(credential)) = (docker_host(&key), entry.credential(&key)?) {
                keychain.fallback.insert(host, credential);
            }
        }
        for (key, helper) in config.helpers.unwrap_or_default() {
            if let Some(host) = docker_host(&key) {
                keychain.helpers.insert(host, name(helper)?);
            }
        }
        keychain.store = config.store.filter(|store| !store.is_empty()).map(name).transpose()?;
        Ok(keychain)
    }

    /// The credentials for `registry`, `host` or `host:port`.
    pub(crate) async fn find(&self, registry: &str) -> Result<Found, AuthError> {
        let host = canonical(registry);
        if let Some(credential) = self.known.get(&host) {
            return Ok(Found { credential: credential.clone(), note: None });
        }
        let mut note = None;
        if let Some(name) = self.helpers.get(&host).or(self.store.as_ref()) {
            if self.run_helpers {
                let server = if host == HUB { HUB_SERVER } else { &host };
                if let Some(credential) = helper::ask(name, server).await? {
                    return Ok(Found { credential, note: None });
                }
            } else {
                note = Some(format!("its credentials are with `docker-credential-{name}`, which may not be run here"));
            }
        }
        let credential = self.fallback.get(&host).cloned();
        let note = note.filter(|_| credential.is_none());
        Ok(Found { credential: credential.unwrap_or(Credential::Anonymous), note })
    }
}

/// What the errors call each source.
const DOCKER: &str = "Docker's `config.json`";
const HEADERS: &str = "`CNB_REGISTRY_AUTH`";

#[derive(Deserialize)]
struct DockerConfig {
    auths: Option<BTreeMap<String, DockerEntry>>,
    #[serde(rename = "credHelpers")]
    helpers: Option<BTreeMap<String, String>>,
    #[serde(rename = "credsStore")]
    store: Option<String>,
}

#[derive(Deserialize)]
struct DockerEntry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl DockerEntry {
    fn credential(self, registry: &str) -> Result<Option<Credential>, AuthError> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(token) = given(self.registrytoken) {
            return Ok(Some(Credential::Bearer(token)));
        }
        if let Some(token) = given(self.identitytoken) {
            return Ok(Some(Credential::Identity(token)));
        }
        if let Some(auth) = given(self.auth) {
            let wrong = |reason| AuthError::Entry { what: DOCKER, registry: registry.to_owned(), reason };
            return basic(&auth).map(Some).map_err(wrong);
        }
        let pair = given(self.username).zip(given(self.password));
        Ok(pair.map(|(user, password)| Credential::Basic { user, password }))
    }
}

fn of_headers(text: &str) -> Result<BTreeMap<String, Credential>, AuthError> {
    let headers: BTreeMap<String, String> = read(text, HEADERS)?;
    let entry = |(key, header): (String, String)| {
        let wrong = |reason| AuthError::Entry { what: HEADERS, registry: key.clone(), reason };
        Ok((host_of(&key).0, of_header(&header).map_err(wrong)?))
    };
    headers.into_iter().map(entry).collect()
}

fn of_header(header: &str) -> Result<Credential, &'static str> {
    let (scheme, value) = header.split_once(' ').ok_or("expected `Basic …`, `Bearer …` or `X-Identity …`")?;
    match scheme.to_ascii_lowercase().as_str() {
        "basic" => basic(value.trim()),
        "bearer" => Ok(Credential::Bearer(value.trim().to_owned())),
        "x-identity" => Ok(Credential::Identity(value.trim().to_owned())),
        _ => Err("expected `Basic …`, `Bearer …` or `X-Identity …`"),
    }
}

fn basic(encoded: &str) -> Result<Credential, &'static str> {
    let bytes = STANDARD.decode(encoded).map_err(|_| "it is not Base64")?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not text")?;
    // Some tools end it with a zero byte.
    let (user, password) = text.trim_end_matches('\0').split_once(':').ok_or("it is not `user:password`")?;
    Ok(Credential::Basic { user: user.to_owned(), password: password.to_owned() })
}

fn read<'a, T: Deserialize<'a>>(text: &'a str, what: &'static str) -> Result<T, AuthError> {
    serde_json::from_str(text).map_err(|e| AuthError::Syntax { what, line: e.line(), column: e.column() })
}

/// The host of a key in Docker's file. A key with a path of its own is for a part of the registry only, so it is not for
/// the registry.
fn docker_host(key: &str) -> Option<String> {
    let (host, path) = host_of(key);
    matches!(path.trim_end_matches('/'), "" | "v1" | "v2").then_some(host)
}

fn host_of(key: &str) -> (String, &str) {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    (canonical(host), path)
}

/// One way to write each host: lower case, without the usual port, one name for the registry that has several.
pub(crate) fn canonical(registry: &str) -> String {
    let host = registry.to_ascii_lowercase();
    let host = host.strip_suffix(":443").unwrap_or(&host);
    if HUB_ALIASES.contains(&host) { HUB.to_owned() } else { host.to_owned() }
}

/// The host that answers for `registry`.
pub(crate) fn endpoint(registry: &str) -> &str {
    if canonical(registry) == HUB { HUB_ENDPOINT } else { registry }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(credential: &Credential) -> String {
        match credential {
            Credential::Anonymous => "anonymous".to_owned(),
            Credential::Basic { user, password } => format!("{user}:{password}"),
            Credential::Identity(token) => format!("identity {token}"),
            Credential::Bearer(token) => format!("bearer {token}"),
        }
    }

    fn check(docker: &str, headers: &str, registry: &str) -> String {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let settings = Settings { docker_config: given(docker), registry_auth: given(headers), ..Settings::default() };
        let keychain = match Keychain::new(&settings) {
            Ok(keychain) => keychain,
            Err(error) => return error.to_string(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        match runtime.block_on(keychain.find(registry)) {
            Ok(found) => format!("{}{}", show(&found.credential), found.note.unwrap_or_default()),
            Err(error) => error.to_string(),
        }
    }

    const DOCKER: &str = r#"{
        "auths": {
            "https://index.docker.io/v1/": { "auth": "aHViOm9uZQ==" },
            "R.example:5000": { "username": "u", "password": "p" },
            "https://token.example": { "identitytoken": "t", "auth": "eDp5" },
            "part.example/team": { "auth": "eDp5" },
            "empty.example": {}
        },
        "HttpHeaders": {}
    }"#;

    #[test]
    fn a_credential_is_for_one_host_only() {
        for (registry, found) in [
            ("docker.io", "hub:one"),
            ("index.docker.io", "hub:one"),
            ("r.example:5000", "u:p"),
            ("r.example", "anonymous"),
            ("r.example:443", "anonymous"),
            ("evil-r.example:5000", "anonymous"),
            ("r.example:5000.evil.example", "anonymous"),
            ("token.example:443", "identity t"),
            ("part.example", "anonymous"),
            ("empty.example", "anonymous"),
        ] {
            assert_eq!(check(DOCKER, "", registry), found, "{registry}");
        }
    }

    #[test]
    fn p120_p121_w28_headers_go_before_the_file() {
        let headers =
            r#"{ "index.docker.io/v1/": "Basic YTpiOmM=", "r.example:5000": "Bearer b", "z": "X-Identity i" }"#;
        assert_eq!(check(DOCKER, headers, "docker.io"), "a:b:c");
        assert_eq!(check(DOCKER, headers, "r.example:5000"), "bearer b");
        assert_eq!(check(DOCKER, headers, "z"), "identity i");
        assert_eq!(check(DOCKER, headers, "token.example"), "identity t");
    }

    #[test]
    fn a_helper_that_may_not_run_is_mentioned() {
        let docker = r#"{ "credHelpers": { "r.example": "some-cloud" }, "credsStore": "desktop" }"#;
        insta::assert_snapshot!(check(docker, "", "r.example"), @"anonymousits credentials are with `docker-credential-some-cloud`, which may not be run here");
        insta::assert_snapshot!(check(docker, "", "other"), @"anonymousits credentials are with `docker-credential-desktop`, which may not be run here");
    }

    #[test]
    fn says_what_is_wrong_and_no_secret() {
        for (docker, headers) in [
            (r#"{ "auths": { "r": { "auth": "c2VjcmV0" } } }"#, ""),
            (r#"{ "auths": { "r": "c2VjcmV0" } }"#, ""),
            (r#"{ "credsStore": "../secret; rm" }"#, ""),
            ("", r#"{ "r": "secret" }"#),
            ("", r#"{ "r": "Basic secret!" }"#),
        ] {
            let error = check(docker, headers, "r");
            assert!(!error.contains("c2VjcmV0") && !error.contains("secret!"), "{error}");
            assert!(error.contains("`config.json`") || error.contains("`CNB_REGISTRY_AUTH`"), "{error}");
        }
        let credential = Credential::Basic { user: "u".into(), password: "hunter2".into() };
        assert_eq!(format!("{credential:?}"), "Basic(secret)");
    }
}
