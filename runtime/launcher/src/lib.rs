//! What the launcher decides: which process to start, in which environment (Platform specification, "Launcher"; Buildpack
//! specification, "Launch").
//!
//! The launcher is `/cnb/lifecycle/launcher` of every image that Wattle builds, and each `/cnb/process/<type>` is a link to
//! it. It reads `/layers/config/metadata.toml`, applies what the layers say of the environment, runs their `exec.d` programs,
//! and starts the process: as the first process of a container it stays to be its init, else it becomes the process.
//!
//! This part only decides: files are read through [`Files`], names and values are bytes, as in the system that it runs on,
//! and nothing is started. [`launch`] is the whole way.

mod environment;
mod exec_d;
mod layers;
mod metadata;
mod process;
mod shell;

pub use environment::{Entry, Environment, Files, Phase};
pub use exec_d::LONGEST_OUTPUT;

use process::Circumstances;
use std::fmt;

/// What the launcher is to start.
#[derive(Debug, PartialEq, Eq)]
pub struct Launch {
    /// Programs that run first, one after the other, in the application's directory. What each wrote changes the environment
    /// of those after it ([`Environment::with_output`]), and of the process.
    pub before: Vec<Vec<u8>>,
    /// The program, as it was written, and its arguments. Never empty.
    pub command: Vec<Vec<u8>>,
    /// The environment, `PATH` among it, in which the program is to be looked up once the others have run.
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
    PlatformApi {
        /// It, unless it is absent.
        api: Option<String>,
        /// Those that we speak.
        spoken: String,
    },
    /// A buildpack's API is not one that we speak.
    BuildpackApi {
        /// The buildpack.
        id: String,
        /// Its API.
        api: String,
        /// Those that we speak.
        spoken: String,
    },
    /// What the image says of itself cannot be read.
    Metadata(String),
    /// Anything else: what was attempted, and why it failed.
    Launch(String),
}

impl Error {
    /// The exit code that the specification gives it, and the reference implementation where that leaves it open.
    pub fn code(&self) -> u8 {
        match self {
            Error::Metadata(_) => 1,
            Error::PlatformApi { .. } => 11,
            Error::BuildpackApi { .. } => 12,
            Error::Launch(_) => 82,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::PlatformApi { api: None, .. } => write!(f, "`CNB_PLATFORM_API` is not set: the image sets it"),
            Error::PlatformApi { api: Some(api), spoken } => {
                write!(f, "`CNB_PLATFORM_API` is `{api}`: this launcher speaks {spoken}")
            }
            Error::BuildpackApi { id, api, spoken } => {
                write!(f, "the buildpack `{id}` follows Buildpack API `{api}`: this launcher speaks {spoken}")
            }
            Error::Metadata(text) | Error::Launch(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

/// What the launcher, called by the name `arguments[0]` in `environment`, is to start.
pub fn launch(arguments: &[Vec<u8>], environment: Environment, files: &impl Files) -> Result<Launch, Error> {
    let of_platform = |name: &str, default: &str| {
        // An empty one counts as none, as in the reference implementation.
        let value = environment.get(name).filter(|value| !value.is_empty());
        value.unwrap_or(default.as_bytes()).to_vec()
    };
    let layers_dir = without_slash(of_platform("CNB_LAYERS_DIR", "/layers"));
    let app_dir = of_platform("CNB_APP_DIR", "/workspace");
    let exec_env = String::from_utf8_lossy(&of_platform("CNB_EXEC_ENV", "production")).into_owned();

    let api = metadata::platform_api(environment.get("CNB_PLATFORM_API"))?;
    let metadata = metadata::read(&layers_dir, files)?;
    let circumstances = Circumstances { api: &api, exec_env: &exec_env, has_shell: files.is_file(shell::BASH) };
    let chosen = process::choose(&metadata, arguments, &circumstances)?;

    let buildpacks = || metadata.buildpacks.iter().map(|buildpack| buildpack.id.as_str());
    let environment = environment
        .without_ours()
        .with_layers(&layers_dir, buildpacks(), Phase::Launch(chosen.kind), files)
        .map_err(not_read)?;
    let before = exec_d::programs(&layers_dir, buildpacks(), chosen.kind, files).map_err(not_read)?;
    if !chosen.in_shell {
        return Ok(Launch { before, command: chosen.command, environment, app_dir, working_dir: chosen.working_dir });
    }
    let profiles = shell::profiles(&layers_dir, &app_dir, buildpacks(), chosen.kind, files).map_err(not_read)?;
    let called = arguments.first().map_or(&b"launcher"[..], Vec::as_slice);
    let command = shell::command(&chosen, called, &profiles, &app_dir);
    Ok(Launch { before, command, environment, app_dir, working_dir: None })
}

fn not_read((path, error): layers::Failed) -> Error {
    Error::Launch(format!("could not read `{}`: {error}", path.escape_ascii()))
}

fn without_slash(mut directory: Vec<u8>) -> Vec<u8> {
    let len = directory.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    directory.truncate(len);
    directory
}

#[cfg(test)]
mod tests;
