//! Opening directories that were named on the command line.

use anyhow::{Context as _, Result};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use std::path::Path;
use wattle_engine::Package;
use wattle_tree::directory::{self, Rules};

/// The buildpack in a directory.
pub(crate) fn open_package(path: &Path) -> Result<Package> {
    let directory = Dir::open_ambient_dir(path, ambient_authority()).context("it cannot be opened")?;
    // Before all of it is read: it may be any directory.
    if !directory.exists("buildpack.toml") {
        return Err(wattle_engine::PackageError::NoManifest(path.display().to_string()).into());
    }
    let files = directory::read(&directory, &Rules::none())?;
    Ok(Package::new(&path.display().to_string(), files)?)
}
