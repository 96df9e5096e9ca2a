//! `wattle build`.

use super::Context;
use super::interrupt::interruptible;
use crate::args::Build;
use crate::output::duration;
use anyhow::Result;
use serde::Serialize;
use std::time::Instant;
use wattle_engine::{Images, Report};
use wattle_transport::Location;

/// The last line of a build in JSON.
#[derive(Serialize)]
struct Finished<'a> {
    event: &'static str,
    #[serde(flatten)]
    report: &'a Report,
}

/// Builds an image.
pub(crate) fn run(cx: &Context, args: &Build) -> Result<()> {
    let started = Instant::now();
    let settings = cx.settings(&args.application.path)?;
    let output = settings.output(args.output.as_deref())?;
    let run_image = settings.run_image(args.run_image.as_deref())?;
    let request = super::request(cx, &settings, &args.application)?;
    let engine = cx.engine(&settings, &args.insecure, cx.observer(true))?;
    let cancel = request.cancel.clone();
    let to = output.clone();
    let images = Images { output: to, tags: Vec::new(), run_image, previous: None };
    let report = interruptible(&cancel, async move { engine.build(&request, &images).await })?;
    cx.printer.done();
    finish(cx, &report, &output, started);
    Ok(())
}

fn finish(cx: &Context, report: &Report, output: &Location, started: Instant) {
    let printer = &cx.printer;
    if printer.json {
        printer.json(&Finished { event: "result", report });
        return;
    }
    if printer.quiet {
        printer.data(&report.digest);
        return;
    }
    printer.step("Finished", &format!("{output} in {}", duration(started.elapsed())));
    printer.detail(&printer.style.faint(&report.digest));
    if let Some(command) = how_to_run(report, output) {
        printer.step("Run it", &command);
    }
}

/// A command that starts the image, as far as we know one that works everywhere.
fn how_to_run(report: &Report, output: &Location) -> Option<String> {
    report.default_process.as_ref()?;
    Some(match output {
        Location::Layout { .. } => format!("podman run --rm -e PORT=8080 -p 8080:8080 {output}"),
        Location::Registry(reference) => format!("docker run --rm -e PORT=8080 -p 8080:8080 {reference}"),
    })
}
