//! Packages of the image's operating system.

use crate::bindings::wattle::buildpack::packages as host;

/// A package that the image has.
#[derive(Debug, Clone)]
pub struct Installed(pub(crate) host::Installed);

impl Installed {
    /// Its name. Not the one asked for if that is a name which other packages provide.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its version, as the distribution writes it, such as `1.22.1-9+deb12u4`.
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// True if the run image had it.
    pub fn in_run_image(&self) -> bool {
        self.0.in_run_image
    }
}
