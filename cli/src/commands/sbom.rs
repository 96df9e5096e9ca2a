//! `wattle sbom`.

use super::{Context, runtime};
use crate::args::{BomForm, Sbom};
use crate::output::{count, table};
use anyhow::{Context as _, Result};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use wattle_engine::{BillOfMaterials, BomFormat, EngineError, License, Part};
use wattle_transport::Location;
use wattle_tree::{Node, Tree};

/// Says what an image consists of.
pub(crate) fn run(cx: &Context, args: &Sbom) -> Result<()> {
    let location: Location = args.image.parse()?;
    let settings = cx.settings(Path::new("."))?;
    let platform = settings.platform(args.platform.as_deref())?;
    let engine = cx.engine(&settings, &args.insecure, cx.observer(false))?;
    let bill = runtime()?.block_on(engine.sbom(&location, &platform, !args.no_run_image))?;
    match (&args.output, args.form) {
        (Some(directory), _) => write(cx, &bill, directory),
        (None, Some(form)) => document(cx, &bill, form),
        (None, None) if cx.printer.json => {
            cx.printer.json(&bill);
            Ok(())
        }
        (None, None) => {
            print(cx, &bill);
            Ok(())
        }
    }
}

/// One document of everything, as it is.
fn document(cx: &Context, bill: &BillOfMaterials, form: BomForm) -> Result<()> {
    let format = match form {
        BomForm::Cyclonedx => BomFormat::CycloneDx,
        BomForm::Spdx => BomFormat::Spdx,
    };
    let document = bill.document(format).map_err(EngineError::from)?;
    // What the formats are is text, and control characters are escaped in it.
    for line in String::from_utf8_lossy(&document).lines() {
        cx.printer.data(line);
    }
    Ok(())
}

/// The documents as they are in the image, below the directory.
fn write(cx: &Context, bill: &BillOfMaterials, directory: &Path) -> Result<()> {
    let files = bill.files().map_err(EngineError::from)?;
    write_files(&files, directory)?;
    let number = files.walk().filter(|entry| matches!(entry.node, Node::File(_))).count() as u64;
    if cx.printer.json {
        cx.printer.json(bill);
    } else {
        cx.printer.step("Written", &format!("{} to {}", count(number, "document"), directory.display()));
    }
    Ok(())
}

/// Bills of materials as files below the directory.
pub(super) fn write_files(files: &Tree, directory: &Path) -> Result<()> {
    let written = || -> Result<()> {
        fs::create_dir_all(directory)?;
        let opened = Dir::open_ambient_dir(directory, ambient_authority())?;
        Ok(wattle_tree::write::to_directory(files, &opened)?)
    };
    written().with_context(|| format!("the documents cannot be written to `{}`", directory.display()))
}

fn print(cx: &Context, bill: &BillOfMaterials) {
    let mut groups: BTreeMap<&str, Vec<&Part>> = BTreeMap::new();
    for part in &bill.components {
        groups.entry(&part.of).or_default().push(part);
    }
    for (at, (of, parts)) in groups.into_iter().enumerate() {
        if at > 0 {
            cx.printer.data("");
        }
        cx.printer.data(&format!("{of} ({})", count(parts.len() as u64, "component")));
        let rows: Vec<Vec<String>> = parts.iter().map(|part| row(cx, part)).collect();
        for line in table(&rows) {
            cx.printer.data(&format!("  {line}"));
        }
    }
}

fn row(cx: &Context, part: &Part) -> Vec<String> {
    let component = &part.component;
    let licenses: Vec<&str> = component.licenses.iter().map(License::text).collect();
    let purl = component.purl.as_ref().filter(|_| cx.printer.verbose).map(ToString::to_string);
    vec![component.name.clone(), component.version.clone(), licenses.join(", "), purl.unwrap_or_default()]
}
