//! The launcher as a program, in a directory that stands for an image. What is said of a table of calls, the reference
//! implementation's launcher has to do as well, where it is here.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]
#![expect(clippy::disallowed_methods, reason = "what is tested is a program, in an environment")]

mod codes;
mod environment;
mod exec_d;
mod reference;
mod shell;
mod world;

use world::World;

/// Buildpacks of before and after Buildpack API 0.9.
const BUILDPACKS: &str = r#"
[[buildpacks]]
id = "old"
api = "0.8"
[[buildpacks]]
id = "new/er"
api = "0.9"
"#;

/// The metadata of an image with one process, `web`.
fn metadata(process: &str) -> String {
    format!("{BUILDPACKS}[[processes]]\ntype = \"web\"\n{process}\n")
}

/// A process that starts directly and says where it is, how it was called, and what `VARIABLES` are.
const DIRECT: &str = r#"command = ["say"]
direct = true
buildpack-id = "new/er""#;
