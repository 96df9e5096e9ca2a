//! Errors for people: what was attempted and what went wrong, why, and what to do next.

use super::Printer;
use serde::Serialize;
use std::error::Error;
use wattle_engine::{EngineError, Phase};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Failed<'a> {
    event: &'static str,
    schema: u32,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<Phase>,
    platform_exit_code: u8,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    details: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    hints: &'a [String],
}

/// What there is to say of an error besides itself and the errors behind it.
pub(crate) struct About<'a> {
    /// Stable, for programs.
    pub(crate) code: &'a str,
    /// In which phase it was, if it was in one.
    pub(crate) phase: Option<Phase>,
    /// The exit code that the reference implementation would end with.
    pub(crate) platform_exit_code: u8,
    /// What else there is to show.
    pub(crate) details: &'a [String],
    /// What to do next.
    pub(crate) hints: &'a [String],
}

/// Prints an error of the engine; `phase` is that of the command, if all that it does is one.
pub(crate) fn report_engine(printer: &Printer, error: &EngineError, phase: Option<Phase>) {
    let platform_exit_code = phase.map_or_else(|| error.platform_exit_code(), Phase::platform_exit_code);
    let (code, details, hints) = (error.code(), error.details(), error.hints());
    let phase = phase.or_else(|| error.phase());
    report(printer, error, &About { code: &code, phase, platform_exit_code, details: &details, hints: &hints });
}

/// Prints an error, the errors behind it, what else there is to show, and hints.
pub(crate) fn report(printer: &Printer, error: &dyn Error, about: &About) {
    printer.done();
    let causes = causes(error);
    let About { code, phase, platform_exit_code, details, hints } = *about;
    if printer.json {
        let message = error.to_string();
        printer.json(&Failed {
            event: "error",
            schema: 1,
            code,
            phase,
            platform_exit_code,
            message,
            causes,
            details,
            hints,
        });
        return;
    }
    let style = printer.style;
    printer.line(&format!("{} {error}", style.error("error:")));
    for cause in causes {
        printer.line(&format!("  {} {cause}", style.error("caused by:")));
    }
    for detail in details {
        printer.line(format!("  {detail}").trim_end());
    }
    for hint in hints {
        printer.line(&format!("{} {hint}", style.hint("hint:")));
    }
    if printer.verbose {
        printer.line(&style.faint(&format!("code: {code}")));
    }
}

/// Every error behind this one, but for those that say the same again.
fn causes(error: &dyn Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.contains(&text) {
            causes.push(text.clone());
            said = text;
        }
        next = cause.source();
    }
    causes
}
