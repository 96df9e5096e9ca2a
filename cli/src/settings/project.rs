//! `project.toml`: the application's, or another that was named.

use anyhow::{Context as _, Result};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use wattle_engine::Declared;

/// What `project.toml` says, and where it is.
#[derive(Debug, Default)]
pub(crate) struct Project {
    /// What it says; nothing if there is none.
    pub(crate) said: wattle_plan::Project,
    /// What it is called in messages.
    pub(crate) name: String,
    /// Where paths in it start.
    pub(crate) directory: PathBuf,
}

impl Project {
    /// Reads the file that was named, or the application's; one that is not there says nothing.
    pub(super) fn read(application: &Path, named: Option<&Path>) -> Result<Project> {
        let path = named.map_or_else(|| application.join("project.toml"), Path::to_owned);
        let name = path.display().to_string();
        let text = match fs::read_to_string(&path) {
            Err(error)
                if named.is_none()
                    && matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                return Ok(Project::default());
            }
            text => text.with_context(|| format!("`{name}` cannot be read"))?,
        };
        let said = wattle_plan::Project::parse(&name, &text)?;
        let directory = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Project { said, name, directory })
    }

    /// What it declares of the source.
    pub(super) fn declared(&self) -> Declared {
        Declared { version: self.said.version.clone(), url: self.said.source_url.clone() }
    }
}
