//! Running benchmarks, each beside a peer in the same run.

use crate::shell;
use anyhow::Result;

/// Runs them and prints the ratios.
pub(crate) fn run() -> Result<()> {
    shell::run("cargo", &["bench", "--profile", "release", "--package", "wattle"])
}
