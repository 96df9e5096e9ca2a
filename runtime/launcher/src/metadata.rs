//! `metadata.toml`, what the launcher knows of the image (Platform specification, "metadata.toml").

use crate::{Error, Files};
use serde::Deserialize;

/// The versions of the Platform API that we speak, in words. Before them, a command was one string; after them come
/// execution environments.
pub(crate) const PLATFORM_APIS: &str = "0.10 to 0.15";
/// The versions of the Buildpack API that we speak, in words. Before them, processes could want a shell.
pub(crate) const BUILDPACK_APIS: &str = "0.9 to 0.12";

/// What the launcher needs of the file; the rest of it is for others.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    #[serde(default)]
    pub(crate) buildpacks: Vec<Buildpack>,
    #[serde(default)]
    pub(crate) processes: Vec<Process>,
}

#[derive(Deserialize)]
pub(crate) struct Buildpack {
    pub(crate) id: String,
    pub(crate) api: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Process {
    pub(crate) r#type: String,
    pub(crate) command: Vec<String>,
    #[serde(default)]
    pub(crate) args: Vec<String>,
    #[serde(default)]
    pub(crate) direct: bool,
    #[serde(default)]
    pub(crate) working_dir: String,
}

/// Reads the file, and checks that we speak the language of every buildpack.
pub(crate) fn read(layers_dir: &[u8], files: &impl Files) -> Result<Metadata, Error> {
    let path = [layers_dir, b"/config/metadata.toml"].concat();
    let failed = |why: String| Error::Launch(format!("could not read `{}`: {why}", path.escape_ascii()));
    let bytes = files.read(&path).map_err(|error| failed(error.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| failed(error.to_string()))?;
    let metadata: Metadata = toml::from_str(text).map_err(|error| failed(error.to_string()))?;
    match metadata.buildpacks.iter().find(|buildpack| !in_range(&buildpack.api, 9..=12)) {
        Some(Buildpack { id, api }) => Err(Error::BuildpackApi { id: id.clone(), api: api.clone() }),
        None => Ok(metadata),
    }
}

/// Checks that we speak the language of the image.
pub(crate) fn check_platform_api(api: Option<&[u8]>) -> Result<(), Error> {
    let api = api.map(|api| String::from_utf8_lossy(api).into_owned());
    let known = api.as_deref().is_some_and(|api| in_range(api, 10..=15));
    if known { Ok(()) } else { Err(Error::PlatformApi(api)) }
}

/// True for `0.<minor>` with one of these: before 1.0, each minor version is a language of its own.
fn in_range(api: &str, minor: std::ops::RangeInclusive<u64>) -> bool {
    api.strip_prefix("0.").and_then(|rest| rest.parse().ok()).is_some_and(|found: u64| minor.contains(&found))
}
