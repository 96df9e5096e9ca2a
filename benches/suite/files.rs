//! A guest's files, beside the same program outside the sandbox, both in memory: on tmpfs where there is one.

#[path = "../../tests/components/files/src/workload.rs"]
mod workload;

use super::cost::{self, Cost};
use super::table::{self, PEAK, Row, Unit};
use anyhow::{Context as _, Result, anyhow};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wattle_sandbox::{BuildGrant, Cancel, Component, Grant, Identity, Limits, Log, Platform, Sandbox, Stream, Target};
use wattle_test_support::component;
use wattle_tree::{Node, Scratch, Tree};

const WORKS: [(&str, &str); 2] = [("small", "20,000 files of 4 KiB"), ("large", "512 MiB in pieces of 64 KiB")];

/// How long the phases took.
#[derive(Serialize, Deserialize)]
struct Phases {
    write: Duration,
    read: Duration,
}

impl Phases {
    const NAMES: [&str; 3] = ["write", "read", "both"];

    fn get(&self, name: &str) -> Duration {
        match name {
            "write" => self.write,
            "read" => self.read,
            _ => self.write + self.read,
        }
    }
}

/// Both, in turn.
pub(crate) fn measure(runs: u8) -> Result<Vec<Row>> {
    let directory = TempDir::new()?;
    let code = directory.path().join("code");
    fs::write(&code, Sandbox::new()?.compile(&fs::read(component("files-buildpack"))?)?)?;
    let mut rows = Vec::new();
    for (work, what) in WORKS {
        let (mut guests, mut natives) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            guests.push(phases(super::this("guest")?.arg(work).arg(&code))?);
            natives.push(phases(super::this("native")?.arg(work))?);
        }
        rows.extend(compare(what, &guests, &natives));
    }
    Ok(rows)
}

fn phases(command: &mut Command) -> Result<(Cost, Phases)> {
    let directory = TempDir::new_in(in_memory())?;
    let (cost, printed) = cost::of(command.arg(directory.path()))?;
    Ok((cost, serde_json::from_str(&printed)?))
}

/// A directory whose files are in memory, if there is one.
fn in_memory() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    if shared.is_dir() { shared } else { std::env::temp_dir() }
}

fn compare(what: &str, guests: &[(Cost, Phases)], natives: &[(Cost, Phases)]) -> Vec<Row> {
    let timed = Phases::NAMES.into_iter().filter_map(|name| {
        let values = |series: &[(Cost, Phases)]| table::seconds(series.iter().map(|(_, phases)| phases.get(name)));
        table::compared(
            &format!("guest, {what}: {name}"),
            Unit::Seconds,
            values(guests),
            Some(("native", Some(values(natives)))),
        )
    });
    let costs: Vec<Cost> = guests.iter().map(|(cost, _)| cost.clone()).collect();
    timed.chain(table::row(&format!("guest, {what}"), PEAK, &costs, None)).collect()
}

/// The process with the guest. Compiling is not part of it.
pub(crate) fn guest(work: &str, code: &Path, directory: &Path) -> Result<()> {
    let component: Component = Sandbox::new()?.load(code)?;
    let clock = Arc::new(Clock::default());
    component.build(grant(work, directory, clock.clone())?, BuildGrant::nothing())?;
    clock.print()
}

/// The process without.
pub(crate) fn native(work: &str, directory: &Path) -> Result<()> {
    let clock = Clock::default();
    workload::run(work, directory, |_| clock.stop())?;
    clock.print()
}

/// When each phase was over.
#[derive(Default)]
struct Clock(Mutex<Vec<Instant>>);

impl Clock {
    fn stop(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
    }

    #[expect(clippy::print_stdout, reason = "the process that measures reads it")]
    fn print(&self) -> Result<()> {
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [start, written, read] = times[..] else { return Err(anyhow!("{} phases were over", times.len())) };
        println!("{}", serde_json::to_string(&Phases { write: written - start, read: read - written })?);
        Ok(())
    }
}

impl Log for Clock {
    fn line(&self, _: Stream, _: &str) {
        self.stop();
    }
}

fn grant(work: &str, directory: &Path, log: Arc<dyn Log>) -> Result<Grant> {
    let mut application = Tree::new();
    application.insert("work", Node::file(work))?;
    let scratch = tempfile::tempfile_in(directory).context("there is no room for what the guest writes")?;
    Ok(Grant {
        buildpack: Identity { id: "test/files".into(), version: "0.1.0".into(), directory: "test_files".into() },
        target: Target { os: "linux".into(), architecture: "amd64".into(), variant: None, distribution: None },
        environment: BTreeMap::new(),
        platform: Platform::default(),
        application,
        files: Tree::new(),
        limits: Limits::build(),
        scratch: Scratch::new(scratch),
        log,
        cancel: Cancel::default(),
    })
}
