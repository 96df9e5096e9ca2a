//! Builds by the buildpacks of `tests/components`.

use crate::run_image::TinyRunImage;
use crate::wattle;
use std::fs;
use wattle_test_support::{Call, Files, Image, Wattle, component, root};

/// An application, one of these buildpacks, and where its image goes.
pub(crate) struct Guest {
    pub(crate) buildpack: Files,
    pub(crate) application: Files,
    run_image: TinyRunImage,
    pub(crate) output: Files,
}

impl Guest {
    pub(crate) fn new(buildpack_name: &str, application: Files) -> Guest {
        let (run_image, output) = (TinyRunImage::new(), Files::new());
        Guest { buildpack: buildpack(buildpack_name), application, run_image, output }
    }

    /// The one that makes every call, and an application of these files, of which `call` says which.
    pub(crate) fn calls(files: &[(&str, &str)]) -> Guest {
        Guest::new("calls", Files::of(files.iter().copied()))
    }

    /// A build by this program, with this store, to this place.
    pub(crate) fn call_to(&self, wattle: &Wattle, image: &str) -> Call {
        let call = wattle.args(["build", self.application.text(), "--buildpack", self.buildpack.text()]);
        let call = call.args(["--output", image, "--run-image", &self.run_image.name()]);
        call.calling(self.application.path(), "app")
    }

    /// A build into a layout.
    pub(crate) fn call(&self) -> Call {
        self.call_to(&wattle(), &self.image())
    }

    /// The image in that layout.
    pub(crate) fn image(&self) -> String {
        format!("oci:{}", self.output.join("image").display())
    }

    /// Builds it.
    pub(crate) fn build(&self) -> Image {
        self.call().run().succeeds();
        Image::verified(&self.output.join("image"), "latest")
    }
}

/// A directory with the `buildpack.toml` and the component of a package in `tests/components`.
pub(crate) fn buildpack(name: &str) -> Files {
    let manifest = fs::read(root().join("tests/components").join(name).join("buildpack.toml")).unwrap();
    let component = fs::read(component(&format!("{name}-buildpack"))).unwrap();
    Files::new().with("buildpack.toml", manifest).with(&format!("{name}.wasm"), component)
}
