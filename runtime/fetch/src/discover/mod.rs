//! Finding out where registries are: the configuration of each ecosystem, read as its own client reads it. A file an
//! ecosystem, and here what they share.

mod ask;
mod debian;
mod go;
mod ini;
mod maven;
mod npm;
mod pypi;

use crate::client::{Connection, Proxies, Roots};
use crate::credentials::Credential;
use crate::reach::Reach;
use crate::registries::split_scope;
use crate::{Address, AddressError, Cache, Registry, Settings};
use ask::Question;
use std::path::PathBuf;

/// The ecosystems whose configuration is understood.
pub(crate) const ECOSYSTEMS: [&str; 6] = ["debian", "debian-security", "go", "maven", "npm", "pypi"];

/// What is known about the registries of one name.
#[derive(Debug, Default)]
pub(crate) struct Ecosystem {
    /// At most one of each scope.
    pub(crate) registries: Vec<Registry>,
    /// An address that makes no sense.
    pub(crate) problem: Option<AddressError>,
}

/// What the configuration of an ecosystem says.
#[derive(Default)]
struct Findings {
    /// Addresses; of those for the same scope, the first counts.
    addresses: Vec<Found>,
    /// Credentials, for wherever they belong.
    credentials: Vec<Credential>,
    /// Proxy and certificates.
    connection: Connection,
    /// What to ask its client, if there is no address.
    question: Option<Question>,
}

/// An address and where it was found.
struct Found {
    scope: Option<String>,
    address: String,
    origin: String,
    trusted: bool,
}

impl Found {
    /// For all scopes, from a place that the operator vouches for.
    fn new(address: &str, origin: impl Into<String>) -> Found {
        Found { scope: None, address: address.to_owned(), origin: origin.into(), trusted: true }
    }
}

/// Looks an ecosystem up; what its client answers is kept in `kept`.
pub(crate) fn ecosystem(name: &str, settings: &Settings, kept: Option<&dyn Cache>) -> Ecosystem {
    let mut findings = match name {
        "debian" => debian::find(settings, ""),
        "debian-security" => debian::find(settings, "-security"),
        "go" => go::find(settings),
        "maven" => maven::find(settings),
        "npm" => npm::find(settings),
        "pypi" => pypi::find(settings),
        _ => Findings { connection: environment(settings), ..Findings::default() },
    };
    findings.addresses.splice(0..0, explicit(name, settings));
    let known = findings.addresses.iter().any(|found| found.scope.is_none());
    if let (false, true, Some(question)) = (known, settings.run_commands, findings.question.take()) {
        findings.addresses.extend(question.ask(settings, kept));
    }
    findings.finish(name)
}

fn explicit(name: &str, settings: &Settings) -> Vec<Found> {
    let mine = settings.explicit.iter().filter(|(key, _)| split_scope(key).0 == name);
    mine.map(|(key, explicit)| Found {
        scope: split_scope(key).1.map(str::to_owned),
        ..Found::new(&explicit.address, explicit.origin.clone())
    })
    .collect()
}

impl Findings {
    fn finish(self, name: &str) -> Ecosystem {
        let mut ecosystem = Ecosystem::default();
        let mut credentials = self.credentials;
        let mut seen = Vec::new();
        for found in self.addresses {
            if seen.contains(&found.scope) {
                continue;
            }
            seen.push(found.scope.clone());
            match Address::parse(&found.address, &found.origin) {
                Ok((address, credential)) => {
                    credentials.extend(credential);
                    ecosystem.registries.push(found.registry(name, address, &self.connection));
                }
                Err(error) => ecosystem.problem = Some(error),
            }
        }
        for registry in &mut ecosystem.registries {
            registry.credentials.clone_from(&credentials);
        }
        ecosystem.registries.sort_by(|a, b| a.scope.cmp(&b.scope));
        ecosystem
    }
}

impl Found {
    fn registry(self, name: &str, address: Address, connection: &Connection) -> Registry {
        let reach = if self.trusted { Reach::Anywhere } else { Reach::Public };
        Registry {
            name: name.to_owned(),
            scope: self.scope,
            address,
            origin: self.origin,
            trusted: self.trusted,
            credentials: Vec::new(),
            connection: Connection { reach, ..connection.clone() },
        }
    }
}

/// The proxy and the certificates that the environment names for every program.
pub(crate) fn environment(settings: &Settings) -> Connection {
    let of = |names: &[&str]| settings.variable(names).map(str::to_owned);
    let all = of(&["all_proxy", "ALL_PROXY"]);
    let directories = settings.variable(&["SSL_CERT_DIR"]).map(|list| std::env::split_paths(list).collect());
    Connection {
        proxies: Proxies {
            http: of(&["http_proxy", "HTTP_PROXY"]).or_else(|| all.clone()),
            https: of(&["https_proxy", "HTTPS_PROXY"]).or(all),
            except: of(&["no_proxy", "NO_PROXY"]),
        },
        roots: Roots {
            files: of(&["SSL_CERT_FILE"]).map(PathBuf::from).into_iter().collect(),
            directories: directories.unwrap_or_default(),
            ..Roots::default()
        },
        reach: Reach::Anywhere,
    }
}
