//! What the user wants of an image besides what buildpacks put into it.

use super::project::Project;
use super::used::Used;
use super::{Settings, created};
use crate::args::{Build, SourceMetadata};
use anyhow::{Context as _, Result, anyhow, bail};
use std::collections::BTreeMap;
use std::time::SystemTime;
use wattle_engine::{ImageOptions, SourceDetail, project_metadata};
use wattle_oci::cnb;
use wattle_transport::Location;

/// Labels that begin so say what the platform says, and what Wattle needs to build the next image.
const RESERVED_LABELS: [&str; 2] = ["io.buildpacks.", "io.wattle."];
/// Directories that are free in an image, and not when buildpacks run.
const RESERVED_DIRECTORIES: [&str; 2] = ["/buildpack", "/tmp"];

impl Settings {
    /// What the command line, the environment and the files say of the image.
    pub(crate) fn image(&self, args: &Build, project: &Project, used: &mut Used) -> Result<ImageOptions> {
        let one = |typed: &Option<String>, option: &'static str, said: &Option<String>| match (typed, said) {
            (Some(value), _) => Some((value.clone(), format!("--{option}"))),
            (None, Some(value)) => Some((value.clone(), self.file.name.clone())),
            (None, None) => None,
        };
        let default_process = one(&args.default_process, "default-process", &self.file.default_process);
        let user = one(&args.user, "user", &self.file.user);
        let workspace = one(&args.workspace, "workspace", &self.file.workspace);
        let labels = self.labels(&args.labels, used)?;
        for (setting, value) in [("default-process", &default_process), ("user", &user), ("workspace", &workspace)] {
            if let Some((value, origin)) = value {
                used.item(setting, value, origin);
            }
        }
        user.iter().try_for_each(|(user, _)| check_user(user))?;
        workspace.iter().try_for_each(|(directory, _)| check_workspace(directory))?;
        Ok(ImageOptions {
            labels,
            user: user.map(|(user, _)| user),
            default_process: default_process.map(|(kind, _)| kind),
            workspace: workspace.map(|(directory, _)| directory),
            created: self.created(args.creation_time.as_deref(), used)?,
            project: project_metadata(&self.application, &project.declared(), self.detail(args.source_metadata, used)?),
        })
    }

    fn labels(&self, typed: &[String], used: &mut Used) -> Result<BTreeMap<String, String>> {
        let mut labels = BTreeMap::new();
        for (key, value) in &self.file.labels {
            labels.insert(key.clone(), (value.clone(), self.file.name.as_str()));
        }
        for item in typed {
            let Some((key, value)) = item.split_once('=') else {
                bail!("`--label {item}` has no value: write `--label KEY=VALUE`");
            };
            labels.insert(key.to_owned(), (value.to_owned(), "--label"));
        }
        for (key, (_, origin)) in &labels {
            if key.is_empty() || key.contains(|c: char| c.is_whitespace() || c.is_control()) {
                bail!(
                    "`{key}` cannot be the key of a label: write `--label KEY=VALUE`, with a key such as `org.example.team`"
                );
            }
            if let Some(reserved) = RESERVED_LABELS.iter().find(|reserved| key.starts_with(**reserved)) {
                bail!("`{key}` cannot be set: labels that begin with `{reserved}` say how the image was built");
            }
            used.item("label", key, origin);
        }
        Ok(labels.into_iter().map(|(key, (value, _))| (key, value)).collect())
    }

    /// When the image is to be said to be made; none for the time that is the same for all.
    fn created(&self, typed: Option<&str>, used: &mut Used) -> Result<Option<String>> {
        const EPOCH: &str = "SOURCE_DATE_EPOCH";
        let time = |text: &str, origin: &str, used: &mut Used| {
            let time =
                created::time(text, SystemTime::now()).with_context(|| format!("`{origin}` cannot be followed"))?;
            used.item("creation-time", &time, origin);
            Ok(Some(time))
        };
        if let Some(text) = typed {
            return time(text, "--creation-time", used);
        }
        if let Some(text) = self.variable(EPOCH) {
            if let Some(time) = created::epoch(text) {
                used.item("creation-time", &time, EPOCH);
                return Ok(Some(time));
            }
            used.warnings.push(format!("`{EPOCH}` is no number of seconds since 1970 and has no effect"));
        }
        match &self.file.creation_time {
            None => Ok(None),
            Some(toml::Value::String(text)) => time(text, &self.file.name, used),
            Some(value) => time(&value.to_string(), &self.file.name, used),
        }
    }

    fn detail(&self, typed: Option<SourceMetadata>, used: &mut Used) -> Result<SourceDetail> {
        let said = match (typed, self.file.source_metadata.as_deref()) {
            (Some(detail), _) => Some((detail, "--source-metadata")),
            (None, Some(text)) => match <SourceMetadata as clap::ValueEnum>::from_str(text, false) {
                Ok(detail) => Some((detail, self.file.name.as_str())),
                Err(_) => {
                    bail!("`{}`: `source-metadata` is `{text}`: write `none`, `commit` or `full`", self.file.name)
                }
            },
            (None, None) => None,
        };
        let Some((detail, origin)) = said else { return Ok(SourceDetail::default()) };
        let (detail, name) = match detail {
            SourceMetadata::None => (SourceDetail::None, "none"),
            SourceMetadata::Commit => (SourceDetail::Commit, "commit"),
            SourceMetadata::Full => (SourceDetail::Full, "full"),
        };
        used.item("source-metadata", name, origin);
        Ok(detail)
    }

    /// More names that the image is to have besides `output`.
    pub(crate) fn tags(&self, typed: &[String], output: &Location, used: &mut Used) -> Result<Vec<Location>> {
        let (names, origin) = match typed {
            [] => (self.file.tags.as_slice(), self.file.name.as_str()),
            typed => (typed, "--tag"),
        };
        let mut tags: Vec<Location> = Vec::new();
        for name in names {
            let tag: Location =
                name.parse().with_context(|| format!("`{name}` of {origin} is no name for the image"))?;
            if tag != *output && !tags.contains(&tag) {
                used.item("tag", name, origin);
                tags.push(tag);
            }
        }
        Ok(tags)
    }

    /// The image that an earlier build made, if it is not the one of this name.
    pub(crate) fn previous_image(typed: Option<&str>, used: &mut Used) -> Result<Option<Location>> {
        let Some(text) = typed else { return Ok(None) };
        used.item("previous-image", text, "--previous-image");
        Ok(Some(text.parse().with_context(|| format!("`{text}` names no previous image"))?))
    }
}

