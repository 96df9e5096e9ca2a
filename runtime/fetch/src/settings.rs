//! What registries are looked up by, all of it handed in.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Configuration files larger than this are not read: 1 MiB.
const MAX_FILE: u64 = 1 << 20;

/// Where registries are looked for, and how far.
#[derive(Clone, Default)]
pub struct Settings {
    /// Addresses that the operator named: by registry (`npm`), or by registry and scope (`npm:@acme`).
    pub explicit: BTreeMap<String, Explicit>,
    /// The environment variables to go by, such as `NPM_CONFIG_REGISTRY` and `HTTPS_PROXY`.
    pub environment: BTreeMap<String, String>,
    /// The user's home directory, where `.npmrc` and its like are.
    pub home: Option<PathBuf>,
    /// The application's directory.
    pub project: PathBuf,
    /// Whether the application's own configuration files may do what its author's machine would let them: put environment
    /// variables into credentials, name a proxy or certificates, and name registries in private networks. Right when the
    /// application belongs to whoever runs the build, wrong for anybody else's.
    pub trust_project: bool,
    /// The directory that the machine's configuration is below, usually `/`. Nothing of the machine is read if it is empty.
    pub root: PathBuf,
    /// Whether an ecosystem's own client may be asked (`npm config get registry`) when nothing else names its registry.
    pub run_commands: bool,
}

/// An address that the operator named.
#[derive(Debug, Clone)]
pub struct Explicit {
    /// The address, `https://...`.
    pub address: String,
    /// Where it was named, for people: "`--registry` on the command line".
    pub origin: String,
}

impl std::fmt::Debug for Settings {
    /// Without values: addresses and variables may have credentials in them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("explicit", &self.explicit.keys()).finish_non_exhaustive()
    }
}

impl Settings {
    /// The first of these environment variables that is there and not empty.
    pub(crate) fn variable(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.environment.get(*name)).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A file of the machine, `etc/pip.conf`.
    pub(crate) fn machine(&self, path: &str) -> Option<PathBuf> {
        (!self.root.as_os_str().is_empty()).then(|| self.root.join(path))
    }

    /// A file below the user's home directory.
    pub(crate) fn user(&self, path: &str) -> Option<PathBuf> {
        Some(self.home.as_ref()?.join(path))
    }

    /// Where the user's programs keep their configuration on this system.
    pub(crate) fn user_configuration(&self, path: &str) -> Option<PathBuf> {
        if let Some(directory) = self.variable(&["XDG_CONFIG_HOME"]) {
            return Some(Path::new(directory).join(path));
        }
        if cfg!(windows) {
            return Some(Path::new(self.variable(&["APPDATA"])?).join(path));
        }
        let directory = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
        Some(self.user(directory)?.join(path))
    }
}

/// The text of a configuration file; nothing if it is not there, not text or too large, as the clients that own these
/// files do without what they cannot read.
pub(crate) fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    let length = file.take(MAX_FILE + 1).read_to_string(&mut text).ok()?;
    (length as u64 <= MAX_FILE).then_some(text)
}
