#![doc = include_str!("../README.md")]

mod artifact;
#[doc(hidden)]
#[expect(clippy::same_length_and_capacity, reason = "generated: this is how the canonical ABI gives memory back")]
pub mod bindings;
mod context;
mod detection;
mod error;
#[doc(hidden)]
pub mod handler;
mod key;
mod launch;
mod layer;
mod package;
mod sbom;

pub use artifact::{Artifact, Placement, Request};
pub use context::{Binding, Build, Context, Detect, Distribution, Entry, Target};
pub use detection::{Detection, Requirement};
pub use error::{Error, Fault, Result};
pub use launch::{Launch, Process};
pub use layer::{Change, Environment, Layer, LayerRequest, Scope, State};
pub use package::Installed;
pub use sbom::Sbom;

/// A buildpack: says whether it has something to do for an application, and does it.
///
/// Each call gets a fresh instance of the component: nothing in memory survives from `detect` to `build`, nor from build
/// to build. What should survive is a layer.
pub trait Buildpack {
    /// Says whether and how this buildpack takes part. Cheap: it is called for every buildpack, many at once, with the
    /// application read-only.
    fn detect(&self, cx: &Detect) -> Result<Detection>;

    /// Contributes to the image: layers through `cx`, processes and labels by what it returns.
    fn build(&self, cx: &Build) -> Result<Launch>;
}

/// Makes a value of a type that is a [`Buildpack`] the one that this component is, once in a crate.
///
/// ```
/// use wattle_buildpack::{Build, Buildpack, Detect, Detection, Launch, Result, register};
///
/// struct Nothing;
///
/// impl Buildpack for Nothing {
///     fn detect(&self, _: &Detect) -> Result<Detection> {
///         Ok(Detection::skip("there is nothing to do"))
///     }
///
///     fn build(&self, _: &Build) -> Result<Launch> {
///         Ok(Launch::new())
///     }
/// }
///
/// register!(Nothing);
/// ```
#[macro_export]
macro_rules! register {
    ($buildpack:expr) => {
        const _: () = {
            #[cfg(target_family = "wasm")]
            struct Registered;

            #[cfg(target_family = "wasm")]
            impl $crate::handler::Guest for Registered {
                fn detect(
                    cx: &$crate::handler::Context,
                ) -> ::core::result::Result<$crate::handler::Detection, $crate::handler::Error> {
                    $crate::handler::detect(&$buildpack, cx)
                }

                fn build(
                    cx: &$crate::handler::Context,
                    plan: &$crate::handler::Plan,
                    image: &$crate::handler::Image,
                ) -> ::core::result::Result<(), $crate::handler::Error> {
                    $crate::handler::build(&$buildpack, cx, plan, image)
                }
            }

            #[cfg(target_family = "wasm")]
    $crate::bindings::export!(Registered with_types_in $crate::bindings);

            // Natively, where only tests run, nothing is exported (linkers refuse the names); the type is still checked.
            #[cfg(not(target_family = "wasm"))]
            const _: fn() = || {
                fn check(_: &impl $crate::Buildpack) {}
                check(&$buildpack);
            };
        };
    };
}
