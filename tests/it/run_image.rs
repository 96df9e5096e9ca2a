//! A run image for tests that are about something else: next to nothing, and nothing to download.

use std::path::Path;
use wattle_test_support::{Files, run};

/// An OCI layout with an image, gone when this is dropped.
pub(crate) struct TinyRunImage(Files);

impl TinyRunImage {
    /// One for `linux/amd64`, on whatever machine.
    pub(crate) fn amd64() -> TinyRunImage {
        let run_image = TinyRunImage::new();
        run("umoci", ["config", "--image", &run_image.image(), "--architecture", "amd64"]);
        run_image
    }

    /// One for this machine's architecture.
    pub(crate) fn new() -> TinyRunImage {
        let files = Files::new().with("os-release", "ID=tiny\n");
        let layout = files.join("layout").to_string_lossy().into_owned();
        let image = format!("{layout}:latest");
        run("umoci", ["init", "--layout", &layout]);
        run("umoci", ["new", "--image", &image]);
        run("umoci", ["config", "--image", &image, "--config.user", "65532:65532"]);
        run("umoci", ["insert", "--image", &image, &files.join("os-release").to_string_lossy(), "/etc/os-release"]);
        TinyRunImage(files)
    }

    /// The directory that all of it is in.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Its name.
    pub(crate) fn name(&self) -> String {
        format!("oci:{}", self.image())
    }

    fn image(&self) -> String {
        format!("{}:latest", self.0.join("layout").display())
    }
}
