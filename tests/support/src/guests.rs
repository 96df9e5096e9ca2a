//! Guest components, built when a test first asks for them.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};

static BUILT: LazyLock<Mutex<BTreeMap<String, PathBuf>>> = LazyLock::new(Mutex::default);

/// Path of the component of a package of this workspace, built for `wasm32-wasip2`.
pub fn component(package: &str) -> PathBuf {
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.entry(package.to_owned()).or_insert_with(|| build(package)).clone()
}

fn build(package: &str) -> PathBuf {
    let target = target_directory().join("guests");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(["build", "--quiet", "--locked", "--profile", "guest", "--target", "wasm32-wasip2"]);
    cargo.args(["--package", package, "--target-dir"]).arg(&target);
    let output = cargo.output().expect("cargo can be started");
    assert!(output.status.success(), "{package} cannot be built:\n{}", String::from_utf8_lossy(&output.stderr));
    target.join("wasm32-wasip2/guest").join(format!("{}.wasm", package.replace('-', "_")))
}

/// The workspace's folder.
pub fn root() -> PathBuf {
    let support = Path::new(env!("CARGO_MANIFEST_DIR"));
    support.ancestors().nth(2).map(Path::to_owned).expect("the package lies two folders deep in the workspace")
}

/// Where cargo builds: the test's own program lies in `<target>/<profile>/deps`.
pub(crate) fn target_directory() -> PathBuf {
    let program = env::current_exe().expect("the test knows its own path");
    program.ancestors().nth(3).map(Path::to_owned).expect("tests lie in `<target>/<profile>/deps`")
}
