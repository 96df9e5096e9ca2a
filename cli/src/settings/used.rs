//! Which settings took effect, and where each came from.

use std::path::PathBuf;
use wattle_engine::{Event, Setting};

/// Settings that took effect, in the order in which they are said. Values are not among them: they may be secrets.
#[derive(Debug, Default)]
pub(crate) struct Used {
    settings: Vec<Setting>,
    /// Files and directories that have secrets.
    pub(crate) secrets: Vec<PathBuf>,
    /// What to tell the user about settings.
    pub(crate) warnings: Vec<String>,
}

impl Used {
    /// One that is a list, or a table, has an item of this name.
    pub(crate) fn item(&mut self, setting: &'static str, name: impl Into<String>, origin: &str) {
        self.settings.push(Setting { setting: setting.to_owned(), name: Some(name.into()), origin: origin.to_owned() });
    }

    /// One is not what it is by default.
    pub(crate) fn set(&mut self, setting: &'static str, origin: &str) {
        self.settings.push(Setting { setting: setting.to_owned(), name: None, origin: origin.to_owned() });
    }

    /// What is to be told; nothing if all is as it is by default.
    pub(crate) fn event(&self) -> Option<Event> {
        (!self.settings.is_empty()).then(|| Event::Settings { settings: self.settings.clone() })
    }
}
