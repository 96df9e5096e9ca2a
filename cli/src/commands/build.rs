//! `wattle build`.

use super::signal::Signals;
use super::{Broken, Context, runtime};
use crate::args::Build;
use crate::output::duration;
use anyhow::Result;
use serde::Serialize;
use std::time::{Duration, Instant};
use wattle_engine::{Cancel, EngineError, Report};
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
    let runtime = runtime()?;
    let report = runtime.block_on(async move {
        let signals = Signals::new()?;
        let build = tokio::spawn(async move { engine.build(&request, run_image.as_ref(), &to).await });
        wait(build, signals, &cancel).await
    });
    match report {
        Ok(_) => runtime.shutdown_background(),
        // What was at work on the disk may remove what it began; what cannot be interrupted is not waited for.
        Err(_) => runtime.shutdown_timeout(Duration::from_secs(1)),
    }
    let report = report?;
    cx.printer.done();
    finish(cx, &report, &output, started);
    Ok(())
}

/// Waits for the build; the first interrupt asks it to end, a second one does not wait for that.
pub(super) async fn wait<T>(
    mut build: tokio::task::JoinHandle<Result<T, EngineError>>,
    mut signals: Signals,
    cancel: &Cancel,
) -> Result<T> {
    // Nobody takes the build away, so that it ended without a result only if it panicked.
    let joined = |result: Result<Result<T, EngineError>, _>| Ok(result.map_err(|_| Broken)??);
    let signal = tokio::select! {
        result = &mut build => return joined(result),
        signal = signals.next() => signal,
    };
    cancel.cancel();
    let ended = tokio::select! {
        // What was finished in spite of it is finished.
        result = build => joined(result),
        _ = signals.next() => Err(EngineError::Interrupted.into()),
    };
    ended.map_err(|error| signal.explain(error))
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
