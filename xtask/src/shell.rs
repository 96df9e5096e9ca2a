//! Running other programs.

use anyhow::{Context as _, Result, bail};
use std::process::Command;

/// Runs a command in the workspace's folder, its output going where ours goes.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<()> {
    run_with(program, args, &[])
}

/// Runs a command with more environment variables.
pub(crate) fn run_with(program: &str, args: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let mut command = Command::new(program);
    command.args(args).envs(environment.iter().copied()).current_dir(crate::root());
    let status = command.status().with_context(|| format!("`{program}` cannot be started"))?;
    if !status.success() {
        bail!("`{program} {}` ended with {status}", args.join(" "));
    }
    Ok(())
}

/// True if a program of this name is on the path.
pub(crate) fn has(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| {
            directory.join(program).is_file() || directory.join(program).with_extension("exe").is_file()
        })
    })
}
