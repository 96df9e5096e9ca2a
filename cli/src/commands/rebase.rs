//! `wattle rebase`.

use super::interrupt::interruptible;
use super::{Context, status};
use crate::args::Rebase;
use crate::output::{count, duration, report_engine, short, table};
use crate::settings::Settings;
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use wattle_engine::{Cancel, EngineError, Phase, RebaseRequest, RebaseState, RebasedImage};
use wattle_transport::Location;

/// What became of each image, as data.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Summary<'a> {
    schema: u32,
    dry_run: bool,
    rebased: u64,
    up_to_date: u64,
    failed: u64,
    /// The one image that came of it, as the reference implementation reports it (Platform specification, "report.toml").
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<OneImage<'a>>,
    images: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct OneImage<'a> {
    tags: Vec<&'a str>,
    digest: &'a str,
    manifest_size: u64,
}

/// What became of one.
#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<'a> {
    Done(&'a RebasedImage),
    Failed { image: String, state: &'static str, code: String, message: String },
}

/// The last line in JSON.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Finished<'a> {
    event: &'static str,
    phase: Phase,
    platform_exit_code: u8,
    #[serde(flatten)]
    summary: &'a Summary<'a>,
}

/// Some images were not rebased, and everything about it is said already.
#[derive(Debug, thiserror::Error)]
#[error("not every image was rebased")]
pub(super) struct NotAll {
    /// The exit status.
    pub(super) status: u8,
}

type Results = Vec<Result<RebasedImage, EngineError>>;

/// Puts images on newer run images.
pub(crate) fn run(cx: &Context, args: &Rebase) -> Result<()> {
    let started = Instant::now();
    let settings = cx.settings(Path::new("."))?;
    let location = |text: &String| text.parse::<Location>();
    let mut images = Vec::new();
    for image in &args.images {
        let image = location(image)?;
        if !images.contains(&image) {
            images.push(image);
        }
    }
    let request = RebaseRequest {
        images: images.clone(),
        previous: args.previous_image.as_ref().map(location).transpose()?,
        run_image: Settings::named_run_image(args.run_image.as_deref())?,
        platform: settings.platform(args.platform.as_deref())?,
        force: args.force,
        dry_run: args.dry_run,
        cancel: Cancel::default(),
    };
    let engine = cx.engine(&settings, &args.insecure, cx.observer(true))?;
    let results = rebase(engine, request)?;
    cx.printer.done();
    let summary = summary(args.dry_run, &images, &results.0);
    if let Some(file) = &args.report {
        let text = toml::to_string(&summary).context("the report cannot be written as TOML")?;
        fs::write(file, text).with_context(|| format!("the report `{}` cannot be written", file.display()))?;
    }
    tell(cx, &summary, &results.0, started);
    if let Some(interrupted) = results.1 {
        return Err(interrupted);
    }
    let worst = results.0.iter().filter_map(|result| result.as_ref().err()).map(|error| status(error.fault())).max();
    worst.map_or(Ok(()), |status| Err(NotAll { status }.into()))
}

/// What became of each, and who interrupted it, if somebody did.
fn rebase(engine: wattle_engine::Engine, request: RebaseRequest) -> Result<(Results, Option<anyhow::Error>)> {
    let kept = Arc::new(Mutex::new(Results::new()));
    let (results, cancel) = (kept.clone(), request.cancel.clone());
    let ended = interruptible(&cancel, async move {
        let all = engine.rebase(&request).await;
        let interrupted = all.iter().any(|result| matches!(result, Err(EngineError::Interrupted)));
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = all;
        if interrupted { Err(EngineError::Interrupted) } else { Ok(()) }
    });
    let results = std::mem::take(&mut *results.lock().unwrap_or_else(PoisonError::into_inner));
    match ended {
        Ok(()) => Ok((results, None)),
        // Without results, it broke off.
        Err(error) if results.is_empty() => Err(error),
        Err(error) => Ok((results, Some(error))),
    }
}

