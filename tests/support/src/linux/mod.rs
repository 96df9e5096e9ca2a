//! What end-to-end tests need: they start programs that only Linux has.

mod archive;
mod container;
mod deb;
mod files;
mod http;
mod image;
mod inventory;
mod listing;
mod npm;
mod process;
mod redact;
mod registry;
mod served;
mod wattle;

pub use archive::Archive;
pub use container::{Bundle, Container};
pub use deb::Deb;
pub use files::Files;
pub use http::{Response, Silent, free_port, get};
pub use image::Image;
pub use inventory::inventory;
pub use listing::{Entry, Listing};
pub use npm::Npm;
pub use process::{Output, Process, run, skopeo};
pub use registry::Registry;
pub use wattle::{Call, Wattle};
