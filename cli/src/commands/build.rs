//! `wattle build`.

use super::interrupt::interruptible;
use super::{Context, report, sbom};
use crate::args::Build;
use crate::output::duration;
use crate::settings::{Settings, Used};
use anyhow::Result;
use serde::Serialize;
use std::path::Path;
use std::time::Instant;
use wattle_engine::{EngineError, Images, Phase, Report};
use wattle_transport::Location;
use wattle_tree::{Node, Tree};

/// The last line of a build in JSON.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Finished<'a> {
    event: &'static str,
    phase: Phase,
    platform_exit_code: u8,
    #[serde(flatten)]
    report: &'a Report,
}

/// Builds an image.
pub(crate) fn run(cx: &Context, args: &Build) -> Result<()> {
    let started = Instant::now();
    let settings = cx.settings(&args.application.path)?;
    let output = settings.output(args.output.as_deref())?;
    let run_image = settings.run_image(args.run_image.as_deref())?;
    let (project, mut used) = (settings.project(args.application.descriptor.as_deref())?, Used::default());
    let mut request = super::request(cx, &settings, &args.application, &project, &mut used)?;
    request.image = settings.image(args, &project, &mut used)?;
    let images = Images {
        output: output.clone(),
        tags: settings.tags(&args.tags, &output, &mut used)?,
        run_image,
        previous: Settings::previous_image(args.previous_image.as_deref(), &mut used)?,
    };
    let observer = cx.observer(true);
    cx.warn(&used.warnings);
    used.event().iter().for_each(|event| observer.event(event));
    let engine = cx.engine(&settings, &args.insecure, observer)?;
    let cancel = request.cancel.clone();
    let built = interruptible(&cancel, async move { engine.build(&request, &images).await });
    cx.printer.done();
    if let Some(file) = &args.report {
        // What is not under all of its names is under some.
        let made = match &built {
            Ok(report) => Some(report),
            Err(error) => match error.downcast_ref() {
                Some(EngineError::Tags(missed)) => Some(&missed.report),
                _ => None,
            },
        };
        made.map_or(Ok(()), |report| report::write(report, file))?;
    }
    let report = built?;
    if let Some(directory) = &args.sbom_output {
        write_sboms(&report, directory)?;
    }
    finish(cx, &report, &output, started);
    Ok(())
}

/// Those of the image below `launch`, those of the build below `build`, as the specification has them below `/layers/sbom`.
fn write_sboms(report: &Report, directory: &Path) -> Result<()> {
    let mut files = Tree::new();
    for (of, sboms) in [("launch", &report.sboms.launch), ("build", &report.sboms.build)] {
        for (path, document) in sboms {
            files.insert(&format!("{of}/{path}"), Node::file(document.clone()))?;
        }
    }
    sbom::write_files(&files, directory)
}

fn finish(cx: &Context, report: &Report, output: &Location, started: Instant) {
    let printer = &cx.printer;
    if printer.json {
        printer.json(&Finished { event: "result", phase: Phase::Export, platform_exit_code: 0, report });
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
        Location::Layout { .. } | Location::Archive { .. } => {
            format!("podman run --rm -e PORT=8080 -p 8080:8080 {output}")
        }
        Location::Registry(reference) => format!("docker run --rm -e PORT=8080 -p 8080:8080 {reference}"),
    })
}
