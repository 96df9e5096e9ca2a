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

/// The Buildpack API that `buildpack.toml` is read by. For major 0 only the very same version is compatible.
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

    fn from_str(text: &str) -> Result<ApiVersion, VersionError> {
        match numbers(text).as_deref() {
            Some([major]) => Ok(ApiVersion { major: *major, minor: 0 }),
            Some([major, minor]) => Ok(ApiVersion { major: *major, minor: *minor }),
            _ => Err(VersionError::Api(text.to_owned())),
        }
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
    fn reads_numbers_and_nothing_else() {
        let version: Version = "1.20.3".parse().unwrap();
        assert_eq!(version.to_string(), "1.20.3");
        assert!(version < "1.100.0".parse().unwrap(), "ordered as numbers");
        for bad in ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.-3", "1.2.+3", "v1.2.3", "1.2.3-rc", "1..3"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
        assert_eq!("1".parse::<ApiVersion>().unwrap().to_string(), "1.0");
        assert_eq!("0.12".parse(), Ok(API));
        assert!("0.12.0".parse::<ApiVersion>().is_err());
    }
}
