//! npm, to hold our `node_modules` to its.

use super::files::Files;
use super::listing::Listing;
use super::process::Process;
use crate::guests;
use std::process::Command;

/// npm in the directory of an application.
pub struct Npm<'a>(pub &'a Files);

impl Npm<'_> {
    /// Writes `package-lock.json`.
    #[track_caller]
    pub fn lock(&self) {
        self.run(&["install", "--package-lock-only"]);
    }

    /// Installs what the lock file says, and lists the directory with that in it.
    #[track_caller]
    pub fn ci(&self) -> Listing {
        self.run(&["ci", "--omit=dev"]);
        Listing::of_directory(self.0.path())
    }

    /// npm's own settings and cache of downloads serve all tests; nothing is run that packages bring.
    #[track_caller]
    fn run(&self, args: &[&str]) {
        let mut command = Command::new("npm");
        command.args(args).args(["--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(self.0.path());
        command.env("npm_config_cache", guests::target_directory().join("wattle-test-npm"));
        let output = Process::start(command).finish();
        assert_eq!(output.code, 0, "npm {args:?} failed:\n{}{}", output.stdout, output.stderr);
    }
}
