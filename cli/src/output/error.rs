//! Errors for people: what was attempted and what went wrong, why, and what to do next.

use super::Printer;
use serde::Serialize;
use std::error::Error;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Failed<'a> {
    event: &'static str,
    schema: u32,
    code: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    details: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    hints: &'a [String],
}

/// Prints an error, the errors behind it, what else there is to show, and hints.
pub(crate) fn report(printer: &Printer, error: &dyn Error, code: &str, details: &[String], hints: &[String]) {
    printer.done();
    let causes = causes(error);
    if printer.json {
        let message = error.to_string();
        printer.json(&Failed { event: "error", schema: 1, code, message, causes, details, hints });
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
