//! What the launcher decides: which process to start, in which environment (Platform specification, "Launcher"; Buildpack
//! specification, "Launch").
//!
//! The launcher is `/cnb/lifecycle/launcher` of every image that Wattle builds, and each `/cnb/process/<type>` is a link to
//! it. It reads `/layers/config/metadata.toml`, applies what the layers say of the environment, and starts the process: as the
//! first process of a container it stays to be its init, else it becomes the process.
//!
//! This part only decides: files are read through [`Files`], names and values are bytes, as in the system that it runs on,
//! and nothing is started. [`launch`] is the whole way.

mod environment;
mod metadata;
mod process;

pub use environment::{Entry, Environment, Files, Phase};

use std::fmt;

/// What the launcher is to start.
#[derive(Debug, PartialEq, Eq)]
pub struct Launch {
    /// The program, as it was written, and its arguments. Never empty.
    pub command: Vec<Vec<u8>>,
    /// The environment, `PATH` among it, in which the program is to be looked up.
    pub environment: Environment,
    /// The application's directory: from there, the program is looked up.
    pub app_dir: Vec<u8>,
    /// The directory in which the process starts; relative to the application's if it is not absolute.
    pub working_dir: Option<Vec<u8>>,
}

/// Why nothing can be started.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// The Platform API is absent, or not one that we speak.
    PlatformApi(Option<String>),
    /// A buildpack's API is not one that we speak.
    BuildpackApi {
        /// The buildpack.
        id: String,
        /// Its API.
        api: String,
    },
    /// Anything else: what was attempted, and why it failed.
    Launch(String),
}

impl Error {
    /// The exit code that the specification gives it.
    pub fn code(&self) -> u8 {
        match self {
            Error::PlatformApi(_) => 11,
            Error::BuildpackApi { .. } => 12,
            Error::Launch(_) => 82,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::PlatformApi(None) => write!(f, "`CNB_PLATFORM_API` is not set: the image sets it"),
            Error::PlatformApi(Some(api)) => {
                write!(f, "`CNB_PLATFORM_API` is `{api}`: this launcher speaks {}", metadata::PLATFORM_APIS)
            }
            Error::BuildpackApi { id, api } => write!(
                f,
                "the buildpack `{id}` follows Buildpack API `{api}`: this launcher speaks {}",
                metadata::BUILDPACK_APIS
            ),
            Error::Launch(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

/// What the launcher, called by the name `arguments[0]` in `environment`, is to start.
pub fn launch(arguments: &[Vec<u8>], environment: Environment, files: &impl Files) -> Result<Launch, Error> {
    let directory = |name: &str, default: &str| environment.get(name).unwrap_or(default.as_bytes()).to_vec();
    let layers_dir = directory("CNB_LAYERS_DIR", "/layers");
    let app_dir = directory("CNB_APP_DIR", "/workspace");
    metadata::check_platform_api(environment.get("CNB_PLATFORM_API"))?;
    let metadata = metadata::read(&layers_dir, files)?;
    let chosen = process::choose(&metadata, arguments)?;
    let buildpacks = metadata.buildpacks.iter().map(|buildpack| buildpack.id.as_str());
    let environment = environment
        .without_ours()
        .with_layers(&layers_dir, buildpacks, Phase::Launch(chosen.kind), files)
        .map_err(|(path, error)| Error::Launch(format!("could not read `{}`: {error}", path.escape_ascii())))?;
    Ok(Launch { command: chosen.command, environment, app_dir, working_dir: chosen.working_dir })
}

#[cfg(test)]
mod tests;
