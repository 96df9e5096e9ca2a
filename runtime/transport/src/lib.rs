//! Where images come from and go.
//!
//! A [`Transport`] reads an image from a [`Location`], a registry or a directory, and writes one to it. It moves as little
//! as it can: what is there already stays, a registry takes over blobs from its other repositories, a filesystem links
//! them, and base layers that nobody needs are not fetched. Bytes stream, hashed as they pass; the name of an image
//! changes last.
//!
//! Nothing is read from the environment and nothing is installed for the whole process: [`Settings`] has credentials,
//! proxies and certificate authorities. Clocks are used to wait, never to know the time.

mod auth;
mod content;
mod layout;
mod location;
mod progress;
mod registry;
mod select;
mod settings;
mod transport;

pub use auth::AuthError;
pub use content::ContentError;
pub use layout::{LayoutError, STAGES};
pub use location::{Location, LocationError, Pick};
pub use progress::{Outcome, Progress};
pub use registry::RegistryError;
pub use select::SelectError;
pub use settings::{Proxy, Roots, Settings};
pub use transport::{Fault, Source, Transport, TransportError, Written};
