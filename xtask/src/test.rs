//! Running tests, checks and benchmarks.

use crate::shell;
use anyhow::{Result, bail};

/// Programs that end-to-end tests run, and the Debian package of each.
const PROGRAMS: [(&str, &str); 6] = [
    ("umoci", "umoci"),
    ("runc", "runc"),
    ("skopeo", "skopeo"),
    ("docker-registry", "docker-registry"),
    ("qemu-aarch64-static", "qemu-user-static"),
    ("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"),
];

/// Targets that cross-compiled parts are for.
const TARGETS: [&str; 4] =
    ["wasm32-wasip2", "x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl", "x86_64-pc-windows-gnu"];

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only tests whose name contains this
    filter: Option<String>,
}

/// Installs what is missing and runs all tests of the workspace.
pub(crate) fn run(args: &Args) -> Result<()> {
    set_up()?;
    let mut cargo = vec!["test", "--release", "--workspace", "--no-fail-fast"];
    cargo.extend(args.filter.as_deref());
    shell::run("cargo", &cargo)
}

/// Everything that is not a test.
pub(crate) fn check() -> Result<()> {
    set_up()?;
    crate::check_wit::run(&crate::root().join("wit"))?;
    shell::run("cargo", &["fmt", "--all", "--check"])?;
    shell::run("cargo", &["clippy", "--release", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"])?;
    if shell::has("cargo-deny") {
        shell::run("cargo", &["deny", "check", "bans", "licenses", "sources"])?;
    } else {
        bail!("`cargo-deny` is missing: run `cargo install --locked cargo-deny`");
    }
    // A check needs neither guests nor launcher; only the C parts of dependencies are really compiled.
    shell::run_with(
        "cargo",
        &["check", "--release", "--workspace", "--quiet", "--target", "x86_64-pc-windows-gnu"],
        &[("WATTLE_SKIP_EMBEDDED", "1")],
    )
}

/// Benchmarks, each beside a peer in the same run.
pub(crate) fn bench() -> Result<()> {
    shell::run("cargo", &["bench", "--profile", "release", "--package", "wattle-tests"])
}

/// Installs Debian packages and rustup targets that are missing.
fn set_up() -> Result<()> {
    let missing: Vec<&str> = PROGRAMS.iter().filter(|(program, _)| !shell::has(program)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        if !shell::has("apt-get") {
            bail!("the tests run these programs, which are missing here: install {}", missing.join(", "));
        }
        shell::run("apt-get", &["update", "--quiet", "--quiet"])?;
        let mut install = vec!["install", "--yes", "--quiet", "--quiet", "--no-install-recommends"];
        install.extend(missing);
        shell::run_with("apt-get", &install, &[("DEBIAN_FRONTEND", "noninteractive")])?;
    }
    if shell::has("rustup") {
        let mut add = vec!["target", "add", "--toolchain", "1.95.0"];
        add.extend(TARGETS);
        shell::run("rustup", &add)?;
    }
    Ok(())
}
