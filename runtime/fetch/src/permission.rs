//! What a buildpack may fetch from, and what it asks for.

use crate::{FetchError, Registries, Registry};
use std::collections::BTreeSet;
use url::Url;

/// Registries and hosts that a buildpack declares and that the operator grants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permission {
    /// Names of registries, such as `npm`.
    pub registries: BTreeSet<String>,
    /// Public hosts, such as `downloads.example.com` or `downloads.example.com:8443`. Exact: no wildcards. A host inside the
    /// operator's network is reached only as a registry that the operator named.
    pub hosts: BTreeSet<String>,
}

/// Something asked for, with nothing looked up yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A path below the address of a registry.
    Named {
        /// Its name.
        registry: String,
        /// The path.
        path: String,
    },
    /// A whole address.
    Url(Url),
}

/// Where something is to be fetched from.
pub(crate) struct Place<'a> {
    pub(crate) url: Url,
    /// The registry that it belongs to; none for a host that was granted by itself.
    pub(crate) registry: Option<&'a Registry>,
}

impl Source {
    /// Reads `<registry>:<path>`, or an address.
    pub(crate) fn parse(text: &str) -> Result<Source, FetchError> {
        let invalid = |reason| FetchError::Source { request: shown(text), reason };
        let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
        if lower.starts_with("https://") || lower.starts_with("http://") {
            return url(text).map(Source::Url).map_err(invalid);
        }
        let (registry, path) =
            text.split_once(':').ok_or_else(|| invalid("there is no `:` behind a registry's name"))?;
        let named = registry.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if registry.is_empty() || !named {
            return Err(invalid("a registry's name is lower-case letters, digits and `-`"));
        }
        check_path(path).map_err(invalid)?;
        Ok(Source::Named { registry: registry.to_owned(), path: path.to_owned() })
    }

    /// Whether it may be fetched, as far as that can be told by its name alone.
    pub(crate) fn permitted(&self, text: &str, permission: &Permission) -> Result<(), FetchError> {
        match self {
            Source::Named { registry, .. } if !permission.registries.contains(registry) => {
                Err(FetchError::RegistryNotGranted { request: shown(text), registry: registry.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Finds where it is, and whether it may be fetched from there.
    pub(crate) fn locate<'a>(
        &self,
        text: &str,
        permission: &Permission,
        registries: &'a Registries,
    ) -> Result<Place<'a>, FetchError> {
        let place = match self {
            Source::Named { registry, path } => named(text, registry, path, registries)?,
            Source::Url(url) => {
                let registry = permission.registries.iter().find_map(|name| registries.covering(name, url));
                if registry.is_none() && !permission.hosts.contains(&host(url)) {
                    return Err(FetchError::HostNotGranted { request: shown(text), host: host(url) });
                }
                Place { url: url.clone(), registry }
            }
        };
        if place.registry.is_some_and(|registry| is_service(registry, &place.url)) {
            let reason = "it is a service of the registry, which answers about whose credentials are used";
            return Err(FetchError::Source { request: shown(text), reason });
        }
        Ok(place)
    }

    /// Whether this is the document that lists the versions of an npm package, which npm gives in a shorter form when asked.
    pub(crate) fn is_npm_index(&self) -> bool {
        matches!(self, Source::Named { registry, path } if registry == "npm" && !path.contains("/-/"))
    }

    /// Whether this is a page of a Python index, which comes as JSON when asked (PEP 691).
    pub(crate) fn is_python_index(&self) -> bool {
        matches!(self, Source::Named { registry, path } if registry == "pypi" && path.ends_with('/'))
    }
}

fn named<'a>(text: &str, name: &str, path: &str, registries: &'a Registries) -> Result<Place<'a>, FetchError> {
    let scope = (name == "npm" && path.starts_with('@')).then(|| path.split(['/', '%']).next()).flatten();
    let registry = registries.get(name, scope).map_err(|error| FetchError::NoRegistry {
        request: shown(text),
        registry: name.to_owned(),
        error,
    })?;
    let path = if scope.is_some() { escape_scope(path) } else { path.to_owned() };
    let url = registry.address.join(&path);
    let url = url.ok_or_else(|| FetchError::Source { request: shown(text), reason: "its path leads elsewhere" })?;
    Ok(Place { url, registry: Some(registry) })
}

/// Whether this is one of npm's services rather than a package: below `-/` it tells who is logged in, and with which tokens.
fn is_service(registry: &Registry, url: &Url) -> bool {
    let path = url.path().strip_prefix(registry.address.url().path()).unwrap_or_default();
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    registry.name == "npm" && (first == "-" || first.eq_ignore_ascii_case("%2d"))
}

/// `@scope/name` is one name to a registry: the slash in it is written `%2f`, as npm does, but not in front of a file.
fn escape_scope(path: &str) -> String {
    if path.contains("/-/") { path.to_owned() } else { path.replacen('/', "%2f", 1) }
}

/// The host, and the port unless it is the usual one.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn url(text: &str) -> Result<Url, &'static str> {
    let mut url = Url::parse(text).map_err(|_| "it is no URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with credentials in it is not fetched from; the operator configures credentials");
    }
    url.set_fragment(None);
    Ok(url)
}

