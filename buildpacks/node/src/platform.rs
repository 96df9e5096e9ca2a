//! Whether a package is for the machine that the image will run on.

use crate::lock::Package;
use nodejs_semver::{Range, Version};

/// What the image will run on, in Node's words.
#[derive(Debug, Clone)]
pub(crate) struct Platform {
    /// `process.platform`.
    pub(crate) os: String,
    /// `process.arch`.
    pub(crate) cpu: String,
    /// `glibc` or `musl`.
    pub(crate) libc: String,
    /// The Node that will run it.
    pub(crate) node: Version,
}

impl Platform {
    /// Whether its `os`, `cpu` and `libc` allow it here.
    pub(crate) fn fits(&self, package: &Package) -> bool {
        let lists = [(&package.os, &self.os), (&package.cpu, &self.cpu), (&package.libc, &self.libc)];
        lists.into_iter().all(|(list, value)| list.as_slice().is_empty() || allows(list.as_slice(), value))
    }

    /// Whether its `engines.node` allows the Node that will run it. What cannot be read allows any.
    pub(crate) fn runs(&self, package: &Package) -> bool {
        let range = package.engines.get("node").and_then(|range| Range::parse(range).ok());
        range.is_none_or(|range| range.satisfies(&self.node))
    }
}

/// None of the negated values, and at least one of the others, if there are any.
fn allows(list: &[String], value: &str) -> bool {
    if list == ["any"] {
        return true;
    }
    let negated = list.iter().filter_map(|entry| entry.strip_prefix('!'));
    if negated.clone().any(|entry| entry == value) {
        return false;
    }
    negated.count() == list.len() || list.iter().any(|entry| entry == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_platforms() {
        let check = |list: &[&str]| allows(&list.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>(), "linux");
        assert!(check(&["any"]));
        assert!(check(&["darwin", "linux"]));
        assert!(check(&["!win32"]));
        assert!(check(&["!win32", "linux"]));
        assert!(!check(&["darwin"]));
        assert!(!check(&["!linux"]));
        assert!(!check(&["!win32", "darwin"]));
    }
}
