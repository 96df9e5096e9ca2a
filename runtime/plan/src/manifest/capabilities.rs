//! What a buildpack may touch besides files: declared below `[metadata.wattle]`.

use crate::{Document, DocumentError};
use serde::Deserialize;
use toml::Spanned;

/// Longest type of a service binding, in bytes.
const MAX_BINDING: usize = 100;

/// What a buildpack may touch besides files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Names of the package registries that it may fetch from, such as `npm`; sorted.
    pub registries: Vec<String>,
    /// Hosts, `name` or `name:port`, that it may fetch from; sorted.
    pub hosts: Vec<String>,
    /// Names of the operating-system packages that it may ask for, what they depend on not counted; sorted. `*` is every
    /// package.
    pub packages: Vec<String>,
    /// Types of the service bindings that it may see, such as `ca-certificates`; sorted. There is no `*`: a binding is a
    /// secret of the operator's.
    pub bindings: Vec<String>,
}

impl Capabilities {
    /// True if it may ask for this package: a name, or a name, `=` and a version.
    pub fn may_have(&self, package: &str) -> bool {
        let name = package.split('=').next().unwrap_or_default();
        self.packages.iter().any(|granted| granted == "*" || granted == name)
    }

    /// True if it may see service bindings of this type. Types are compared as other buildpacks do, without regard to case.
    pub fn may_see_binding(&self, kind: &str) -> bool {
        self.bindings.iter().any(|granted| granted.eq_ignore_ascii_case(kind))
    }

    /// The capabilities that are written down, checked.
    pub(super) fn read(
        document: &Document,
        artifacts: RawArtifacts,
        packages: RawPackages,
        bindings: Vec<Spanned<String>>,
    ) -> Result<Capabilities, DocumentError> {
        Ok(Capabilities {
            registries: names(document, artifacts.registries, is_registry, "the name of a registry, such as `npm`")?,
            hosts: names(document, artifacts.hosts, is_host, "a host in lower case, such as `downloads.example`")?,
            packages: names(document, packages.names, is_package, "the name of a package, such as `nginx`, or `*`")?,
            bindings: names(
                document,
                bindings,
                is_binding,
                "the type of a service binding, such as `ca-certificates`",
            )?,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawPackages {
    names: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawArtifacts {
    registries: Vec<Spanned<String>>,
    hosts: Vec<Spanned<String>>,
}

/// The values of a list, sorted, each of which must satisfy `valid`.
fn names(
    document: &Document,
    values: Vec<Spanned<String>>,
    valid: fn(&str) -> bool,
    expected: &str,
) -> Result<Vec<String>, DocumentError> {
    if let Some(bad) = values.iter().find(|value| !valid(value.get_ref())) {
        return Err(document.error(bad.span(), format!("`{}`: expected {expected}", bad.get_ref())));
    }
    let mut values: Vec<_> = values.into_iter().map(Spanned::into_inner).collect();
    values.sort();
    values.dedup();
    Ok(values)
}

/// Debian policy, section 5.6.7.
fn is_package(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    name == "*" || name.len() > 1 && starts_well && name.chars().all(allowed)
}

/// A type is told from others by what people write in a file: what they cannot see there is not in it.
fn is_binding(kind: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/');
    (1..=MAX_BINDING).contains(&kind.len()) && kind.chars().all(allowed)
}

fn is_registry(name: &str) -> bool {
    is_label(name) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// A host name, and a port if there is one. No pattern: authority is given host by host.
fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port));
    port && name.len() <= 253 && name.split('.').all(is_label)
}

/// One part of a host name.
fn is_label(label: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&label.len()) && label.chars().all(allowed) && !label.starts_with('-') && !label.ends_with('-')
}
