//! Images as values.
//!
//! An [`Image`] is a manifest, a configuration and layers, all known by digest: reading it cannot fail, and neither does
//! putting new layers on top of it need the bytes of those below. Getting an image from somewhere and bringing it
//! somewhere are not the business of this crate: it does no I/O but through `Read` and `Write`, reads no clock and no
//! environment, and is not async.
//!
//! - [`Reference`], [`Platform`], [`Descriptor`], [`Manifest`], [`Index`], [`ImageConfig`]: the words of the OCI image
//!   specification. Maps are sorted, so that equal values are equal bytes; a [`Document`] keeps the bytes that were read.
//! - [`layer`]: from trees to a tar stream that is the same everywhere, and to its compressed form.
//! - [`base()`]: a base image from files.
//! - [`compose()`]: new layers and new settings on top of a base image.
//! - [`cnb`]: what makes an image one of Cloud Native Buildpacks, and another run image below one.

mod base;
pub mod cnb;
mod compose;
mod config;
mod document;
mod image;
pub mod layer;
mod manifest;
pub mod media;
mod platform;
mod reference;
mod text;
mod validate;

pub use base::{Base, BaseError, base};
pub use compose::{Addition, Additions, ComposeError, compose};
pub use config::{Config, History, ImageConfig, RootFs};
pub use document::{Document, DocumentError};
pub use image::{Image, ImageError, MAX_CONFIG, MAX_LAYERS, MAX_MANIFEST};
pub use layer::Layer;
pub use manifest::{Descriptor, Index, Manifest};
pub use platform::{Platform, PlatformError};
pub use reference::{Reference, ReferenceError};
pub use validate::ValidateError;
pub use wattle_tree::Digest;
