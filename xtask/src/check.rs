//! Everything that is not a test, what fails soonest first.

use crate::{check_docs, check_wit, conformance, set_up, shell};
use anyhow::{Result, bail};

/// The program that checks licences and sources of dependencies, and how to get it.
const DENY: &str = "cargo install --locked cargo-deny";

/// Checks everything.
pub(crate) fn run() -> Result<()> {
    check_wit::run(&crate::root().join("wit"))?;
    check_docs::run(&crate::root())?;
    conformance::check(&crate::root())?;
    shell::run("cargo", &["fmt", "--all", "--check"])?;
    set_up::for_checks()?;
    deny()?;
    shell::run(
        "cargo",
        &["clippy", "--release", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"],
    )?;
    document()?;
    windows()
}

fn deny() -> Result<()> {
    if !shell::has("cargo-deny") {
        bail!("`cargo-deny` is missing: run `{DENY}`");
    }
    shell::run("cargo", &["deny", "--log-level", "error", "check", "bans", "licenses", "sources"])
}

/// Documentation whose links lead nowhere is an error.
fn document() -> Result<()> {
    let flags = [("RUSTDOCFLAGS", "--deny warnings")];
    shell::run_with("cargo", &["doc", "--release", "--workspace", "--no-deps", "--quiet"], &flags)
}

/// A check needs neither guests nor launcher, and compiles only the C parts of dependencies.
fn windows() -> Result<()> {
    let flags = [("WATTLE_SKIP_EMBEDDED", "1"), ("RUSTFLAGS", "--deny warnings")];
    shell::run_with("cargo", &["check", "--release", "--workspace", "--quiet", "--target", set_up::WINDOWS], &flags)
}
