//! `metadata.toml`, what the launcher knows of the image (Platform specification, "metadata.toml").

use crate::{Error, Files};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::ops::RangeInclusive;
use toml::Value;

/// The minor versions of the Platform API that we speak: those of the reference implementation.
const PLATFORM_APIS: RangeInclusive<u64> = 7..=15;
/// The minor versions of the Buildpack API that we speak: those of the reference implementation.
const BUILDPACK_APIS: RangeInclusive<u64> = 7..=12;

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
    pub(crate) api: Api,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Process {
    pub(crate) r#type: String,
    #[serde(deserialize_with = "one_or_many")]
    pub(crate) command: Vec<String>,
    #[serde(default)]
    pub(crate) args: Vec<String>,
    /// Whether it is started without a shell.
    #[serde(default)]
    pub(crate) direct: bool,
    #[serde(default)]
    pub(crate) working_dir: String,
    /// The execution environments that it is for; none stands for all.
    #[serde(default)]
    pub(crate) exec_env: Vec<String>,
    #[serde(default)]
    pub(crate) buildpack_id: String,
}

/// Before Platform API 0.10, a command was one string.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let words = match Value::deserialize(deserializer)? {
        Value::Array(words) => words,
        word => vec![word],
    };
    words.into_iter().map(|word| word.try_into().map_err(D::Error::custom)).collect()
}

/// The version of an API, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Api(String);

impl Api {
    /// True for `0.<minor>` with a version of at least this.
    pub(crate) fn is_at_least(&self, minor: u64) -> bool {
        self.minor().is_some_and(|found| found >= minor)
    }

    fn is_in(&self, range: &RangeInclusive<u64>) -> bool {
        self.minor().is_some_and(|minor| range.contains(&minor))
    }

    /// Before 1.0, which does not exist, each minor version is an API of its own.
    fn minor(&self) -> Option<u64> {
        let text = self.0.strip_prefix('v').unwrap_or(&self.0);
        let minor = text.strip_prefix("0.")?;
        minor.bytes().all(|byte| byte.is_ascii_digit()).then(|| minor.parse().ok())?
    }
}

/// Reads the file, and checks that we speak the language of every buildpack.
pub(crate) fn read(layers_dir: &[u8], files: &impl Files) -> Result<Metadata, Error> {
    let path = [layers_dir, b"/config/metadata.toml"].concat();
    let failed = |why: String| Error::Metadata(format!("could not read `{}`: {why}", path.escape_ascii()));
    let bytes = files.read(&path).map_err(|error| failed(error.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| failed(error.to_string()))?;
    let metadata: Metadata = toml::from_str(text).map_err(|error| failed(error.to_string().trim_end().to_owned()))?;
    match metadata.buildpacks.iter().find(|buildpack| !buildpack.api.is_in(&BUILDPACK_APIS)) {
        Some(Buildpack { id, api }) => {
            Err(Error::BuildpackApi { id: id.clone(), api: api.0.clone(), spoken: in_words(&BUILDPACK_APIS) })
        }
        None => Ok(metadata),
    }
}

/// The Platform API that the image was made for, which has to be one that we speak.
pub(crate) fn platform_api(api: Option<&[u8]>) -> Result<Api, Error> {
    let api = api.map(|api| Api(String::from_utf8_lossy(api).into_owned()));
    match api {
        Some(api) if api.is_in(&PLATFORM_APIS) => Ok(api),
        _ => Err(Error::PlatformApi { api: api.map(|api| api.0), spoken: in_words(&PLATFORM_APIS) }),
    }
}

fn in_words(range: &RangeInclusive<u64>) -> String {
    format!("0.{} to 0.{}", range.start(), range.end())
}
