//! What end-to-end tests need: they start programs that only Linux has.

mod archive;
mod container;
mod daemon;
mod deb;
mod files;
mod http;
mod image;
mod inventory;
mod listing;
mod npm;
mod peers;
mod process;
mod redact;
mod registry;
mod room;
mod served;
mod wattle;

pub use archive::Archive;
pub use container::{Bundle, Container};
pub use deb::Deb;
pub use files::Files;
pub use http::{Response, Silent, ask, free_port, get};
pub use image::Image;
pub use inventory::inventory;
pub use listing::{Entry, Listing};
pub use npm::Npm;
pub use peers::Peers;
pub use process::{Output, Process, run, skopeo};
pub use redact::redacted;
pub use registry::Registry;
pub use room::Room;
pub use wattle::{Call, Wattle};
