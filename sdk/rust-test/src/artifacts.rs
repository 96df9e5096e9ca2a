//! What a buildpack can fetch in a test: what the test serves, within what `buildpack.toml` declares.

use std::collections::BTreeMap;
use wattle_plan::Capabilities;
use wattle_sandbox::{Artifact, Artifacts, Fault, GuestError, Request};
use wattle_tree::{Algorithm, Blob, Digest, Hasher};

/// The digest of `bytes` as lock files have it: Subresource Integrity text, `sha512-<base64>`.
pub fn integrity(bytes: impl AsRef<[u8]>) -> String {
    digest_of(bytes.as_ref(), Algorithm::Sha512).integrity()
}

/// Files by address, and the addresses of registries. Says no as the real fetcher does.
#[derive(Clone, Default)]
pub(crate) struct Shelf {
    files: BTreeMap<String, Blob>,
    registries: BTreeMap<String, String>,
}

impl Shelf {
    /// Serves `bytes` as `source`, a name or an address.
    pub(crate) fn put(&mut self, source: &str, bytes: Vec<u8>) {
        self.files.insert(source.to_owned(), bytes.into());
    }

    /// Says where a registry is.
    pub(crate) fn registry(&mut self, name: &str, address: &str) {
        self.registries.insert(name.to_owned(), format!("{}/", address.trim_end_matches('/')));
    }

    /// The address that a name stands for. A registry of which nothing was said is at one that no host can have.
    fn address(&self, source: &str) -> String {
        match Source::parse(source) {
            Ok(Source::Named { registry, path }) => match self.registries.get(registry) {
                Some(address) => format!("{address}{path}"),
                None => format!("https://{registry}.invalid/{path}"),
            },
            _ => source.to_owned(),
        }
    }

    /// What the test serves at the place that `source` names, whichever way the test wrote it.
    fn find(&self, source: &str) -> Option<(String, &Blob)> {
        let address = self.address(source);
        let found = self.files.iter().find(|(served, _)| self.address(served) == address);
        found.map(|(_, blob)| (address, blob))
    }
}

/// A shelf, as far as one buildpack may reach.
pub(crate) struct Granted {
    pub(crate) shelf: Shelf,
    pub(crate) capabilities: Capabilities,
}

impl Granted {
    fn permitted(&self, source: &str) -> Result<(), GuestError> {
        match Source::parse(source)? {
            Source::Named { registry, .. } if self.has_registry(registry) => Ok(()),
            Source::Named { registry, .. } => Err(registry_not_granted(source, registry)),
            Source::Url { host } if self.capabilities.hosts.contains(&host) || self.is_of_registry(source) => Ok(()),
            Source::Url { host } => Err(host_not_granted(source, &host)),
        }
    }

    fn has_registry(&self, name: &str) -> bool {
        self.capabilities.registries.iter().any(|granted| granted == name)
    }

    fn is_of_registry(&self, url: &str) -> bool {
        self.shelf.registries.iter().any(|(name, address)| url.starts_with(address) && self.has_registry(name))
    }

    fn take(&self, request: &Request) -> Result<Artifact, GuestError> {
        let source = &request.source;
        let Some((address, blob)) = self.shelf.find(source) else {
            return Err(not_found(source, &self.shelf.address(source)));
        };
        if let Some(expected) = &request.digest {
            let actual = digest(blob, expected.algorithm())?;
            if actual != *expected {
                return Err(mismatch(source, &address, expected, &actual));
            }
        }
        Ok(Artifact { digest: digest(blob, Algorithm::Sha256)?, blob: blob.clone(), address })
    }
}

impl Artifacts for Granted {
    fn fetch(&self, requests: &[Request]) -> Result<Vec<Artifact>, GuestError> {
        // As in reality, nothing is looked for before everything is known to be permitted.
        requests.iter().try_for_each(|request| self.permitted(&request.source))?;
        requests.iter().map(|request| self.take(request)).collect()
    }
}

/// What a buildpack asks for.
enum Source<'a> {
    Named { registry: &'a str, path: &'a str },
    Url { host: String },
}

impl Source<'_> {
    fn parse(text: &str) -> Result<Source<'_>, GuestError> {
        let refuse = |reason| Err(invalid(text, reason));
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
            return Ok(Source::Url { host });
        }
        let Some((registry, path)) = text.split_once(':') else {
            return refuse("there is no `:` behind a registry's name");
        };
        let named = registry.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if registry.is_empty() || !named {
            return refuse("a registry's name is lower-case letters, digits and `-`");
        }
        if path.is_empty() || path.starts_with('/') {
            return refuse("the path is empty or begins with `/`");
        }
        Ok(Source::Named { registry, path })
    }
}

fn digest(blob: &Blob, algorithm: Algorithm) -> Result<Digest, GuestError> {
    let bytes = blob.to_vec().map_err(|error| {
        let summary = format!("an artifact of the test cannot be read: {error}");
        error_of(Fault::Platform, "artifacts/read", summary, [])
    })?;
    Ok(digest_of(&bytes, algorithm))
}

fn digest_of(bytes: &[u8], algorithm: Algorithm) -> Digest {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(bytes);
    hasher.finish()
}

