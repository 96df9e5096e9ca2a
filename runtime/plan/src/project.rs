//! `project.toml`: what an application says of itself and of how it is built (CNB project descriptor, schemas 0.1 to 0.3).
//!
//! What is Wattle's own stands below `[io.wattle]`, in every schema; what stands below other names is other tools' own:
//!
//! ```toml
//! [_]
//! schema-version = "0.2"
//!
//! [io.wattle]
//! packages = ["ffmpeg"]     # of the run image's operating system
//! ```

mod raw;
#[cfg(test)]
mod tests;

use crate::{BuildpackId, Document, DocumentError, ExecEnv, License, Version};
use raw::Raw;
use wattle_tree::directory::Selection;

/// What `project.toml` says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Project {
    /// What it is called by machines.
    pub id: Option<String>,
    /// What it is called by people.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Who made it.
    pub authors: Vec<String>,
    /// Where to read about it.
    pub documentation_url: Option<String>,
    /// Where its source is.
    pub source_url: Option<String>,
    /// Its licenses.
    pub licenses: Vec<License>,
    /// `[_.metadata]`, all of it.
    pub metadata: toml::Table,
    /// What of its directory is the application.
    pub selection: Selection,
    /// The buildpacks that build it, in their order; none means those of the builder.
    pub group: Vec<ProjectBuildpack>,
    /// Buildpacks before those of the builder, in their order.
    pub pre: Vec<ProjectBuildpack>,
    /// Buildpacks after those of the builder, in their order.
    pub post: Vec<ProjectBuildpack>,
    /// The build environment.
    pub env: Vec<ProjectVariable>,
    /// Packages of the operating system that the image is to have.
    pub packages: Vec<String>,
    /// What is in the file and has no effect, each a sentence.
    pub warnings: Vec<String>,
}

/// `[[io.buildpacks.group]]`: a buildpack, and when it takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectBuildpack {
    /// Which one.
    pub source: BuildpackSource,
    /// Execution environments in which it takes part; none, or `*`, means all.
    pub exec_env: Vec<String>,
}

/// Where a buildpack is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildpackSource {
    /// Among those at hand.
    AtHand {
        /// Its id.
        id: BuildpackId,
        /// Its version; none stands for the only one at hand.
        version: Option<Version>,
    },
    /// In a directory.
    Directory {
        /// Its path, from the directory of `project.toml`.
        path: String,
        /// The id that it is said to have.
        id: Option<BuildpackId>,
    },
}

/// `[[io.buildpacks.build.env]]`: a variable of the build environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectVariable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Execution environments in which it is set; none, or `*`, means all.
    pub exec_env: Vec<String>,
}

impl Project {
    /// Reads the text of `project.toml`; `file` names it in errors. A file without a schema version is read by schema 0.1, as
    /// the reference implementation does it.
    ///
    /// # Errors
    /// Where the text is no TOML, has a schema that is unknown, or says something that cannot be done.
    pub fn parse(file: &str, text: &str) -> Result<Project, DocumentError> {
        Raw::parse(&Document { file, text })
    }
}

impl ProjectBuildpack {
    /// True if it takes part in builds for this execution environment.
    pub fn serves(&self, exec_env: &ExecEnv) -> bool {
        exec_env.is_among(&self.exec_env)
    }
}

impl ProjectVariable {
    /// True if it is set in builds for this execution environment.
    pub fn serves(&self, exec_env: &ExecEnv) -> bool {
        exec_env.is_among(&self.exec_env)
    }
}