/// A relative path of plain segments: nothing that a server or a proxy could read as a way upwards or as a query.
fn check_path(path: &str) -> Result<(), &'static str> {
    if path.is_empty() || path.starts_with('/') {
        return Err("the path is empty or begins with `/`");
    }
    if path.bytes().any(|byte| byte <= b' ' || byte >= 0x7f || b"\\?#\"<>`{}|^".contains(&byte)) {
        return Err("the path has characters in it that an address has not");
    }
    let escapes = path.split('%').skip(1).map(|rest| rest.get(..2).unwrap_or_default().to_ascii_lowercase());
    let scoped = path.starts_with('@');
    for (index, escape) in escapes.enumerate() {
        let digits = escape.len() == 2 && escape.bytes().all(|byte| byte.is_ascii_hexdigit());
        let slash_of_scope = scoped && index == 0 && escape == "2f";
        if !digits || (matches!(&*escape, "2e" | "2f" | "5c" | "25" | "00") && !slash_of_scope) {
            return Err("the path has an escape in it that stands for a separator, or for nothing");
        }
    }
    let mut names = path.strip_suffix('/').unwrap_or(path).split('/');
    if names.any(|name| matches!(name, "" | "." | "..")) {
        return Err("a name in the path is empty, `.` or `..`");
    }
    Ok(())
}

/// `text` as it may be told: without what stands before an `@` in an address.
pub(crate) fn shown(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) if url.has_authority() => redacted(&url),
        _ => text.chars().take(300).collect(),
    }
}

/// The address without user name, password, query and fragment, any of which may be secret.
pub(crate) fn redacted(url: &Url) -> String {
    let mut url = url.clone();
    // These fail only for addresses that have no host and so nothing to hide.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_could_lead_elsewhere_are_refused() {
        for bad in [
            "npm:",
            "npm:/a",
            "npm:a/../b",
            "npm:a//b",
            "npm:./a",
            "npm:a?b",
            "npm:a#b",
            "npm:a\\b",
            "npm:a b",
            "npm:a%2fb",
            "npm:a%2E%2e/b",
            "npm:@a%2fb%2f..",
            "npm:a%252f",
            "npm:a%",
            "npm:a%zz",
            "npm:a\nb",
            "NPM:a",
            ":a",
            "express",
            "https://user:secret@registry.test/a",
            "https://",
        ] {
            let error = Source::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        for good in [
            "npm:@a%2fb",
            "npm:@a/b/-/b-1.0.0.tgz",
            "pypi:flask/",
            "debian:pool/g++_1%3a2_amd64.deb",
            "go:a/!b/@v/list",
        ] {
            assert!(Source::parse(good).is_ok(), "{good}");
        }
    }
}
