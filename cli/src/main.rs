//! `wattle`: turns application source into OCI images with sandboxed WebAssembly buildpacks.

mod args;
mod commands;
mod embedded;
mod output;
mod settings;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match args::Args::try_parse() {
        Ok(args) => commands::run(args),
        Err(error) => commands::answer(&error),
    }
}
