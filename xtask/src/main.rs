//! The chores of developing Wattle: `cargo xtask --help`.

mod bench;
mod check;
mod check_docs;
mod check_wit;
mod conformance;
mod set_up;
mod shell;
mod test;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The chores of developing Wattle
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install what tests need, run all of them and count them
    Test(test::Args),
    /// Check the contract, pages, format, licences, lints and documentation, and that the workspace compiles for Windows
    Check,
    /// Hold the contract in `wit/` to its rules
    CheckWit,
    /// Write `docs/cnb-conformance.md` from the names of tests
    Conformance,
    /// Measure speed and memory beside peers and print the ratios
    #[command(disable_help_flag = true)]
    Bench(bench::Args),
}

fn main() -> Result<ExitCode> {
    match Args::parse().chore {
        Chore::Test(args) => return test::run(&args),
        Chore::Check => check::run()?,
        Chore::CheckWit => check_wit::run(&root().join("wit"))?,
        Chore::Conformance => conformance::write(&root())?,
        Chore::Bench(args) => bench::run(&args)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}
