//! Addresses of registries, in the one form that comparing them needs.

use crate::credentials::{Credential, Place, Secret};
use percent_encoding::percent_decode_str;
use std::fmt;
use url::Url;

/// Address of a registry: `https://host[:port]/path/`, or `http` where the operator says so. Canonical: host in lower case,
/// no default port, no credentials, and a slash at its end.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Url);

/// Text that is not the address of a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin} is not the address of a registry: {reason}")]
pub struct AddressError {
    /// Where the address was found. The address itself may have credentials in it and is not told.
    pub origin: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Address {
    /// Reads an address. A user name and password in it are taken out of it, and given back as a credential for all below.
    pub(crate) fn parse(text: &str, origin: &str) -> Result<(Address, Option<Credential>), AddressError> {
        let invalid = |reason| AddressError { origin: origin.to_owned(), reason };
        let mut url = Url::parse(text.trim()).map_err(|_| invalid("it is no URL"))?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return Err(invalid("it does not begin with `https://`"));
        }
        let secret = userinfo(&mut url).map_err(|()| invalid("its user name cannot be read"))?;
        url.set_query(None);
        url.set_fragment(None);
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        let address = Address(url);
        let credential = secret.map(|secret| Credential { place: Place::of(&address), secret });
        Ok((address, credential))
    }

    /// The address as a URL.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// True if `url` is this address or below it. Scheme, host, port and the beginning of the path are compared exactly.
    pub(crate) fn contains(&self, url: &Url) -> bool {
        same_origin(&self.0, url) && url.path().starts_with(self.0.path())
    }

    /// True if nobody on the way is kept from reading and changing what is sent.
    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// `path` below this address; nothing if that leads elsewhere.
    pub(crate) fn join(&self, path: &str) -> Option<Url> {
        let url = Url::parse(&format!("{}{path}", self.0)).ok()?;
        (self.contains(&url) && url.query().is_none() && url.fragment().is_none()).then_some(url)
    }
}

/// True if scheme, host and port are equal.
pub(crate) fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host() == b.host() && a.port_or_known_default() == b.port_or_known_default()
}

/// Takes user name and password out of a URL.
fn userinfo(url: &mut Url) -> Result<Option<Secret>, ()> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let secret = Secret::basic(&decoded(url.username()), &decoded(url.password().unwrap_or_default()));
    url.set_username("")?;
    url.set_password(None)?;
    Ok(Some(secret))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_canonical_and_has_no_credentials_in_it() {
        let (address, credential) = Address::parse("HTTPS://us%40er:p+w@Registry.Test:443/npm?x#y", "a test").unwrap();
        assert_eq!(address.to_string(), "https://registry.test/npm/");
        assert_eq!(credential.unwrap().secret, Secret::basic("us@er", "p+w"));
        for bad in ["", "registry.test", "file:///etc", "ssh://registry.test/", "https://"] {
            assert!(Address::parse(bad, "a test").is_err(), "{bad}");
        }
    }

    #[test]
    fn below_an_address_is_what_has_the_same_scheme_host_port_and_path() {
        let (address, _) = Address::parse("https://registry.test/npm", "a test").unwrap();
        let contains = |text: &str| address.contains(&Url::parse(text).unwrap());
        assert!(contains("https://REGISTRY.test:443/npm/express"));
        for other in [
            "http://registry.test/npm/express",
            "https://registry.test:444/npm/express",
            "https://registry.test.evil.test/npm/express",
            "https://sub.registry.test/npm/express",
            "https://registry.test/npm-other/express",
            "https://registry.test/npm/../secret",
            "https://registry.test@evil.test/npm/express",
        ] {
            assert!(!contains(other), "{other}");
        }
        assert!(address.join("a/../../b").is_none());
        assert!(address.join("a?b").is_none());
    }
}
