//! Between the generated handler and the [`Buildpack`] trait; called by `register!`.

pub use crate::bindings::exports::wattle::buildpack::handler::{Context, Detection, Error, Guest, Image, Plan};
use crate::{Build, Buildpack, Detect};

/// `handler.detect`, answered by this buildpack.
pub fn detect(buildpack: &impl Buildpack, cx: &Context) -> Result<Detection, Error> {
    let detection = buildpack.detect(&Detect::new(cx)).map_err(crate::Error::into_host)?;
    detection.into_host().map_err(crate::Error::into_host)
}

/// `handler.build`, done by this buildpack.
pub fn build(buildpack: &impl Buildpack, cx: &Context, plan: &Plan, image: &Image) -> Result<(), Error> {
    let launch = buildpack.build(&Build::new(cx, plan, image)).map_err(crate::Error::into_host)?;
    launch.contribute(image).map_err(crate::Error::into_host)
}
