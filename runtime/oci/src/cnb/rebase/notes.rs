//! What stays as it was, although the new run image has it otherwise.

use crate::Config;
use crate::compose::DEFAULT_PATH;
use std::fmt;

/// What every image has from its build, and not from its run image.
const OWN: [&str; 5] = ["CNB_LAYERS_DIR", "CNB_APP_DIR", "CNB_PLATFORM_API", "CNB_DEPRECATION_MODE", "CNB_EXEC_ENV"];
/// Directories that a build puts in front of the run image's `PATH`.
const OWN_PATH: [&str; 2] = ["/cnb/process:", "/cnb/lifecycle:"];

/// Something that a build on the new run image would have made otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RebaseNote {
    /// An environment variable.
    Variable {
        /// Its name.
        name: String,
        /// Its value in the image; none if it has no such variable.
        image: Option<String>,
        /// Its value in the new run image.
        base: String,
    },
    /// Who processes run as.
    User {
        /// In the image.
        image: String,
        /// In the new run image.
        base: String,
    },
}

impl fmt::Display for RebaseNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RebaseNote::Variable { name, image: Some(image), base } => {
                write!(f, "`{name}` stays `{image}`; the new run image has `{base}`")
            }
            RebaseNote::Variable { name, image: None, base } => {
                write!(f, "`{name}` stays unset; the new run image has `{base}`")
            }
            RebaseNote::User { image, base } => write!(f, "the user stays `{image}`; the new run image has `{base}`"),
        }
    }
}

/// What of `base` does not get into `image`.
pub(super) fn of(image: &Config, base: &Config) -> Vec<RebaseNote> {
    let mut notes = Vec::new();
    let variables = base.env.iter().filter_map(|entry| entry.split_once('='));
    for (name, value) in variables.filter(|(name, _)| !OWN.contains(name) && *name != "PATH") {
        note(&mut notes, name, image.variable(name), value);
    }
    let path = image
        .variable("PATH")
        .map(|path| OWN_PATH.iter().fold(path, |path, own| path.strip_prefix(own).unwrap_or(path)));
    note(&mut notes, "PATH", path, base.variable("PATH").unwrap_or(DEFAULT_PATH));
    if image.user != base.user {
        notes.push(RebaseNote::User { image: image.user.clone(), base: base.user.clone() });
    }
    notes
}

fn note(notes: &mut Vec<RebaseNote>, name: &str, image: Option<&str>, base: &str) {
    if image != Some(base) {
        let (name, image, base) = (name.to_owned(), image.map(str::to_owned), base.to_owned());
        notes.push(RebaseNote::Variable { name, image, base });
    }
}
