//! Wattle as its users meet it: the program, the images that it makes, and what these do when they are started.
//!
//! The images are started by `umoci` and `runc`, which takes root.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]

mod architecture;
mod archives;
mod bad_input;
mod build;
mod buildpacks;
mod certificates;
mod cli;
mod containment;
mod contract;
mod exec_d;
mod guest;
mod inspect;
mod launcher;
mod mmdebstrap;
mod node_modules;
mod packages;
mod peers;
mod rebase;
mod restore;
mod run_image;
mod run_images;
mod sbom;
mod settings;
mod source;

use wattle_test_support::Wattle;

/// The program, with the store that all tests share.
fn wattle() -> Wattle {
    Wattle::new(env!("CARGO_BIN_EXE_wattle"))
}

/// The program, with a store that has nothing in it.
fn cold() -> Wattle {
    Wattle::cold(env!("CARGO_BIN_EXE_wattle"))
}
