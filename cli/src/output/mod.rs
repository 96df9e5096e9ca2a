//! The only code that writes to a terminal. Data goes to standard output, talk to standard error.

mod document;
mod error;
mod human;
mod json;
mod settings;
mod style;
mod text;

pub(crate) use document::{json, toml, yaml};
pub(crate) use error::{About, report, report_engine};
pub(crate) use human::Human;
pub(crate) use json::Json;
pub(crate) use style::Style;
pub(crate) use text::{count, duration, short, size, table};

use crate::args::{Colour, Format, Global};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Width of the column of verbs.
const COLUMN: usize = 12;

/// Where everything that is printed passes.
#[expect(clippy::struct_excessive_bools, reason = "they are independent settings")]
pub(crate) struct Printer {
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) json: bool,
    pub(crate) style: Style,
    progress: bool,
    bar: Mutex<Option<ProgressBar>>,
    /// Why data was not written, the first time.
    unwritten: Mutex<Option<io::Error>>,
}

impl Printer {
    /// `environment` looks a variable up.
    pub(crate) fn new(global: &Global, environment: impl Fn(&str) -> Option<String>) -> Printer {
        let set = |name: &str| environment(name).is_some_and(|value| !value.is_empty() && value != "0");
        let terminal = io::stderr().is_terminal() && environment("TERM").as_deref() != Some("dumb");
        let colour = match global.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto if set("NO_COLOR") => false,
            Colour::Auto => set("CLICOLOR_FORCE") || terminal,
        };
        let json = global.format == Format::Json;
        Printer {
            quiet: global.quiet,
            verbose: global.verbose,
            json,
            style: Style { colour },
            progress: terminal && !global.quiet && !global.verbose && !json && !set("CI"),
            bar: Mutex::new(None),
            unwritten: Mutex::new(None),
        }
    }

    /// A line of data.
    pub(crate) fn data(&self, line: &str) {
        self.write_data(&text::shown(line, self.style.sequences()));
    }

    fn write_data(&self, line: &str) {
        let mut written = Ok(());
        self.undisturbed(|| written = writeln!(io::stdout(), "{line}"));
        match written {
            // A reader that has seen enough is no failure.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
            _ => {}
        }
    }

    /// Why data could not be written, if any could not.
    pub(crate) fn unwritten(&self) -> Option<io::Error> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Lines of data.
    pub(crate) fn lines(&self, lines: &[String]) {
        for line in lines {
            self.data(line);
        }
    }

    /// A document for programs, as it is. On a terminal, nothing in it steers that.
    pub(crate) fn document(&self, document: &str) {
        for line in document.lines() {
            if io::stdout().is_terminal() {
                self.write_data(&text::shown(line, &[]));
            } else {
                self.write_data(line);
            }
        }
    }

    /// A value as one line of JSON.
    pub(crate) fn json(&self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(line) => self.write_data(&text::escaped(&line)),
            Err(error) => self.line(&format!("the result cannot be written as JSON: {error}")),
        }
    }

    /// A line of talk, whatever the settings.
    pub(crate) fn line(&self, line: &str) {
        let line = text::shown(line, self.style.sequences());
        self.undisturbed(|| {
            let _ = writeln!(io::stderr(), "{line}");
        });
    }

    /// A line of talk with a verb in front, unless quiet.
    pub(crate) fn step(&self, verb: &str, text: &str) {
        if !self.quiet && !self.json {
            self.line(&format!("{} {text}", self.style.verb(&format!("{verb:>COLUMN$}"))));
        }
    }

    /// A line of talk below the last verb, unless quiet.
    pub(crate) fn detail(&self, text: &str) {
        if !self.quiet && !self.json {
            self.line(&format!("{:COLUMN$} {text}", ""));
        }
    }

    /// Shows how far something is: `done` of `total`, and a few words.
    pub(crate) fn progress(&self, verb: &str, done: u64, total: u64, text: &str) {
        if !self.progress {
            return;
        }
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bar.get_or_insert_with(new_bar);
        bar.set_prefix(self.style.verb(&format!("{verb:>COLUMN$}")));
        bar.set_length(total);
        bar.set_position(done);
        bar.set_message(text::shown(text, &[]));
    }

    /// Takes the progress bar away.
    pub(crate) fn done(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }

    fn undisturbed(&self, write: impl FnOnce()) {
        match &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:24}] {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
