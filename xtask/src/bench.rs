//! Running benchmarks, each beside a peer in the same run.

use crate::shell;
use anyhow::Result;

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Passed on, such as `files --runs 9` or `--json`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    passed: Vec<String>,
}

/// Runs them and prints the ratios.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut cargo = vec!["bench", "--profile", "release", "--package", "wattle", "--bench", "bench", "--"];
    cargo.extend(args.passed.iter().map(String::as_str));
    shell::run("cargo", &cargo)
}
