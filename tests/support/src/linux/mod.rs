//! What end-to-end tests need: they start programs that only Linux has.

mod container;
mod files;
mod http;
mod image;
mod listing;
mod npm;
mod process;
mod redact;
mod registry;
mod wattle;

pub use container::{Bundle, Container};
pub use files::Files;
pub use http::{Response, Silent, free_port, get};
pub use image::Image;
pub use listing::{Entry, Listing};
pub use npm::Npm;
pub use process::{Output, Process, run, skopeo};
pub use registry::Registry;
pub use wattle::{Call, Wattle};
