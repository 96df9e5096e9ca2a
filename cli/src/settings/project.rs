//! `project.toml`, which many tools read: what stands in it for Wattle.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::fs;
use std::io;
use std::path::Path;
use wattle_plan::Document;

/// What `project.toml` says below `[io.wattle]` (CNB project descriptor, "Non-`_` tables").
#[derive(Debug, Default)]
pub(super) struct Project {
    /// Packages of the operating system that the image is to have.
    pub(super) packages: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw {
    io: RawIo,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawIo {
    wattle: RawWattle,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawWattle {
    packages: Vec<String>,
}

impl Project {
    /// Reads the application's; one that is not there says nothing.
    pub(super) fn of(application: &Path) -> Result<Project> {
        let path = application.join("project.toml");
        let name = path.display().to_string();
        let text = match fs::read_to_string(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Project::default());
            }
            text => text.with_context(|| format!("`{name}` cannot be read"))?,
        };
        let (raw, _) = Document { file: &name, text: &text }.read::<Raw>()?;
        Ok(Project { packages: raw.io.wattle.packages })
    }
}
