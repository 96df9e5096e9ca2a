//! The crate as its callers see it.

mod fetch;
mod registries;
mod server;