fn summary<'a>(dry_run: bool, images: &[Location], results: &'a Results) -> Summary<'a> {
    let of = |state| results.iter().flatten().filter(|image| image.state == state).count() as u64;
    let outcome = |(image, result): (&Location, &'a Result<RebasedImage, EngineError>)| match result {
        Ok(done) => Outcome::Done(done),
        Err(error) => Outcome::Failed {
            image: image.to_string(),
            state: "failed",
            code: error.code(),
            message: error.to_string(),
        },
    };
    Summary {
        schema: 1,
        dry_run,
        rebased: of(RebaseState::Rebased),
        up_to_date: of(RebaseState::UpToDate),
        failed: results.iter().filter(|result| result.is_err()).count() as u64,
        image: if dry_run { None } else { one_image(results) },
        images: images.iter().zip(results).map(outcome).collect(),
    }
}

/// The image, if it is the same under all names.
fn one_image(results: &Results) -> Option<OneImage<'_>> {
    let done: Vec<&RebasedImage> = results.iter().map(|result| result.as_ref().ok()).collect::<Option<_>>()?;
    let first = done.first()?;
    let same = done.iter().all(|image| image.digest == first.digest);
    same.then(|| OneImage {
        tags: done.iter().map(|image| image.image.as_str()).collect(),
        digest: &first.digest,
        manifest_size: first.manifest_size,
    })
}

fn tell(cx: &Context, summary: &Summary, results: &Results, started: Instant) {
    let printer = &cx.printer;
    for result in results {
        match result {
            Ok(_) if printer.json => {}
            Ok(image) if summary.dry_run => planned(cx, image),
            Ok(image) if printer.quiet => printer.data(&image.digest),
            Ok(image) => done(cx, image),
            Err(EngineError::Interrupted) => {}
            Err(error) => report_engine(printer, error, Some(Phase::Rebase)),
        }
    }
    if printer.json {
        let platform_exit_code = if summary.failed == 0 { 0 } else { Phase::Rebase.platform_exit_code() };
        printer.json(&Finished { event: "result", phase: Phase::Rebase, platform_exit_code, summary });
    } else if !summary.dry_run && results.len() > 1 {
        let Summary { rebased, up_to_date, failed, .. } = summary;
        let text = format!(
            "{}: {rebased} rebased, {up_to_date} up to date, {failed} failed",
            count(results.len() as u64, "image")
        );
        printer.step("Finished", &format!("{text}, in {}", duration(started.elapsed())));
    }
}

fn done(cx: &Context, image: &RebasedImage) {
    let printer = &cx.printer;
    match image.state {
        RebaseState::UpToDate => return printer.step("Up to date", &image.image),
        RebaseState::Rebased => printer.step("Rebased", &image.image),
    }
    printer.detail(&format!("{} → {}", shortened(cx, &image.old.reference), shortened(cx, &image.new.reference)));
    printer.detail(&printer.style.faint(&image.digest));
    for note in notes(image) {
        printer.detail(&printer.style.warning(&note));
    }
}

/// What would be done, as data.
fn planned(cx: &Context, image: &RebasedImage) {
    let row = |name: &str, text: String| vec![name.to_owned(), text];
    let digest = |digest: &str| if cx.printer.verbose { digest.to_owned() } else { short(digest) };
    let mut rows = vec![row("Image", image.image.clone())];
    rows.extend(image.previous_image.clone().map(|previous| row("Of", previous)));
    rows.push(row("Run image", shortened(cx, &image.old.reference)));
    match image.state {
        RebaseState::UpToDate => rows.push(row("", "it is the newest: nothing would change".to_owned())),
        RebaseState::Rebased => {
            rows.push(row("New", shortened(cx, &image.new.reference)));
            if image.old.name != image.new.name {
                rows.push(row("Name", format!("{} → {}", image.old.name, image.new.name)));
            }
            let (old, new) = (image.old.layers, image.new.layers);
            rows.push(row("Layers", format!("{old} → {new} of the run image, {} stay", image.layers_kept)));
            rows.push(row("Digest", format!("{} → {}", digest(&image.previous_digest), digest(&image.digest))));
        }
    }
    rows.extend(notes(image).map(|note| row("Note", note)));
    cx.printer.lines(&table(&rows));
}

/// What was overridden, and what stays.
fn notes(image: &RebasedImage) -> impl Iterator<Item = String> {
    let overridden = image.overridden.iter().map(|reason| format!("forced: {reason}"));
    overridden.chain(image.notes.iter().cloned())
}

/// A name by digest as people compare them.
fn shortened(cx: &Context, reference: &str) -> String {
    match reference.rsplit_once('@') {
        Some((name, digest)) if !cx.printer.verbose => format!("{name} {}", short(digest)),
        _ => reference.to_owned(),
    }
}
