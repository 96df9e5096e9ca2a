//! Builds what the command line program carries: first-party components for WebAssembly, and the programs that run in images
//! for every architecture that these are made for. All of them come out the same wherever the repository lies.

#![expect(clippy::expect_used, clippy::panic, reason = "a build script has no other way to fail")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Packages of first-party buildpacks, which lie under `buildpacks/` by their short names.
const BUILDPACKS: [&str; 6] =
    ["ca-certificates", "environment-variables", "image-labels", "node", "procfile", "static"];
/// Programs that run in images, by package and by what they are called here.
const PROGRAMS: [(&str, &str); 2] = [("wattle-launcher", "launcher"), ("wattle-trust", "trust")];
/// Targets of these, by OCI architecture.
const TARGETS: [(&str, &str); 2] = [("amd64", "x86_64-unknown-linux-musl"), ("arm64", "aarch64-unknown-linux-musl")];
const GUEST: &str = "wasm32-wasip2";

fn main() {
    println!("cargo::rerun-if-env-changed=WATTLE_SKIP_EMBEDDED");
    let root = workspace();
    for watched in ["buildpacks", "runtime/launcher", "sdk/rust/src", "wit", "Cargo.lock"] {
        // Relative to this package: what is compiled may have been kept from a clone that lies elsewhere.
        println!("cargo::rerun-if-changed=../{watched}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let build = Build { root, target_dir: out.join("embedded"), out };
    // Checking the workspace for another system compiles nothing that could be carried.
    if env::var_os("WATTLE_SKIP_EMBEDDED").is_some() {
        build.leave_empty();
        return;
    }
    install_targets();
    build.fetch();
    let packages: Vec<String> = BUILDPACKS.iter().map(|name| format!("{name}-buildpack")).collect();
    build.cargo("guest", GUEST, &packages);
    for name in BUILDPACKS {
        let component = format!("{}_buildpack.wasm", name.replace('-', "_"));
        build.carry(GUEST, "guest", &component, &format!("{name}.wasm"));
    }
    let packages = PROGRAMS.map(|(package, _)| package.to_owned());
    for (architecture, target) in TARGETS {
        build.cargo("launcher", target, &packages);
        for (package, name) in PROGRAMS {
            build.carry(target, "launcher", package, &format!("{name}-{architecture}"));
        }
    }
}

struct Build {
    root: PathBuf,
    target_dir: PathBuf,
    out: PathBuf,
}

impl Build {
    fn cargo(&self, profile: &str, target: &str, packages: &[String]) {
        let mut cargo = Command::new(env::var_os("CARGO").expect("cargo sets CARGO"));
        cargo.current_dir(&self.root).args(["build", "--locked", "--profile", profile, "--target", target]);
        cargo.arg("--target-dir").arg(&self.target_dir);
        for package in packages {
            cargo.args(["--package", package]);
        }
        // What cargo told this script is about this build, not about that one.
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            let about = ["CARGO_CFG_", "CARGO_FEATURE_", "CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_PROFILE_"];
            if about.iter().any(|prefix| name.starts_with(prefix)) || name == "RUSTFLAGS" || name == "CARGO_MAKEFLAGS" {
                cargo.env_remove(name);
            }
        }
        cargo.env("CARGO_ENCODED_RUSTFLAGS", self.flags().join("\u{1f}"));
        // What is compiled in increments comes out differently, and depends on what was compiled before.
        cargo.env("CARGO_INCREMENTAL", "0");
        if target.ends_with("-linux-musl") {
            let name = target.to_uppercase().replace('-', "_");
            cargo.env(format!("CARGO_TARGET_{name}_LINKER"), "rust-lld");
        }
        let status =
            cargo.status().unwrap_or_else(|error| panic!("`cargo build` for {target} cannot be started: {error}"));
        assert!(status.success(), "`cargo build` for {target} ended with {status}: see above");
    }

    /// No path of this machine gets into what is built: neither that of the repository nor those of the crates, whose
    /// folder is named after the registry that they came from.
    fn flags(&self) -> Vec<String> {
        let mut flags = vec![format!("--remap-path-prefix={}=/wattle", self.root.display())];
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).unwrap_or_default();
        let sources = std::fs::read_dir(home.join("registry").join("src")).into_iter().flatten().flatten();
        flags.extend(sources.map(|source| format!("--remap-path-prefix={}=/crates", source.path().display())));
        flags
    }

    /// Brings all sources here, so that their folders exist when the flags are made.
    fn fetch(&self) {
        let mut cargo = Command::new(env::var_os("CARGO").expect("cargo sets CARGO"));
        cargo.current_dir(&self.root).args(["fetch", "--locked", "--quiet"]);
        for target in [GUEST].into_iter().chain(TARGETS.iter().map(|(_, target)| *target)) {
            cargo.args(["--target", target]);
        }
        // What is missing after this the builds below name better.
        let _ = cargo.status();
    }

    fn carry(&self, target: &str, profile: &str, from: &str, to: &str) {
        let from = self.target_dir.join(target).join(profile).join(from);
        std::fs::copy(&from, self.out.join(to))
            .unwrap_or_else(|error| panic!("{} is missing: {error}", from.display()));
    }

    fn leave_empty(&self) {
        let buildpacks = BUILDPACKS.iter().map(|name| format!("{name}.wasm"));
        let programs = PROGRAMS.iter().flat_map(|(_, name)| TARGETS.map(|(target, _)| format!("{name}-{target}")));
        for name in buildpacks.chain(programs) {
            std::fs::write(self.out.join(name), []).expect("OUT_DIR can be written");
        }
    }
}

fn workspace() -> PathBuf {
    let cli = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    cli.parent().map(Path::to_owned).expect("the package lies in the workspace")
}

/// rustup installs the targets of `rust-toolchain.toml` only together with the toolchain, which may be there already.
fn install_targets() {
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", GUEST]).args(TARGETS.iter().map(|(_, target)| target));
    if let Some(toolchain) = env::var_os("RUSTUP_TOOLCHAIN") {
        rustup.arg("--toolchain").arg(toolchain);
    }
    // Without rustup the targets came with the compiler, or the builds below say what is missing.
    if let Ok(output) = rustup.output()
        && !output.status.success()
    {
        println!("cargo::warning=`rustup target add` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
}
