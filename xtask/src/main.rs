//! The chores of developing Wattle: `cargo xtask --help`.

mod check_wit;
mod shell;
mod test;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};

/// The chores of developing Wattle
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install what tests need and run all of them
    Test(test::Args),
    /// Format, lint, check licences and the contract, and see that the workspace compiles for Windows
    Check,
    /// Hold the contract in `wit/` to its rules
    CheckWit,
    /// Measure speed and memory beside peers and print the ratios
    Bench,
}

fn main() -> Result<()> {
    match Args::parse().chore {
        Chore::Test(args) => test::run(&args),
        Chore::Check => test::check(),
        Chore::CheckWit => check_wit::run(&root().join("wit")),
        Chore::Bench => test::bench(),
    }
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}