// The errors of `wattle_fetch::FetchError`, which is not used itself: it comes with all that opens sockets. A test below
// holds these to it.

fn error_of<const N: usize>(fault: Fault, code: &str, summary: String, hints: [String; N]) -> GuestError {
    GuestError { code: code.to_owned(), fault, summary, detail: None, hints: hints.into() }
}

fn invalid(request: &str, reason: &str) -> GuestError {
    let summary = format!("`{request}` cannot be fetched: {reason}");
    error_of(Fault::Buildpack, "artifacts/source/invalid", summary, [])
}

fn registry_not_granted(request: &str, registry: &str) -> GuestError {
    let summary = format!("`{request}` may not be fetched: the registry `{registry}` is not granted to this buildpack");
    let hint = format!("declare the registry `{registry}` in the buildpack's `buildpack.toml`");
    error_of(Fault::Buildpack, "artifacts/registry/not-granted", summary, [hint])
}

fn host_not_granted(request: &str, host: &str) -> GuestError {
    let summary = format!("`{request}` may not be fetched: the host `{host}` is not granted to this buildpack");
    let hints = [
        format!("declare the host `{host}` in the buildpack's `buildpack.toml`, and grant it"),
        "if it is a mirror of a registry, name it as that registry's address".to_owned(),
    ];
    error_of(Fault::Buildpack, "artifacts/host/not-granted", summary, hints)
}

fn not_found(request: &str, address: &str) -> GuestError {
    let hint = "check the name and the version, and that the registry has them".to_owned();
    error_of(Fault::User, "artifacts/not-found", format!("`{request}` is not at `{address}`"), [hint])
}

fn mismatch(request: &str, address: &str, expected: &Digest, actual: &Digest) -> GuestError {
    let summary = format!(
        "`{request}` from `{address}` is not what was expected: it has the digest `{}` instead of `{}`",
        written(actual),
        written(expected)
    );
    let hints = [
        "if the package was published anew, update the lock file".to_owned(),
        "if it was not, the registry or something on the way to it changes files".to_owned(),
    ];
    error_of(Fault::User, "artifacts/digest/mismatch", summary, hints)
}

/// SHA-512 as lock files write it.
fn written(digest: &Digest) -> String {
    match digest.algorithm() {
        Algorithm::Sha512 => digest.integrity(),
        Algorithm::Sha256 => digest.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wattle_fetch::FetchError;

    fn check(error: &GuestError, real: &FetchError) {
        let parts = (error.code.as_str(), error.fault.to_string(), error.summary.clone(), error.hints.clone());
        let fault = format!("{:?}", real.fault()).to_lowercase();
        assert_eq!(parts, (real.code(), fault, real.to_string(), real.hints()));
    }

    #[test]
    fn errors_are_those_of_the_real_fetcher() {
        let (request, registry, host) = ("npm:a".to_owned(), "npm".to_owned(), "files.test".to_owned());
        let address = "https://npm.invalid/a".to_owned();
        let (expected, actual) = (digest_of(b"a", Algorithm::Sha512), Digest::of(b"b"));
        check(&invalid("a", "so"), &FetchError::Source { request: "a".into(), reason: "so" });
        check(
            &registry_not_granted(&request, &registry),
            &FetchError::RegistryNotGranted { request: request.clone(), registry },
        );
        check(&host_not_granted(&request, &host), &FetchError::HostNotGranted { request: request.clone(), host });
        check(
            &not_found(&request, &address),
            &FetchError::NotFound { request: request.clone(), address: address.clone() },
        );
        check(
            &mismatch(&request, &address, &expected, &actual),
            &FetchError::Digest { request, address, expected: expected.into(), actual: actual.into() },
        );
    }

    #[test]
    fn a_registry_is_reached_by_name_and_by_address() {
        let mut shelf = Shelf::default();
        shelf.registry("npm", "https://npm.test/mirror");
        shelf.put("npm:a/-/a-1.0.0.tgz", b"a".to_vec());
        shelf.put("https://files.test/b", b"b".to_vec());
        let capabilities = Capabilities {
            registries: vec!["npm".into()],
            hosts: vec!["files.test".into()],
            ..Capabilities::default()
        };
        let granted = Granted { shelf, capabilities };
        let check = |source: &str| match granted.fetch(&[Request { source: source.to_owned(), digest: None }]) {
            Ok(artifacts) => artifacts[0].address.clone(),
            Err(error) => error.code,
        };
        assert_eq!(check("npm:a/-/a-1.0.0.tgz"), "https://npm.test/mirror/a/-/a-1.0.0.tgz");
        assert_eq!(check("https://npm.test/mirror/a/-/a-1.0.0.tgz"), "https://npm.test/mirror/a/-/a-1.0.0.tgz");
        assert_eq!(check("https://FILES.test/c"), "artifacts/not-found");
        assert_eq!(check("https://files.test/b"), "https://files.test/b");
        assert_eq!(check("https://npm.test/other"), "artifacts/host/not-granted");
        assert_eq!(check("https://files.test:8443/b"), "artifacts/host/not-granted");
        assert_eq!(check("pypi:a"), "artifacts/registry/not-granted");
        assert_eq!(check("NPM:a"), "artifacts/source/invalid");
        assert_eq!(check("a"), "artifacts/source/invalid");
    }
}
