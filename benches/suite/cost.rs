//! What a process costs, as the operating system counts it.

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;

/// What one run of a program cost.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// Time on the clock on the wall.
    pub(crate) wall: Duration,
    /// Time of all processors, user and system, its children's included.
    pub(crate) cpu: Duration,
    /// Most memory that one of its processes had, in bytes.
    pub(crate) peak: u64,
}

/// Runs a program to its end, which has to be a success, and gives its cost and what it printed.
///
/// Another process stands between: what the system counts of a process's children it counts of all that ever were.
pub(crate) fn of(command: &Command) -> Result<(Cost, String)> {
    let report = NamedTempFile::new()?;
    let mut between = super::this("cost")?;
    between.arg(report.path()).arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        between.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => between.env(name, value),
            None => between.env_remove(name),
        };
    }
    let output = between.output()?;
    ensure!(output.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    let cost = serde_json::from_slice(&fs::read(report.path())?)?;
    Ok((cost, String::from_utf8(output.stdout)?))
}

/// The process between.
pub(crate) fn run(report: &Path, command: &[OsString]) -> Result<()> {
    let (program, args) = command.split_first().context("no program")?;
    let started = Instant::now();
    let status = Command::new(program).args(args).status()?;
    let wall = started.elapsed();
    ensure!(status.success(), "it ended with {status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = [usage.user_time(), usage.system_time()].map(|time| time.tv_sec() * 1_000_000 + time.tv_usec());
    let cpu = Duration::from_micros(u64::try_from(micros.iter().sum::<i64>())?);
    let peak = u64::try_from(usage.max_rss())? * 1024;
    Ok(fs::write(report, serde_json::to_vec(&Cost { wall, cpu, peak })?)?)
}
