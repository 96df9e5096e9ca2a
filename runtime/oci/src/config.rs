//! What a container of an image is started with.

use crate::text::{self, is_default, null_as_default};
use crate::{Document, Platform};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use wattle_tree::Digest;

/// The configuration of an image (OCI image specification, "Image Configuration"). What it does not know survives in
/// `other`; what other tools write as `null` reads as empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// When the image was made, in the notation of RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Processor architecture, `amd64`.
    #[serde(default)]
    pub architecture: String,
    /// Variant of the architecture, `v8`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// Operating system, `linux`.
    #[serde(default)]
    pub os: String,
    /// How the process runs.
    #[serde(default, deserialize_with = "null_as_default")]
    pub config: Config,
    /// The layers, by what they are uncompressed.
    pub rootfs: RootFs,
    /// How each layer came to be.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub history: Vec<History>,
    /// Everything else, `os.version` and `author` among it.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// How the process of a container runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Config {
    /// User and group, by name or number; root if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Ports on which the process listens, `8080/tcp`.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub exposed_ports: BTreeMap<String, Value>,
    /// Environment, `NAME=value`.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub env: Vec<String>,
    /// The program and its first arguments.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub entrypoint: Vec<String>,
    /// The arguments that follow when the user gives none.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub cmd: Vec<String>,
    /// Directories that outlive a container.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub volumes: BTreeMap<String, Value>,
    /// Directory in which the process starts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// What is said about the image.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub labels: BTreeMap<String, String>,
    /// The signal that asks the process to end.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Everything else, `Healthcheck` among it.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// The layers of an image, by what they are uncompressed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Digests of the tar streams, the lowest first.
    #[serde(default, with = "text::digests")]
    pub diff_ids: Vec<Digest>,
}

/// How one layer came to be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// When, in the notation of RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// By what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// True if this step made no layer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub empty_layer: bool,
    /// Everything else.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

impl Default for RootFs {
    fn default() -> RootFs {
        RootFs { kind: "layers".to_owned(), diff_ids: Vec::new() }
    }
}

impl ImageConfig {
    /// The machine that the image is for.
    pub fn platform(&self) -> Platform {
        let variant = Some(self.variant.clone()).filter(|variant| !variant.is_empty());
        Platform { variant, ..Platform::new(&self.os, &self.architecture) }
    }
}

impl Config {
    /// The value of an environment variable.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().find_map(|entry| entry.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
    }

    /// Sets an environment variable: where it stands, or else at the end.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        let entry = format!("{name}={value}");
        match self.env.iter_mut().find(|entry| entry.split_once('=').is_some_and(|(key, _)| key == name)) {
            Some(found) => *found = entry,
            None => self.env.push(entry),
        }
    }
}

impl Document<ImageConfig> {
    /// A value of one of the image's labels.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.value().config.labels.get(key).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i10_what_it_does_not_know_survives() {
        let text = r#"{"architecture":"amd64","author":"x","os":"linux","os.version":"1","config":{"Env":null,"Labels":null,
            "Cmd":null,"Healthcheck":{"Test":["NONE"],"Interval":30000000000},"Shell":["/bin/sh"]},"history":null,
            "rootfs":{"type":"layers","diff_ids":null}}"#;
        let config: ImageConfig = serde_json::from_str(text).unwrap();
        insta::assert_snapshot!(serde_json::to_string(&config).unwrap(), @r#"{"architecture":"amd64","os":"linux","config":{"Healthcheck":{"Interval":30000000000,"Test":["NONE"]},"Shell":["/bin/sh"]},"rootfs":{"type":"layers","diff_ids":[]},"author":"x","os.version":"1"}"#);
    }

    #[test]
    fn i11_w29_variables_are_set_in_place_and_may_contain_equals_signs() {
        let mut config = Config { env: vec!["A=1=2".into(), "B=".into()], ..Config::default() };
        assert_eq!((config.variable("A"), config.variable("B"), config.variable("C")), (Some("1=2"), Some(""), None));
        config.set_variable("C", "x");
        config.set_variable("A", "y=z");
        assert_eq!(config.env, ["A=y=z", "B=", "C=x"]);
    }
}
