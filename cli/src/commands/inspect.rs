//! `wattle inspect`.

mod application;
mod builder;
mod facts;

use super::{Context, runtime};
use crate::args::{Inspect, InspectForm};
use crate::output;
use anyhow::Result;
use std::path::Path;
use wattle_engine::{InspectedProblem, Inspection};
use wattle_transport::{Location, Pick};

/// Says what is in an image.
pub(crate) fn run(cx: &Context, args: &Inspect) -> Result<()> {
    let location = location(&args.image)?;
    let settings = cx.settings(Path::new("."))?;
    let platform = settings.platform(args.platform.as_deref())?;
    let engine = cx.engine(&settings, &args.insecure, cx.observer(false))?;
    let inspection = runtime()?.block_on(engine.inspect(&location, &platform))?;
    match args.form {
        Some(InspectForm::Json) => cx.printer.document(&output::json(&inspection)?),
        Some(InspectForm::Yaml) => cx.printer.document(&output::yaml(&inspection)?),
        Some(InspectForm::Toml) => cx.printer.document(&output::toml(&inspection)?),
        None if cx.printer.json => cx.printer.json(&inspection),
        Some(InspectForm::Human) | None => print(cx, &inspection, args.depth),
    }
    Ok(())
}

/// What is a file on this machine is an archive, whatever it is called; and what can only be one, too, though it is not there.
fn location(text: &str) -> Result<Location> {
    let names_file = Path::new(text).extension().is_some_and(|it| it == "cnb")
        && (text.starts_with(['.', '/']) || !text.contains('/'));
    if names_file || Path::new(text).is_file() {
        return Ok(Location::archive(text, Pick::Default));
    }
    Ok(text.parse()?)
}

fn print(cx: &Context, image: &Inspection, depth: usize) {
    cx.printer.lines(&facts::of(image));
    if let Some(builder) = &image.builder {
        builder::builder(cx, builder, depth);
    }
    if let Some(package) = &image.package {
        builder::package(cx, package, depth);
    }
    if let Some(application) = &image.application {
        application::made(cx, application);
    }
    application::settings(cx, &image.settings);
    application::layers(cx, &image.layers);
    let problem = |it: &InspectedProblem| vec![it.about.clone(), it.reason.clone()];
    optional(cx, "Problems", &image.problems.iter().map(problem).collect::<Vec<_>>());
}

/// A table below its title; `none` if there is nothing in it.
fn section(cx: &Context, title: &str, rows: &[Vec<String>]) {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| facts::line(cell)).collect()).collect();
    let lines = if rows.is_empty() { vec!["none".to_owned()] } else { output::table(&rows) };
    listing(cx, title, &lines);
}

/// A table below its title, unless there is nothing in it.
fn optional(cx: &Context, title: &str, rows: &[Vec<String>]) {
    if !rows.is_empty() {
        section(cx, title, rows);
    }
}

fn listing(cx: &Context, title: &str, lines: &[String]) {
    cx.printer.data("");
    cx.printer.data(title);
    for line in lines {
        cx.printer.data(&format!("  {line}"));
    }
}
