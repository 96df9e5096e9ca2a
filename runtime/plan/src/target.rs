//! What a buildpack can build for, and what an image is.

use serde::{Deserialize, Serialize};

/// `[[targets]]` of `buildpack.toml`, and what a run image is, in the words of the OCI image specification. An empty field
/// stands for any value (Buildpack API 0.12, "Targets").
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Target {
    /// Operating system, such as `linux`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub os: String,
    /// Architecture, such as `amd64`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub arch: String,
    /// Variant of the architecture, such as `v8`. The reference implementation reads it from `arch-variant` only.
    #[serde(alias = "arch-variant", skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// Distributions, any of which will do; none means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub distros: Vec<Distro>,
}

/// A distribution of an operating system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Distro {
    /// os-release `ID`.
    pub name: String,
    /// os-release `VERSION_ID`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
}

impl Target {
    /// True if what is built for this target runs on an image that is `image`. An image of unknown distribution satisfies
    /// no target that names distributions.
    pub fn includes(&self, image: &Target) -> bool {
        same(&self.os, &image.os)
            && same(&self.arch, &image.arch)
            && same(&self.variant, &image.variant)
            && (self.distros.is_empty()
                || image.distros.iter().any(|theirs| self.distros.iter().any(|d| d.matches(theirs))))
    }
}

impl Distro {
    fn matches(&self, other: &Distro) -> bool {
        same(&self.name, &other.name) && same(&self.version, &other.version)
    }
}

fn same(a: &str, b: &str) -> bool {
    a.is_empty() || b.is_empty() || a == b
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        let mut fields = text.split(' ').map(|field| field.trim_matches('*').to_owned());
        let mut next = || fields.next().unwrap_or_default();
        let (os, arch, variant) = (next(), next(), next());
        let distros = fields.map(|field| {
            let (name, version) = field.split_once('-').unwrap_or((&field, ""));
            Distro { name: name.into(), version: version.into() }
        });
        Target { os, arch, variant, distros: distros.collect() }
    }

    #[test]
    fn b16_w18_empty_fields_match_everything_but_an_unknown_distribution_matches_no_list() {
        for (declared, image, expected) in [
            ("* * *", "linux arm64 v8 debian-12", true),
            ("linux amd64 *", "linux amd64 *", true),
            ("linux amd64 *", "linux arm64 *", false),
            ("linux arm64 v8", "linux arm64 *", true),
            ("linux arm64 v8", "linux arm64 v7", false),
            ("linux * * debian-12 ubuntu", "linux amd64 * ubuntu-24.04", true),
            ("linux * * debian-12", "linux amd64 * debian-13", false),
            ("linux * * debian-12", "linux amd64 *", false),
        ] {
            assert_eq!(target(declared).includes(&target(image)), expected, "{declared} / {image}");
        }
    }
}
