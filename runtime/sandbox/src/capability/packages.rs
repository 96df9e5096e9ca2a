//! `packages`: what the guest asks of the image's operating system.

use crate::capability::image::Image;
use crate::failure::GuestError;
use crate::generated::wattle::buildpack::packages::{self, Installed};
use crate::generated::wattle::buildpack::types::Error;
use crate::state::State;
use wasmtime::Result;
use wasmtime::component::Resource;

/// Longest name with a version that is looked at, in bytes. Debian's longest is below 100.
const LONGEST: usize = 512;

impl packages::Host for State {
    fn require(
        &mut self,
        image: Resource<Image>,
        packages: Vec<String>,
    ) -> Result<std::result::Result<Vec<Installed>, Error>> {
        self.table.get(&image)?;
        if let Some(bad) = packages.iter().find(|package| !is_request(package)) {
            let shown: String = bad.chars().take(80).collect();
            let summary = format!("`{}` is not the name of a package", shown.escape_debug());
            return Ok(Err(GuestError::buildpack("packages/name", summary).into()));
        }
        let installed = match self.packages.require(&packages) {
            Ok(installed) => installed,
            Err(error) => return Ok(Err(error.into())),
        };
        let guests = installed.into_iter().map(|it| Installed {
            name: it.name,
            version: it.version,
            in_run_image: it.in_run_image,
        });
        Ok(Ok(guests.collect()))
    }
}

/// True for a name, alone or with `=` and a version, as Debian writes them (Debian policy, sections 5.6.7 and 5.6.12).
fn is_request(text: &str) -> bool {
    let (name, version) = text.split_once('=').map_or((text, None), |(name, version)| (name, Some(version)));
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
    let is_version = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '~' | ':');
    text.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.chars().all(is_name)
        && version.is_none_or(|version| !version.is_empty() && version.chars().all(is_version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_names_and_versions() {
        for good in ["nginx", "libstdc++6", "0ad", "libc6=2.36-9+deb12u10", "x=1:2.0~rc1-1"] {
            assert!(is_request(good), "{good}");
        }
        for bad in ["", "Nginx", "-y", "a b", "a=", "=1", "../x", "a/b", "a=1 2", &"a".repeat(513)] {
            assert!(!is_request(bad), "{bad}");
        }
    }
}
