//! Package registries by name, and the fetcher that brings files from them.
//!
//! A buildpack asks for `npm:express/-/express-4.21.2.tgz`, or for an address that a lock file gives. [`Registries`] knows
//! what `npm` is on this machine: an address, the credentials that belong to it, the proxy and the certificates on the way.
//! [`Fetcher`] brings many files at once, verifies them while they stream into a [`Cache`], and never lets a buildpack see
//! more than the bytes.
//!
//! No public registry is written into this crate: every address comes from the operator, from the configuration that the
//! ecosystem's own client reads, or from that client itself.
//!
//! Together with image transport this is the only crate that opens sockets. It prints nothing and reads no environment
//! variable of its own accord: [`Settings`] is what it goes by. It does read configuration files, the user's and the
//! machine's, because that is where registries are configured.

mod address;
mod cache;
mod client;
mod credentials;
mod discover;
mod error;
mod fetcher;
mod permission;
mod reach;
mod registries;
mod settings;
#[cfg(test)]
mod tests;
mod transfer;

pub use address::{Address, AddressError};
pub use cache::{Cache, NotKept, Writer};
pub use client::ClientError;
pub use error::{Fault, FetchError};
pub use fetcher::{Event, Fetched, Fetcher, Network, Progress, Request};
pub use permission::Permission;
pub use registries::{Registries, Registry, RegistryError};
pub use settings::{Explicit, Settings};
