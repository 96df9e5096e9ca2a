//! One image under several names.

use crate::artifacts::cancelled;
use crate::build::Report;
use crate::error::{EngineError, Fault};
use crate::event::Event;
use crate::request::{Engine, Images, Request};
use crate::sending::Sending;
use wattle_oci::Image;
use wattle_transport::{Location, Source, TransportError};

/// An image that is where it should be, but not under all of its names.
#[derive(Debug, thiserror::Error)]
#[error("the image is at {}, and could not be given every other name", list(&.report.tags))]
pub struct NotTagged {
    /// What was made, under the names that it has.
    pub report: Report,
    /// The names that it has not, and why.
    pub failed: Vec<(Location, TransportError)>,
}

impl Engine {
    /// Fails early where a name would fail late.
    pub(crate) async fn check_tags(&self, request: &Request, images: &Images) -> Result<(), EngineError> {
        for tag in &images.tags {
            let checked = tokio::select! {
                checked = self.transport.check(tag, &request.target) => checked,
                () = cancelled(&request.cancel) => return Err(EngineError::Interrupted),
            };
            checked.map_err(EngineError::publishing(tag))?;
        }
        Ok(())
    }

    /// Gives an image that was built its other names. One that cannot be had keeps no other back.
    pub(crate) async fn tag(
        &self,
        request: &Request,
        images: &Images,
        image: &Image,
        sources: &[&Source],
        mut report: Report,
    ) -> Result<Report, EngineError> {
        let mut failed = Vec::new();
        for tag in &images.tags {
            let sending = Sending::new(self.observer.clone(), tag, std::slice::from_ref(image));
            let written = tokio::select! {
                written = self.transport.write_from(image, sources, tag, &sending) => written,
                () = cancelled(&request.cancel) => return Err(EngineError::Interrupted),
            };
            match written {
                Ok(written) => {
                    report.bytes_sent += written.bytes_sent;
                    report.tags.push(tag.to_string());
                    self.observer.event(&Event::Tagged { reference: tag.to_string() });
                }
                Err(error) => failed.push((tag.clone(), error)),
            }
        }
        if failed.is_empty() { Ok(report) } else { Err(EngineError::Tags(Box::new(NotTagged { report, failed }))) }
    }
}

impl NotTagged {
    pub(crate) fn fault(&self) -> Fault {
        let not_found = self.failed.iter().all(|(_, error)| error.fault() == wattle_transport::Fault::NotFound);
        if not_found { Fault::Usage } else { Fault::World }
    }

    /// Each name, and every error behind it.
    pub(crate) fn details(&self) -> Vec<String> {
        let detail = |(tag, error): &(Location, TransportError)| {
            let mut text = format!("{tag}: {error}");
            let mut next = std::error::Error::source(error);
            while let Some(cause) = next {
                text = format!("{text}: {cause}");
                next = cause.source();
            }
            text
        };
        self.failed.iter().map(detail).collect()
    }

    pub(crate) fn hints(&self) -> Vec<String> {
        let mut hints: Vec<String> = self.failed.iter().filter_map(|(_, error)| error.hint()).collect();
        hints.dedup();
        hints
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
