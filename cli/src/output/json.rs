//! Events as JSON lines.

use super::Printer;
use std::sync::Arc;
use wattle_engine::{Event, Observer};

/// Prints events on standard output: those that say how far something is only if more is to be said.
pub(crate) struct Json(pub(crate) Arc<Printer>);

impl Observer for Json {
    fn event(&self, event: &Event) {
        let progress = matches!(
            event,
            Event::Fetching { .. } | Event::Packing { .. } | Event::Sending { .. } | Event::Rebasing { .. }
        );
        if self.0.verbose || !progress {
            self.0.json(event);
        }
    }
}
