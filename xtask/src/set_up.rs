//! Installing what chores need: Debian packages and rustup targets.

use crate::shell;
use anyhow::{Result, bail};

/// Programs that tests run, and the Debian package of each.
const TEST_PROGRAMS: [(&str, &str); 9] = [
    ("umoci", "umoci"),
    ("runc", "runc"),
    ("skopeo", "skopeo"),
    ("docker-registry", "docker-registry"),
    ("qemu-aarch64-static", "qemu-user-static"),
    ("npm", "npm"),
    ("mmdebstrap", "mmdebstrap"),
    ("python3", "python3"),
    ("openssl", "openssl"),
];

/// The C compiler for the C parts of dependencies on Windows.
const CHECK_PROGRAMS: [(&str, &str); 1] = [("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64")];

/// What guests and the launcher are for.
const TEST_TARGETS: [&str; 3] = ["wasm32-wasip2", "x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

/// What is only checked.
pub(crate) const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// Whatever tests need.
pub(crate) fn for_tests() -> Result<()> {
    programs(&TEST_PROGRAMS)?;
    targets(&TEST_TARGETS)
}

/// Whatever checks need.
pub(crate) fn for_checks() -> Result<()> {
    programs(&CHECK_PROGRAMS)?;
    targets(&TEST_TARGETS)?;
    targets(&[WINDOWS])
}

/// Installs the Debian packages of programs that are missing.
fn programs(programs: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<&str> =
        programs.iter().filter(|(program, _)| !shell::has(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !shell::has("apt-get") {
        bail!("programs are missing here that this chore runs: install {}", missing.join(", "));
    }
    shell::run_as_root("apt-get", &["update", "--quiet", "--quiet"])?;
    let install = ["install", "--yes", "--quiet", "--quiet", "--no-install-recommends"];
    shell::run_as_root("apt-get", &[&install, &*missing].concat())
}

/// Adds targets to the toolchain of `rust-toolchain.toml`. Without rustup they came with the compiler, or what is built
/// next says which is missing.
fn targets(targets: &[&str]) -> Result<()> {
    if !shell::has("rustup") {
        return Ok(());
    }
    shell::run("rustup", &[&["--quiet", "target", "add"], targets].concat())
}
