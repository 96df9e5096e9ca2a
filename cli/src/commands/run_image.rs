//! `wattle run-image`.

use super::Context;
use super::interrupt::interruptible;
use crate::args::{self, Insecure, RunImageAction};
use crate::output::{count, duration, size, table};
use anyhow::{Context as _, Result, anyhow};
use serde::Serialize;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;
use wattle_debian::lock::Change;
use wattle_debian::{Lock, RunToml, RunTomlError};
use wattle_engine::{Cancel, RunImageReport};
use wattle_transport::Location;

/// What was done, as JSON.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Finished<'a> {
    event: &'static str,
    lock: String,
    changes: Vec<Changed<'a>>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    report: Option<&'a RunImageReport>,
}

/// A package that is not what it was.
#[derive(Serialize)]
struct Changed<'a> {
    target: &'a str,
    package: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a str>,
}

/// What a command is about.
struct Wanted<'a> {
    file: &'a Path,
    output: Option<Location>,
    insecure: &'a Insecure,
    choose: Choose,
}

/// When packages are chosen.
#[derive(Clone, Copy, PartialEq)]
enum Choose {
    Always,
    IfNeeded,
    Never,
}

/// Makes run images.
pub(crate) fn run(cx: &Context, args: &args::RunImage) -> Result<()> {
    let wanted = match &args.action {
        RunImageAction::Create { file, output, locked, insecure } => Wanted {
            file,
            output: Some(output.parse()?),
            insecure,
            choose: if *locked { Choose::Never } else { Choose::IfNeeded },
        },
        RunImageAction::Update { file, output, insecure } => {
            Wanted { file, output: output.as_deref().map(str::parse).transpose()?, insecure, choose: Choose::Always }
        }
    };
    make(cx, &wanted)
}

fn make(cx: &Context, wanted: &Wanted) -> Result<()> {
    let started = Instant::now();
    let text =
        fs::read_to_string(wanted.file).with_context(|| format!("`{}` cannot be read", wanted.file.display()))?;
    let description = RunToml::parse(&text).map_err(|source| Unusable { file: wanted.file.to_owned(), source })?;
    let directory = wanted.file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let engine = cx.engine(&cx.settings(directory)?, wanted.insecure, cx.observer(true))?;
    let place = wanted.file.with_extension("lock");
    let before = read_lock(&place)?;
    let current = before.clone().filter(|lock| lock.spec == description.digest.to_string());
    let usable = match (wanted.choose, current) {
        (Choose::Never, None) => return Err(no_lock(&place, before.is_some())),
        (Choose::Always, _) => None,
        (_, current) => current,
    };
    let (cancel, output) = (Cancel::default(), wanted.output.clone());
    let asked = cancel.clone();
    let (lock, report) = interruptible(&asked, async move {
        let lock = match usable {
            Some(lock) => lock,
            None => engine.select_run_image(&description, &cancel).await?,
        };
        let report = match output {
            Some(output) => Some(engine.create_run_image(&description, &lock, &output, &cancel).await?),
            None => None,
        };
        Ok((lock, report))
    })?;
    let changes = before.as_ref().map(|before| before.changes(&lock)).unwrap_or_default();
    if before.as_ref() != Some(&lock) {
        write_lock(&place, &lock)?;
    }
    cx.printer.done();
    tell(cx, &place, &lock, before.is_some(), &changes, report.as_ref());
    if let (Some(_), Some(output), false) = (&report, &wanted.output, cx.printer.json || cx.printer.quiet) {
        cx.printer.step("Finished", &format!("{output} in {}", duration(started.elapsed())));
    }
    Ok(())
}

/// A description that says what cannot be done.
#[derive(Debug, thiserror::Error)]
#[error("`{}` cannot be used", .file.display())]
pub(super) struct Unusable {
    file: PathBuf,
    pub(super) source: RunTomlError,
}

fn read_lock(place: &Path) -> Result<Option<Lock>> {
    match fs::read_to_string(place) {
        Ok(text) => Ok(Some(Lock::parse(&text).with_context(|| format!("`{}` cannot be used", place.display()))?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("`{}` cannot be read", place.display())),
    }
}

fn no_lock(place: &Path, is_stale: bool) -> anyhow::Error {
    let place = place.display();
    if is_stale {
        anyhow!("`{place}` is of another description: run the same without `--locked`, or `wattle run-image update`")
    } else {
        anyhow!("there is no `{place}`: run the same without `--locked` to make it")
    }
}

/// Writes all of it or nothing.
fn write_lock(place: &Path, lock: &Lock) -> Result<()> {
    let failed = || format!("`{}` cannot be written", place.display());
    let directory = place.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let text = lock.to_toml().with_context(failed)?;
    let mut file = tempfile::Builder::new().prefix(".run-lock-").tempfile_in(directory).with_context(failed)?;
    writeln!(file, "# Made by `wattle run-image`: which packages the image has. Not to be edited.\n")
        .with_context(failed)?;
    file.write_all(text.as_bytes()).with_context(failed)?;
    file.persist(place).map_err(|error| error.error).with_context(failed)?;
    Ok(())
}

fn tell(
    cx: &Context,
    place: &Path,
    lock: &Lock,
    was_locked: bool,
    changes: &[Change],
    report: Option<&RunImageReport>,
) {
    let printer = &cx.printer;
    if printer.json {
        let changes = changes.iter().map(|change| Changed {
            target: &change.target,
            package: &change.package,
            old: change.old.as_deref(),
            new: change.new.as_deref(),
        });
        let lock = place.display().to_string();
        printer.json(&Finished { event: "result", lock, changes: changes.collect(), report });
        return;
    }
    if printer.quiet {
        match report {
            Some(report) => printer.data(&report.digest),
            None => printer.lines(&changes.iter().map(Change::to_string).collect::<Vec<_>>()),
        }
        return;
    }
    let packages = lock.targets.values().map(|target| target.packages.len() as u64).sum();
    match (was_locked, changes.is_empty()) {
        (false, _) => printer.step("Locked", &format!("{} in `{}`", count(packages, "package"), place.display())),
        (true, true) => printer.step("Locked", &format!("{}, all as they were", count(packages, "package"))),
        (true, false) => {
            printer.step("Locked", &format!("{}, {} changed", count(packages, "package"), changes.len()));
            let none = || "-".to_owned();
            let row = |change: &Change| {
                let Change { target, package, old, new } = change.clone();
                vec![package, old.unwrap_or_else(none), "->".to_owned(), new.unwrap_or_else(none), target]
            };
            for line in table(&changes.iter().map(row).collect::<Vec<_>>()) {
                printer.detail(&line);
            }
        }
    }
    for target in report.iter().flat_map(|report| &report.targets) {
        let what = format!("{}, {}, {}", target.platform, count(target.packages as u64, "package"), size(target.size));
        printer.step("Image", &what);
        printer.detail(&printer.style.faint(&target.digest));
    }
}
