//! `wattle inspect`.

use super::{Context, runtime};
use crate::args::Inspect;
use crate::output::{short, size, table};
use anyhow::Result;
use std::path::Path;
use wattle_engine::{InspectedProcess, Inspection};
use wattle_transport::Location;

/// Says what is in an image.
pub(crate) fn run(cx: &Context, args: &Inspect) -> Result<()> {
    let location: Location = args.image.parse()?;
    let settings = cx.settings(Path::new("."))?;
    let platform = settings.platform(args.platform.as_deref())?;
    let engine = cx.engine(&settings, &args.insecure, cx.observer(false))?;
    let inspection = runtime()?.block_on(engine.inspect(&location, &platform))?;
    if cx.printer.json {
        cx.printer.json(&inspection);
    } else {
        print(cx, &inspection);
    }
    Ok(())
}

fn print(cx: &Context, image: &Inspection) {
    let digest = |digest: &str| if cx.printer.verbose { digest.to_owned() } else { short(digest) };
    let mut facts = vec![
        vec!["Image".to_owned(), image.image.clone()],
        vec!["Digest".to_owned(), image.digest.clone()],
        vec!["Platform".to_owned(), image.platform.clone()],
        vec!["Size".to_owned(), size(image.size)],
        vec!["User".to_owned(), image.user.clone()],
    ];
    if !image.run_image_reference.is_empty() {
        facts.push(vec!["Run image".to_owned(), image.run_image_reference.clone()]);
    }
    section(cx, None, &facts);
    let buildpacks = image.buildpacks.iter().map(|it| vec![it.id.clone(), it.version.clone()]).collect::<Vec<_>>();
    section(cx, Some("Buildpacks"), &buildpacks);
    section(cx, Some("Processes"), &image.processes.iter().map(process).collect::<Vec<_>>());
    let layers =
        image.layers.iter().map(|it| vec![it.name.clone(), size(it.size), digest(&it.digest)]).collect::<Vec<_>>();
    section(cx, Some("Layers"), &layers);
}

fn section(cx: &Context, title: Option<&str>, rows: &[Vec<String>]) {
    if let Some(title) = title {
        cx.printer.data("");
        cx.printer.data(title);
    }
    let indent = if title.is_some() { "  " } else { "" };
    let lines = if rows.is_empty() { vec!["none".to_owned()] } else { table(rows) };
    for line in lines {
        cx.printer.data(&format!("{indent}{line}"));
    }
}

fn process(process: &InspectedProcess) -> Vec<String> {
    let command =
        process.command.iter().chain(&process.arguments).map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    let default = if process.default { "(default)" } else { "" };
    vec![process.kind.clone(), default.to_owned(), command, process.buildpack.clone()]
}

/// A word as a shell would need it.
fn quoted(word: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:=@%+,".contains(char);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