/// `USER[:GROUP]`, names or numbers (OCI image specification, "Image Configuration").
fn check_user(user: &str) -> Result<()> {
    let part = |part: &str| {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$');
        !part.is_empty() && !part.starts_with('-') && part.chars().all(good)
    };
    let (name, group) = user.split_once(':').unwrap_or((user, "0"));
    if part(name) && part(group) {
        return Ok(());
    }
    bail!("`{user}` is no user: write `USER` or `USER:GROUP`, names or numbers, such as `1000:1000`")
}

fn check_workspace(directory: &str) -> Result<()> {
    let hint =
        || format!("`{directory}` cannot be the workspace: write the path of a directory that is free, such as `/app`");
    cnb::check_workspace(directory).with_context(hint)?;
    let below =
        |reserved: &&str| directory.strip_prefix(reserved).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match RESERVED_DIRECTORIES.iter().find(|reserved| below(reserved)) {
        Some(reserved) => Err(anyhow!("`{reserved}` has another purpose while buildpacks run").context(hint())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_names_or_numbers() {
        for good in ["0", "1000:1000", "www-data", "_apt:nogroup", "a.b"] {
            check_user(good).unwrap();
        }
        for bad in ["", ":", "a:", ":b", "a:b:c", "a b", "-a", "a\n", "ä"] {
            assert!(check_user(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_workspace_is_a_directory_that_is_free() {
        for good in ["/app", "/srv/app", "/layers2", "/workspace", "/home/me/my app"] {
            check_workspace(good).unwrap();
        }
        for bad in [
            "",
            "/",
            "app",
            "./app",
            "/app/",
            "/a//b",
            "/a/../b",
            "/layers",
            "/layers/x",
            "/cnb/x",
            "/tmp",
            "/proc",
            "C:\\app",
        ] {
            assert!(check_workspace(bad).is_err(), "{bad}");
        }
    }
}
