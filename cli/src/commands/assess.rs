//! `wattle detect` and `wattle plan`.

use super::{Context, SaidNo};
use crate::args::{Application, Insecure};
use crate::output::table;
use crate::settings::Used;
use anyhow::Result;
use wattle_engine::{Assessment, Step, Verdict};

/// Says what each buildpack thinks. Succeeds if somebody would build it.
pub(crate) fn detect(cx: &Context, application: &Application) -> Result<()> {
    let assessment = assess(cx, application, wattle_engine::Engine::detect)?;
    let nobody = if assessment.plan.is_empty() { Err(SaidNo.into()) } else { Ok(()) };
    if cx.printer.json {
        cx.printer.json(&assessment);
        return nobody;
    }
    let verdict = |verdict| match verdict {
        Verdict::Pass => "pass",
        Verdict::Skip => "skip",
        Verdict::Fail => "fail",
    };
    let rows: Vec<_> = assessment
        .buildpacks
        .iter()
        .map(|it| {
            vec![
                it.id.clone(),
                it.version.clone(),
                verdict(it.verdict).to_owned(),
                it.reason.clone().unwrap_or_default(),
            ]
        })
        .collect();
    cx.printer.lines(&table(&rows));
    nobody
}

/// Says who would build it, with what. Fails if nobody would.
pub(crate) fn plan(cx: &Context, application: &Application) -> Result<()> {
    let assessment = assess(cx, application, wattle_engine::Engine::plan)?;
    if cx.printer.json {
        cx.printer.json(&assessment);
        return Ok(());
    }
    let rows: Vec<_> =
        assessment.plan.iter().map(|step| vec![step.id.clone(), step.version.clone(), wanted(step)]).collect();
    cx.printer.lines(&table(&rows));
    Ok(())
}

/// `node {"version":"24"}, npm`.
fn wanted(step: &Step) -> String {
    let entries = step.entries.iter().map(|entry| match &entry.metadata {
        serde_json::Value::Null => entry.name.clone(),
        metadata => format!("{} {metadata}", entry.name),
    });
    entries.collect::<Vec<_>>().join(", ")
}

type Ask = fn(&wattle_engine::Engine, &wattle_engine::Request) -> Result<Assessment, wattle_engine::EngineError>;

fn assess(cx: &Context, application: &Application, ask: Ask) -> Result<Assessment> {
    let settings = cx.settings(&application.path)?;
    let (project, mut used) = (settings.project(application.descriptor.as_deref())?, Used::default());
    let request = super::request(cx, &settings, application, &project, &mut used)?;
    cx.warn(&used.warnings);
    let engine =
        cx.engine(&settings, &Insecure::default(), std::sync::Arc::new(super::Compiling(cx.printer.clone())))?;
    Ok(ask(&engine, &request)?)
}
