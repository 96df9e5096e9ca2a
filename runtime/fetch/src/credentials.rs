//! Credentials and where they belong. They are never shown, neither by `Debug` nor otherwise, except to the host that they
//! are for.

use crate::Address;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt;
use url::Url;

/// What is sent in the `Authorization` header.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// A token (RFC 6750).
    pub(crate) fn bearer(token: &str) -> Secret {
        Secret(format!("Bearer {token}"))
    }

    /// A user name and password (RFC 7617).
    pub(crate) fn basic(user: &str, password: &str) -> Secret {
        Secret::basic_encoded(&STANDARD.encode(format!("{user}:{password}")))
    }

    /// A user name and password that are in Base64 already.
    pub(crate) fn basic_encoded(text: &str) -> Secret {
        Secret(format!("Basic {text}"))
    }

    /// The value of the header.
    pub(crate) fn header(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A host, its port and a directory on it: what a credential is for. The scheme is not part of it, as npm's `//host/path/`
/// has none; whether it may be sent over plain HTTP is decided with the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    host: String,
    port: Option<u16>,
    path: String,
}

impl Place {
    /// Everything below an address.
    pub(crate) fn of(address: &Address) -> Place {
        let url = address.url();
        let host = url.host_str().unwrap_or_default().to_owned();
        Place { host, port: url.port_or_known_default(), path: url.path().to_owned() }
    }

    /// Reads `host[:port]/path/`.
    pub(crate) fn parse(text: &str) -> Option<Place> {
        let https = Url::parse(&format!("https://{text}")).ok()?;
        let http = Url::parse(&format!("http://{text}")).ok()?;
        if !https.username().is_empty() || https.password().is_some() {
            return None;
        }
        let mut path = https.path().to_owned();
        if !path.ends_with('/') {
            path.push('/');
        }
        // Each leaves its own default port out, so that together they tell what was written.
        Some(Place { host: https.host_str()?.to_owned(), port: https.port().or(http.port()), path })
    }

    /// True if `url` is below this place. Exact: no wildcard, no suffix, no other port.
    pub(crate) fn covers(&self, url: &Url) -> bool {
        let port = match self.port {
            None => url.port().is_none(),
            port => url.port_or_known_default() == port,
        };
        port && url.host_str() == Some(&self.host) && url.path().starts_with(&self.path)
    }
}

/// A secret and the place that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    /// Where it may be sent.
    pub(crate) place: Place,
    /// What is sent.
    pub(crate) secret: Secret,
}

/// The secret for `url`: of those whose place it is below, the one with the longest path.
pub(crate) fn choose<'a>(credentials: &'a [Credential], url: &Url) -> Option<&'a Secret> {
    let covering = credentials.iter().filter(|credential| credential.place.covers(url));
    covering.max_by_key(|credential| credential.place.path.len()).map(|credential| &credential.secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_for_exactly_its_host_port_and_path() {
        let covers = |place: &str, url: &str| Place::parse(place).unwrap().covers(&Url::parse(url).unwrap());
        assert!(covers("Registry.TEST/npm/", "https://registry.test/npm/express"));
        assert!(covers("registry.test:443/", "https://registry.test/express"));
        assert!(covers("127.0.0.1:4873", "http://127.0.0.1:4873/express"));
        for (place, url) in [
            ("registry.test/", "https://registry.test:8443/express"),
            ("registry.test/", "https://a.registry.test/express"),
            ("registry.test/", "https://registry.test.evil.test/express"),
            ("registry.test/", "https://evil-registry.test/express"),
            ("registry.test/npm/", "https://registry.test/npm-evil/express"),
            ("registry.test:443/", "http://registry.test/express"),
            ("registry.test/", "https://registry.test@evil.test/"),
        ] {
            assert!(!covers(place, url), "{place} {url}");
        }
        assert_eq!(Place::parse("user@registry.test/"), None);
    }

    #[test]
    fn the_longest_path_wins_and_no_secret_is_shown() {
        let credential =
            |place, token| Credential { place: Place::parse(place).unwrap(), secret: Secret::bearer(token) };
        let all = [credential("registry.test/", "outer"), credential("registry.test/team/", "inner")];
        let url = Url::parse("https://registry.test/team/x").unwrap();
        assert_eq!(choose(&all, &url), Some(&Secret::bearer("inner")));
        assert!(!format!("{all:?}").contains("inner"));
    }
}
