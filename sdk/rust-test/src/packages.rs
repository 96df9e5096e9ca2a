//! What packages of the operating system a buildpack can have in a test: those that the test names, within what
//! `buildpack.toml` declares.

use std::sync::{Mutex, PoisonError};
use wattle_plan::{BuildpackKey, Capabilities};
use wattle_sandbox::{Fault, GuestError, Installed, Packages};

/// Packages by name: those of the run image, and those that can be added. Says no as the real host does.
#[derive(Clone, Default)]
pub(crate) struct Archive(Vec<Installed>);

impl Archive {
    /// Has this package.
    pub(crate) fn put(&mut self, name: &str, version: &str, in_run_image: bool) {
        self.0.retain(|package| package.name != name);
        self.0.push(Installed { name: name.to_owned(), version: version.to_owned(), in_run_image });
    }

    fn find(&self, request: &str) -> Result<Installed, GuestError> {
        let (name, version) = request.split_once('=').map_or((request, None), |(name, version)| (name, Some(version)));
        let found = self.0.iter().find(|package| package.name == name);
        let found = found.filter(|package| version.is_none_or(|version| package.version == version));
        found.cloned().ok_or_else(|| GuestError {
            code: "packages/unknown".to_owned(),
            fault: Fault::User,
            summary: format!("there is no package `{request}`"),
            detail: None,
            hints: Vec::new(),
        })
    }
}

/// An archive, as far as one buildpack may reach, and what was asked of it.
pub(crate) struct Granted {
    pub(crate) archive: Archive,
    pub(crate) buildpack: BuildpackKey,
    pub(crate) capabilities: Capabilities,
    pub(crate) asked: Mutex<Vec<Installed>>,
}

impl Granted {
    /// What was asked for, in order, each once.
    pub(crate) fn asked(&self) -> Vec<Installed> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Packages for Granted {
    fn require(&self, packages: &[String]) -> Result<Vec<Installed>, GuestError> {
        if let Some(request) = packages.iter().find(|request| !self.capabilities.may_have(request)) {
            return Err(not_granted(&self.buildpack, request));
        }
        let found: Vec<_> = packages.iter().map(|request| self.archive.find(request)).collect::<Result<_, _>>()?;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        for package in &found {
            if !asked.contains(package) {
                asked.push(package.clone());
            }
        }
        Ok(found)
    }
}

fn not_granted(buildpack: &BuildpackKey, request: &str) -> GuestError {
    GuestError {
        code: "packages/not-granted".to_owned(),
        fault: Fault::Buildpack,
        summary: format!("`{}` may not add the package `{request}`", buildpack.id),
        detail: None,
        hints: vec!["declare it in `[metadata.wattle.packages]` of its `buildpack.toml`".to_owned()],
    }
}
