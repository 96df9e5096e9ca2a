//! Package URLs: names of packages that every scanner knows (Package URL specification, ECMA-427).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Everything but what the specification leaves as it is ("Character encoding").
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b':');

/// A package URL, such as `pkg:npm/%40scope/name@1.2.3`, in its canonical form if it was made here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Purl(String);

impl Purl {
    /// Of a package in npm's registry: `@scope/name`, or only a name. Case counts: old packages differ in it alone.
    pub fn npm(name: &str, version: &str) -> Purl {
        let (scope, name) = name.split_once('/').map_or((None, name), |(scope, name)| (Some(scope), name));
        Purl::new("npm", scope.as_slice(), name, version, &[])
    }

    /// Of a package in PyPI, whose names are equal whatever their case and separators (PEP 503).
    pub fn pypi(name: &str, version: &str) -> Purl {
        Purl::new("pypi", &[], &name.to_ascii_lowercase().replace(['_', '.'], "-"), version, &[])
    }

    /// Of a module of Go.
    pub fn golang(module: &str, version: &str) -> Purl {
        let parts: Vec<&str> = module.split('/').collect();
        let (name, namespace) = parts.split_last().map_or(("", &[][..]), |(name, namespace)| (*name, namespace));
        Purl::new("golang", namespace, name, version, &[])
    }

    /// Of an artifact in a Maven repository. `packaging` is said unless it is `jar`.
    pub fn maven(group: &str, artifact: &str, version: &str, packaging: &str) -> Purl {
        let qualifiers = [("type", packaging)];
        Purl::new("maven", &[group], artifact, version, if packaging == "jar" { &[] } else { &qualifiers })
    }

    /// Of a package of Debian or one of its children. `qualifiers` that are empty are left out.
    pub fn debian(vendor: &str, name: &str, version: &str, qualifiers: &[(&str, &str)]) -> Purl {
        Purl::new("deb", &[&vendor.to_ascii_lowercase()], &name.to_ascii_lowercase(), version, qualifiers)
    }

    /// Of something that no registry has.
    pub fn generic(name: &str, version: &str, qualifiers: &[(&str, &str)]) -> Purl {
        Purl::new("generic", &[], name, version, qualifiers)
    }

    /// One that somebody else wrote; none if it is no package URL at all.
    pub fn foreign(text: &str) -> Option<Purl> {
        let rest = text.strip_prefix("pkg:")?;
        let plain = !text.bytes().any(|byte| byte.is_ascii_control() || byte == b' ');
        (plain && rest.contains('/')).then(|| Purl(text.to_owned()))
    }

    fn new(kind: &str, namespace: &[&str], name: &str, version: &str, qualifiers: &[(&str, &str)]) -> Purl {
        let path = namespace.iter().chain([&name]).map(|part| encoded(part)).collect::<Vec<_>>().join("/");
        let version = if version.is_empty() { String::new() } else { format!("@{}", encoded(version)) };
        let mut qualifiers: Vec<_> = qualifiers.iter().filter(|(_, value)| !value.is_empty()).collect();
        qualifiers.sort_unstable();
        let qualifiers: Vec<_> = qualifiers.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
        let separator = if qualifiers.is_empty() { "" } else { "?" };
        Purl(format!("pkg:{kind}/{path}{version}{separator}{}", qualifiers.join("&")))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn encoded(text: &str) -> String {
    percent_encode(text.as_bytes(), ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_the_specification_has_it() {
        let debian = [("distro", "debian-12"), ("arch", "amd64"), ("upstream", "")];
        let purls = [
            Purl::npm("express", "4.21.2"),
            Purl::npm("@angular/animation", "12.3.1"),
            Purl::npm("JSONStream", "1.3.5+b4"),
            Purl::pypi("Typing_Extensions", "4.1"),
            Purl::golang("github.com/a/b", "v1.2.3"),
            Purl::maven("org.apache.commons", "io", "1.3.4", "jar"),
            Purl::maven("org.apache", "x", "1", "war"),
            Purl::debian("Debian", "libstdc++6", "1:12.2.0-14~deb12u1+b2", &debian),
            Purl::generic("a file?", "", &[("checksum", "sha256:00")]),
        ];
        insta::assert_snapshot!(purls.map(|purl| purl.to_string()).join("\n"), @r#"
        pkg:npm/express@4.21.2
        pkg:npm/%40angular/animation@12.3.1
        pkg:npm/JSONStream@1.3.5%2Bb4
        pkg:pypi/typing-extensions@4.1
        pkg:golang/github.com/a/b@v1.2.3
        pkg:maven/org.apache.commons/io@1.3.4
        pkg:maven/org.apache/x@1?type=war
        pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14~deb12u1%2Bb2?arch=amd64&distro=debian-12
        pkg:generic/a%20file%3F?checksum=sha256:00
        "#);
    }

    #[test]
    fn of_others_only_what_looks_like_one_is_taken() {
        assert!(Purl::foreign("pkg:npm/a@1").is_some());
        for bad in ["", "npm/a", "pkg:a", "pkg:npm/a b", "pkg:npm/a\n"] {
            assert_eq!(Purl::foreign(bad), None, "{bad:?}");
        }
    }
}
