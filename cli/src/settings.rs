//! What is meant: the command line, the environment, `wattle.toml` and `project.toml`, put together once.
//!
//! This is the only place of Wattle that reads environment variables.

mod application;
mod binding;
mod created;
mod file;
mod image;
mod project;
mod used;
mod variables;

pub(crate) use project::Project;
pub(crate) use used::Used;

use crate::args::{Application, Global};
use anyhow::{Context as _, Result, anyhow, bail};
use file::File;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use wattle_engine::Keyring;
use wattle_fetch::{Explicit, Network};
use wattle_oci::Platform;
use wattle_sandbox::Limits;
use wattle_transport::{Location, Proxy, Roots};

/// Settings of a command about an application.
pub(crate) struct Settings {
    /// The application's directory.
    pub(crate) application: PathBuf,
    /// Environment variables of this process.
    pub(crate) variables: BTreeMap<String, String>,
    file: File,
}

impl Settings {
    /// Reads the environment and the file that applies to the application.
    pub(crate) fn read(application: &Path, global: &Global) -> Result<Settings> {
        let variables = variables();
        let file = File::find(application, global.config.as_deref(), configuration().as_deref())?;
        Ok(Settings { application: application.to_owned(), variables, file })
    }

    /// Reads what the application says of itself: its `project.toml`, or another that is `named`.
    pub(crate) fn project(&self, named: Option<&Path>) -> Result<Project> {
        Project::read(&self.application, named)
    }

    /// A variable that is set and not empty.
    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Where the store is.
    pub(crate) fn store(global: &Global) -> Result<PathBuf> {
        let cache =
            || directories::ProjectDirs::from("", "", "wattle").map(|directories| directories.cache_dir().to_owned());
        global
            .store
            .clone()
            .or_else(cache)
            .ok_or_else(|| anyhow!("there is no home directory: name a store with `--store`"))
    }

    /// What the image will run on.
    pub(crate) fn platform(&self, typed: Option<&str>) -> Result<Platform> {
        match typed.or(self.file.platform.as_deref()) {
            Some(text) => text.parse().with_context(|| format!("`{text}` is no platform")),
            None => Ok(Platform::new("linux", native_architecture())),
        }
    }

    /// Where the image goes.
    pub(crate) fn output(&self, typed: Option<&str>) -> Result<Location> {
        let Some(text) = typed.or(self.file.output.as_deref()) else {
            bail!("say where the image goes, such as `--output oci:{}`", self.suggested_name());
        };
        Ok(text.parse()?)
    }

    /// What the image is put on; none for the default.
    pub(crate) fn run_image(&self, typed: Option<&str>) -> Result<Option<Location>> {
        Settings::named_run_image(typed.or(self.file.run_image.as_deref()))
    }

    /// The run image of this name.
    pub(crate) fn named_run_image(text: Option<&str>) -> Result<Option<Location>> {
        text.map(|text| text.parse::<Location>().with_context(|| format!("`{text}` names no run image"))).transpose()
    }

    fn suggested_name(&self) -> String {
        let path = self.application.canonicalize().unwrap_or_default();
        path.file_name().map_or("app".to_owned(), |name| name.to_string_lossy().to_lowercase())
    }

    /// Whose word counts in archives of operating-system packages.
    pub(crate) fn keyring(&self, global: &Global) -> Result<Keyring> {
        let Some(path) = global.keyring.as_deref().or(self.file.keyring.as_deref()) else {
            return Ok(machine_keyring());
        };
        let keys = fs::read(path).with_context(|| format!("the keyring `{}` cannot be read", path.display()))?;
        Ok(Keyring::Only(keys.into()))
    }

    /// What package registries are looked up by.
    pub(crate) fn registries(&self, global: &Global) -> Result<wattle_fetch::Settings> {
        let mut explicit = self.file.registries();
        for item in &global.registries {
            let Some((name, address)) = item.split_once('=') else {
                bail!("`--registry {item}` has no address: write `--registry NAME=URL`");
            };
            let origin = "`--registry` on the command line".to_owned();
            explicit.insert(name.to_owned(), Explicit { address: address.to_owned(), origin });
        }
        Ok(wattle_fetch::Settings {
            explicit,
            environment: self.variables.clone(),
            home: home(),
            project: self.application.clone(),
            // Who runs the build at a command line runs it on an application of their own.
            trust_project: true,
            root: if cfg!(unix) { PathBuf::from("/") } else { PathBuf::new() },
            run_commands: true,
        })
    }

    /// How the network is used.
    pub(crate) fn network(global: &Global) -> Network {
        Network { offline: global.offline, ..Network::default() }
    }

    /// How registries of images are reached.
    pub(crate) fn transport(&self, insecure: &[String]) -> Result<wattle_transport::Settings> {
        let either =
            |name: &str| self.variable(name).or_else(|| self.variable(&name.to_lowercase())).map(str::to_owned);
        let roots = match self.variable("SSL_CERT_FILE") {
            Some(path) => Roots::Only(
                fs::read(path).with_context(|| format!("`SSL_CERT_FILE` names `{path}`, which cannot be read"))?,
            ),
            None => Roots::System,
        };
        Ok(wattle_transport::Settings {
            docker_config: self.docker_config(),
            registry_auth: self.variable("CNB_REGISTRY_AUTH").map(str::to_owned),
            credential_helpers: true,
            insecure: insecure.iter().chain(&self.file.insecure_registries).cloned().collect(),
            proxy: Proxy { http: either("HTTP_PROXY"), https: either("HTTPS_PROXY"), except: either("NO_PROXY") },
            roots,
        })
    }

    fn docker_config(&self) -> Option<String> {
        let directory = self.variable("DOCKER_CONFIG").map(PathBuf::from).or_else(|| Some(home()?.join(".docker")))?;
        fs::read_to_string(directory.join("config.json")).ok()
    }

    /// Warnings about what `wattle.toml` says.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.file.warnings
    }

    /// Limits of `detect` and `build`, as they were typed.
    pub(crate) fn limits(application: &Application) -> Result<(Limits, Limits)> {
        let (mut detect, mut build) = (Limits::detect(), Limits::build());
        for item in &application.limits {
            let Some((name, value)) = item.split_once('=') else {
                bail!("`--limit {item}` has no value: write `--limit NAME=VALUE`");
            };
            build.set(name, value)?;
            detect.set(name, value)?;
        }
        Ok((detect, build))
    }
}

/// A variable of this process.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Keys of distributions' archives, where Debian and its descendants have them.
fn machine_keyring() -> Keyring {
    let keyrings = ["debian", "ubuntu"].map(|name| format!("/usr/share/keyrings/{name}-archive-keyring.gpg"));
    let keys: Vec<u8> = keyrings.iter().filter_map(|path| fs::read(path).ok()).flatten().collect();
    if keys.is_empty() { Keyring::Pinned } else { Keyring::Machine(keys.into()) }
}

fn variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn home() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|directories| directories.home_dir().to_owned())
}

fn configuration() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "wattle").map(|directories| directories.config_dir().to_owned())
}

/// This machine's architecture, as OCI names it.
fn native_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "amd64",
    }
}
