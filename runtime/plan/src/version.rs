//! Versions of buildpacks and of the interface they are written for.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The version of a buildpack: `X.Y.Z`, non-negative numbers without leading zeros. Ordered as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// X.
    pub major: u64,
    /// Y.
    pub minor: u64,
    /// Z.
    pub patch: u64,
}

/// The version of an interface, `<major>.<minor>` or `<major>`, which stands for `<major>.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApiVersion {
    /// The first number.
    pub major: u64,
    /// The second number.
    pub minor: u64,
}

/// The Buildpack API that `buildpack.toml` is read by.
pub const API: ApiVersion = ApiVersion { major: 0, minor: 12 };

/// Text that is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Not the version of a buildpack.
    #[error("`{0}` is not the version of a buildpack: expected three numbers without leading zeros, such as `1.4.0`")]
    Buildpack(String),
    /// Not the version of an interface.
    #[error("`{0}` is not the version of an interface: expected one or two numbers, such as `{API}`")]
    Api(String),
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Version, VersionError> {
        match numbers(text).as_deref() {
            Some([major, minor, patch]) => Ok(Version { major: *major, minor: *minor, patch: *patch }),
            _ => Err(VersionError::Buildpack(text.to_owned())),
        }
    }
}

impl FromStr for ApiVersion {
    type Err = VersionError;

    /// A `v` before the numbers does not count, as in the reference implementation.
    fn from_str(text: &str) -> Result<ApiVersion, VersionError> {
        match numbers(text.strip_prefix('v').unwrap_or(text)).as_deref() {
            Some([major]) => Ok(ApiVersion { major: *major, minor: 0 }),
            Some([major, minor]) => Ok(ApiVersion { major: *major, minor: *minor }),
            _ => Err(VersionError::Api(text.to_owned())),
        }
    }
}

impl ApiVersion {
    /// True if who speaks this version understands what is written for `other`: for major 0 the very same, otherwise every
    /// one that came before in the same major.
    pub fn covers(self, other: ApiVersion) -> bool {
        self == other || self.major > 0 && self.major == other.major && self.minor >= other.minor
    }
}

/// The numbers between the dots, if each is written the way that a number prints.
fn numbers(text: &str) -> Option<Vec<u64>> {
    text.split('.').map(|part| part.parse().ok().filter(|number: &u64| number.to_string() == part)).collect()
}

impl TryFrom<String> for Version {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Version, VersionError> {
        text.parse()
    }
}

impl TryFrom<String> for ApiVersion {
    type Error = VersionError;

    fn try_from(text: String) -> Result<ApiVersion, VersionError> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.to_string()
    }
}

impl From<ApiVersion> for String {
    fn from(version: ApiVersion) -> String {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b4_versions_of_buildpacks_are_three_numbers() {
        let version: Version = "1.20.3".parse().unwrap();
        assert_eq!(version.to_string(), "1.20.3");
        assert!(version < "1.100.0".parse().unwrap(), "ordered as numbers");
        for bad in ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.-3", "1.2.+3", "v1.2.3", "1.2.3-rc", "1..3"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }

    #[test]
    fn b1_versions_of_interfaces_are_one_or_two_numbers() {
        let check = |text: &str| text.parse::<ApiVersion>().map(|version| version.to_string()).unwrap_or_default();
        for (text, expected) in [
            ("0.12", "0.12"),
            ("1", "1.0"),
            ("v0.12", "0.12"),
            ("18446744073709551615.0", "18446744073709551615.0"),
            ("18446744073709551616.0", ""),
            ("0.12.0", ""),
            ("vv0.12", ""),
            ("0.-1", ""),
            ("0.", ""),
            ("0.x", ""),
            ("", ""),
        ] {
            assert_eq!(check(text), expected, "{text}");
        }
        assert_eq!("0.12".parse(), Ok(API));
    }

    #[test]
    fn b2_of_major_0_a_version_covers_itself_only() {
        let version = |text: &str| text.parse::<ApiVersion>().unwrap();
        for (ours, theirs, expected) in [
            ("0.12", "0.12", true),
            ("0.12", "0.11", false),
            ("0.12", "0.13", false),
            ("0.12", "1.0", false),
            ("1.2", "1.0", true),
            ("1.2", "1.2", true),
            ("1.2", "1.3", false),
            ("1.2", "2.0", false),
            ("2.0", "1.2", false),
        ] {
            assert_eq!(version(ours).covers(version(theirs)), expected, "{ours} {theirs}");
        }
    }
}
