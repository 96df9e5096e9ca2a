//! Names of images.

use std::fmt;
use std::str::FromStr;
use wattle_tree::Digest;

/// The registry that a reference means when it names none.
const DEFAULT_REGISTRY: &str = "docker.io";
/// Where that registry keeps what a reference names with one word only.
const DEFAULT_NAMESPACE: &str = "library/";
/// Longest `registry/repository` (distribution specification, "Pulling manifests").
const MAX_NAME: usize = 255;
/// Longest tag.
const MAX_TAG: usize = 128;

/// Where an image is: `registry/repository:tag@digest`, with the registry that was left out filled in, as every tool does
/// (`ubuntu` is `docker.io/library/ubuntu`). The tag is not: what an absent one means is for the caller to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Text that is not the name of an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an image reference: {reason}")]
pub struct ReferenceError {
    /// What was to be read.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Reference {
    /// Host and port of the registry.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository in that registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, if one is named.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if one is named. It counts more than the tag.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// `registry/repository`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The same repository at `digest`, without a tag.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Reference {
        Reference { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// The same repository at `tag`, without a digest.
    pub fn tagged(&self, tag: &str) -> Result<Reference, ReferenceError> {
        check_tag(tag).map_err(|reason| ReferenceError { text: tag.to_owned(), reason })?;
        Ok(Reference { tag: Some(tag.to_owned()), digest: None, ..self.clone() })
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Reference, ReferenceError> {
        parse(text).map_err(|reason| ReferenceError { text: text.to_owned(), reason })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

fn parse(text: &str) -> Result<Reference, String> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.parse::<Digest>().map_err(|error| error.to_string())?)),
        None => (text, None),
    };
    // A colon before the last slash belongs to the port of the registry.
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    tag.map_or(Ok(()), check_tag)?;
    let (registry, repository) = split_registry(name);
    check_registry(&registry)?;
    check_repository(&repository)?;
    if registry.len() + 1 + repository.len() > MAX_NAME {
        return Err(format!("its name is longer than {MAX_NAME} bytes"));
    }
    Ok(Reference { registry, repository, tag: tag.map(str::to_owned), digest })
}

/// The first part is a registry if it cannot be the name of a user: it has a dot or a port, or is `localhost`.
fn split_registry(name: &str) -> (String, String) {
    let (registry, repository) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => (DEFAULT_REGISTRY, name),
    };
    let registry = if registry == "index.docker.io" { DEFAULT_REGISTRY } else { registry };
    let namespace = if registry == DEFAULT_REGISTRY && !repository.contains('/') { DEFAULT_NAMESPACE } else { "" };
    (registry.to_owned(), format!("{namespace}{repository}"))
}

fn check_registry(registry: &str) -> Result<(), String> {
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (registry, None),
    };
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host_is_good = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_label),
    };
    if host_is_good && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0)) {
        Ok(())
    } else {
        Err(format!("`{registry}` is not the host of a registry"))
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn check_repository(repository: &str) -> Result<(), String> {
    match repository.split('/').find(|part| !is_component(part)) {
        None => Ok(()),
        Some("") => Err("a part of the repository's name is empty".to_owned()),
        Some(part) => Err(format!(
            "`{part}` is not part of a repository's name: lower-case letters, digits, and `.`, `_`, `-` between"
        )),
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(part: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let separators: Vec<&str> =
        part.split(|c: char| c.is_ascii() && word(c as u8)).filter(|gap| !gap.is_empty()).collect();
    part.bytes().next().is_some_and(word)
        && part.bytes().last().is_some_and(word)
        && separators.iter().all(|gap| matches!(*gap, "." | "_" | "__") || gap.bytes().all(|byte| byte == b'-'))
}

fn check_tag(tag: &str) -> Result<(), String> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let good = tag.len() <= MAX_TAG
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-');
    if good { Ok(()) } else { Err(format!("`{tag}` is not a tag")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match text.parse::<Reference>() {
            Ok(reference) => {
                assert_eq!(reference.to_string().parse().as_ref(), Ok(&reference), "its own text means the same");
                let tag = reference.tag().unwrap_or("-");
                let digest = reference.digest().map_or("-".to_owned(), |digest| digest.hex()[..6].to_owned());
                format!("{} | {} | {tag} | {digest}", reference.registry(), reference.repository())
            }
            Err(error) => error.reason,
        }
    }

    #[test]
    fn p111_w28_fills_in_what_is_left_out() {
        let digest = Digest::of(b"");
        assert_eq!(check("ubuntu"), "docker.io | library/ubuntu | - | -");
        assert_eq!(check("ubuntu:24.04"), "docker.io | library/ubuntu | 24.04 | -");
        assert_eq!(check("index.docker.io/ubuntu"), "docker.io | library/ubuntu | - | -");
        assert_eq!(check("some/image"), "docker.io | some/image | - | -");
        assert_eq!(check("localhost/image"), "localhost | image | - | -");
        assert_eq!(check("localhost:5000/a/b:c"), "localhost:5000 | a/b | c | -");
        assert_eq!(check("[::1]:5000/a"), "[::1]:5000 | a | - | -");
        assert_eq!(check("[::1]/a"), "[::1] | a | - | -");
        assert_eq!(check("r.example/a__b/c--d.e:T_1.x-y"), "r.example | a__b/c--d.e | T_1.x-y | -");
        assert_eq!(check(&format!("r.example/a:t@{digest}")), "r.example | a | t | e3b0c4");
    }

    #[test]
    fn refuses_what_no_registry_takes() {
        assert_eq!(check(""), "a part of the repository's name is empty");
        assert_eq!(check("r.example/"), "a part of the repository's name is empty");
        assert_eq!(check("a//b"), "a part of the repository's name is empty");
        assert_eq!(check("a:"), "`` is not a tag");
        assert_eq!(check(&format!("a:{}", "t".repeat(129))), format!("`{}` is not a tag", "t".repeat(129)));
        assert_eq!(check("../a"), "`..` is not the host of a registry");
        assert_eq!(check("r..example/a"), "`r..example` is not the host of a registry");
        assert_eq!(check("r.example:0/a"), "`r.example:0` is not the host of a registry");
        assert_eq!(check("[zz]:1/a"), "`[zz]:1` is not the host of a registry");
        assert_eq!(check(&format!("r.example/{}", "a".repeat(250))), "its name is longer than 255 bytes");
        for name in ["Upper", "a___b", "a..b", "-a", "a-", "ä"] {
            assert!(check(name).contains("is not part of a repository's name"), "{name}");
        }
        assert!(check("a@sha256:00").contains("is not a digest"));
    }

    #[test]
    fn gives_its_neighbours() {
        let reference: Reference = "r.example/a:t".parse().unwrap();
        assert_eq!(reference.at(Digest::of(b"")).to_string(), format!("r.example/a@{}", Digest::of(b"")));
        assert_eq!(reference.tagged("u").map(|reference| reference.to_string()), Ok("r.example/a:u".to_owned()));
        assert!(reference.tagged("a b").is_err());
    }
}
