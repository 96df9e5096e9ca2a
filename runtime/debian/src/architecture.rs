//! Processor architectures, by the names of Debian and of OCI, which agree on those that Wattle makes images for.

use std::fmt;
use std::str::FromStr;

/// A processor architecture that run images are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    /// 64-bit x86.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

/// A name of no architecture that run images are made for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there are no run images for the architecture `{0}`: `amd64` and `arm64` are known")]
pub struct UnknownArchitecture(String);

impl UnknownArchitecture {
    pub(crate) fn new(name: &str) -> UnknownArchitecture {
        UnknownArchitecture(name.to_owned())
    }
}

impl Architecture {
    /// The name in indexes, packages and image configurations.
    pub fn name(self) -> &'static str {
        match self {
            Architecture::Amd64 => "amd64",
            Architecture::Arm64 => "arm64",
        }
    }

    /// The directories at the root that are links into `usr` on this architecture (Debian's merged `/usr`). Beyond `bin`,
    /// `sbin` and `lib` it is the one that the ABI names the dynamic loader in.
    pub(crate) fn merged_directories(self) -> &'static [&'static str] {
        match self {
            Architecture::Amd64 => &["bin", "lib", "lib64", "sbin"],
            Architecture::Arm64 => &["bin", "lib", "sbin"],
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Architecture {
    type Err = UnknownArchitecture;

    fn from_str(name: &str) -> Result<Architecture, UnknownArchitecture> {
        match name {
            "amd64" => Ok(Architecture::Amd64),
            "arm64" => Ok(Architecture::Arm64),
            other => Err(UnknownArchitecture(other.to_owned())),
        }
    }
}
