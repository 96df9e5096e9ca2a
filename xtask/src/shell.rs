//! Running other programs.

use anyhow::{Context as _, Result, bail};
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A command in the workspace's folder, its output going where ours goes.
pub(crate) fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(crate::root()).env("PATH", search_path());
    command
}

/// Runs a command to its good end.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<()> {
    run_with(program, args, &[])
}

/// Runs a command with more environment variables.
pub(crate) fn run_with(program: &str, args: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let mut command = command(program, args);
    let status = command.envs(environment.iter().copied()).status();
    let status = status.with_context(|| format!("`{program}` cannot be started"))?;
    if !status.success() {
        bail!("`{program} {}` ended with {status}", args.join(" "));
    }
    Ok(())
}

/// Runs a command that only root may, through `sudo` if we are not.
pub(crate) fn run_as_root(program: &str, args: &[&str]) -> Result<()> {
    let program = ["env", "DEBIAN_FRONTEND=noninteractive", program];
    let id = Command::new("id").arg("-u").stderr(Stdio::null()).output();
    if id.is_ok_and(|output| output.stdout.trim_ascii() == b"0") {
        return run(program[0], &[&program[1..], args].concat());
    }
    run("sudo", &[&["--non-interactive"], &program[..], args].concat())
}

/// True if a program of this name is to be found.
pub(crate) fn has(program: &str) -> bool {
    env::split_paths(&search_path())
        .any(|directory| directory.join(program).is_file() || directory.join(program).with_extension("exe").is_file())
}

/// Where programs are looked for: also where Debian has those for administrators, which others do not have on their path.
fn search_path() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let administrators = ["/usr/sbin", "/sbin"].iter().filter(|_| cfg!(unix)).map(PathBuf::from);
    env::join_paths(env::split_paths(&path).chain(administrators)).unwrap_or(path)
}
