//! `report.toml`: what was made, for programs (Platform specification, "report.toml").

use anyhow::{Context as _, Result};
use serde::Serialize;
use std::fs;
use std::path::Path;
use wattle_engine::Report;
use wattle_oci::cnb::BuildBuildpack;

#[derive(Serialize)]
struct File<'a> {
    image: Image<'a>,
    build: Build<'a>,
}

/// What the specification has.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Image<'a> {
    tags: &'a [String],
    digest: &'a str,
    manifest_size: u64,
}

/// What it is made of, which the specification leaves open.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Build<'a> {
    run_image: &'a str,
    processes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    default_process: Option<&'a str>,
    buildpacks: &'a [BuildBuildpack],
}

/// Writes what was made to `file`.
pub(super) fn write(report: &Report, file: &Path) -> Result<()> {
    let text = toml::to_string(&File {
        image: Image { tags: &report.tags, digest: &report.digest, manifest_size: report.manifest_size },
        build: Build {
            run_image: &report.run_image,
            processes: &report.processes,
            default_process: report.default_process.as_deref(),
            buildpacks: &report.buildpacks,
        },
    });
    let text = text.context("the report cannot be written as TOML")?;
    fs::write(file, text).with_context(|| format!("the report `{}` cannot be written", file.display()))
}
