//! Events as JSON lines.

use super::Printer;
use std::sync::Arc;
use wattle_engine::{Event, Observer};

/// Prints every event on standard output.
pub(crate) struct Json(pub(crate) Arc<Printer>);

impl Observer for Json {
    fn event(&self, event: &Event) {
        self.0.json(event);
    }
}
