//! Events as a calm account of a build.

use super::{Printer, count, settings, short, size};
use std::sync::{Arc, Mutex, PoisonError};
use wattle_engine::{Event, KeyChange, LayerState, Observer, Verdict};

/// Prints what takes time or decides something, a line each.
pub(crate) struct Human {
    printer: Arc<Printer>,
    tally: Mutex<Tally>,
}

/// What is summed up before it is said.
#[derive(Default)]
struct Tally {
    detecting: bool,
    reused: u64,
}

impl Human {
    pub(crate) fn new(printer: Arc<Printer>) -> Human {
        Human { printer, tally: Mutex::default() }
    }

    fn detected(&self, buildpack: &str, version: &str, verdict: Verdict, reason: Option<&str>) {
        let text = match (verdict, reason) {
            (Verdict::Pass, _) => format!("{buildpack} {version}"),
            (Verdict::Skip, reason) => {
                self.printer.style.faint(&format!("{buildpack} {version} skipped: {}", reason.unwrap_or_default()))
            }
            (Verdict::Fail, reason) => {
                self.printer.style.error(&format!("{buildpack} {version} failed: {}", reason.unwrap_or_default()))
            }
        };
        let first = !std::mem::replace(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner).detecting, true);
        if first { self.printer.step("Detecting", &text) } else { self.printer.detail(&text) }
    }

    fn layer(&self, layer: &str, state: LayerState, changes: &[KeyChange]) {
        let state = match state {
            LayerState::Created => "created".to_owned(),
            LayerState::Reused => "reused".to_owned(),
            LayerState::Stale => format!("made anew: {}", changes.iter().map(change).collect::<Vec<_>>().join(", ")),
        };
        self.printer.detail(&format!("{} {state}", self.printer.style.strong(&format!("{layer:14}"))));
    }

    fn packed(&self, layer: &str, reused: bool, bytes: u64, digest: &str) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.reused += u64::from(reused);
        drop(tally);
        if self.printer.verbose {
            let how = if reused { "reused" } else { "packed" };
            self.printer.step("Layer", &format!("{layer}  {how}  {}  {digest}", size(bytes)));
        }
    }

    /// Sums up: all layers of the image, and how many of those that buildpacks and application make were made before.
    fn exported(&self, layers: u64, bytes: u64) {
        let reused = std::mem::take(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner).reused);
        let reused = if reused > 0 { format!(", {reused} reused") } else { String::new() };
        self.printer.step("Exporting", &format!("{}{reused}, {}", count(layers, "layer"), size(bytes)));
    }
}

impl Observer for Human {
    fn event(&self, event: &Event) {
        let printer = &self.printer;
        match event {
            Event::Settings { settings } => {
                for (line, number) in settings::lines(settings, printer.verbose).iter().zip(0..) {
                    if number == 0 { printer.step("Settings", line) } else { printer.detail(line) }
                }
            }
            Event::Application { path, files, bytes } => {
                let what = format!("({}, {})", count(*files, "file"), size(*bytes));
                printer.step("Reading", &format!("{} {}", path.display(), printer.style.faint(&what)));
            }
            Event::Withheld { file, whole } => {
                let (before, after) =
                    if *whole { ("", ", which has credentials") } else { ("the credentials in ", "") };
                printer.detail(&format!("without {before}`{file}`{after}"));
            }
            Event::Compiling { buildpack } => printer.step("Compiling", &format!("{buildpack}, once")),
            Event::Assembling { run_image, packages } => {
                printer.step("Assembling", &format!("run image {run_image} from {packages} Debian packages, once"));
            }
            Event::AddingPackages { asked, packages } => {
                let number = count(packages.len() as u64, "package");
                printer.step("Adding", &format!("{number} to the run image for {}", asked.join(", ")));
                if printer.verbose {
                    for package in packages {
                        printer.detail(&printer.style.faint(package));
                    }
                }
            }
            Event::RunImage { reference, digest } => {
                let digest = if printer.verbose { digest.clone() } else { short(digest) };
                printer.step("Run image", &format!("{reference} {}", printer.style.faint(&digest)));
            }
            Event::Detected { buildpack, version, verdict, reason } => {
                self.detected(buildpack, version, *verdict, reason.as_deref());
            }
            Event::Planned { buildpacks } => {
                let names: Vec<_> = buildpacks.iter().map(|step| format!("{} {}", step.id, step.version)).collect();
                printer.step("Planning", &names.join(" → "));
            }
            Event::Building { buildpack, version } => printer.step("Building", &format!("{buildpack} {version}")),
            Event::Output { error: true, text, .. } => printer.detail(&printer.style.warning(text)),
            Event::Output { text, .. } => printer.detail(&printer.style.faint(text)),
            Event::Fetching { done, total, bytes, .. } => {
                printer.progress("Fetching", *done, *total, &format!("{done} of {total}, {}", size(*bytes)));
            }
            Event::Fetched { total, cached, bytes, .. } => {
                printer.done();
                // What takes no time is not worth a line.
                if *total > *cached && (*bytes >= 1_000_000 || printer.verbose) {
                    let from = if *cached > 0 { format!(", {cached} from the store") } else { String::new() };
                    printer.detail(&format!("fetched {}{from}, {}", count(*total, "file"), size(*bytes)));
                }
            }
            Event::Layer { layer, state, changes, .. } => self.layer(layer, *state, changes),
            Event::Packing { layer } => printer.progress("Packing", 0, 0, layer),
            Event::Packed { layer, reused, size, digest } => self.packed(layer, *reused, *size, digest),
            Event::Sending { to, bytes, total } => {
                printer.progress("Sending", *bytes, *total, &format!("{} of {} to {to}", size(*bytes), size(*total)));
            }
            Event::Rebasing { done, total } => {
                printer.progress("Rebasing", *done, *total, &format!("{done} of {}", count(*total, "image")));
            }
            Event::Published { layers, size, .. } => {
                printer.done();
                self.exported(*layers as u64, *size);
            }
            Event::Tagged { reference } => printer.step("Tagging", reference),
            Event::Warning { text } if !printer.quiet => {
                printer.line(&format!("{} {text}", printer.style.warning("warning:")));
            }
            _ => {}
        }
    }
}

/// `node 22.4.0 → 22.4.1`.
fn change(change: &KeyChange) -> String {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) if before.len() + after.len() > 60 => format!("{} changed", change.name),
        (Some(before), Some(after)) => format!("{} {before} → {after}", change.name),
        (None, Some(_)) => format!("{} is new", change.name),
        _ => format!("{} is gone", change.name),
    }
}
