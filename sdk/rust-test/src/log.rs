//! What a buildpack prints.

use std::sync::{Mutex, PoisonError};
use wattle_sandbox::{Log, Stream};

/// Keeps every line, of standard output and standard error alike.
#[derive(Default)]
pub(crate) struct Lines(Mutex<String>);

impl Lines {
    /// The lines, each with its end.
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Log for Lines {
    fn line(&self, _: Stream, text: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_str(text);
        all.push('\n');
    }
}
