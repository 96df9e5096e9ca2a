//! A run image for tests that are about something else: next to nothing, and nothing to download.

use std::path::Path;
use wattle_test_support::{Files, run};

/// Puts bash, with the libraries that it needs here, and `say` into a directory.
const INSTALL_BASH: &str = r#"set -e
for file in /bin/bash $(ldd /bin/bash | grep -o '/[^ ]*'); do install -D "$file" "$1$file"; done
ln -s bash "$1/bin/sh"
cat > "$1/bin/say" <<'EOF'
#!/bin/sh
echo "$UID in $PWD:$(printf ' [%s]' "$@"), $SEEN"
EOF
chmod -R a+rX "$1"
chmod 755 "$1/bin/say"
"#;

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

    /// One with bash, a program `say` and nothing else. `say` prints who and where it is, its arguments, and what programs
    /// before it have seen.
    pub(crate) fn with_bash() -> TinyRunImage {
        let (run_image, root) = (TinyRunImage::new(), Files::new());
        run("sh", ["-c", INSTALL_BASH, "sh", root.text()]);
        for entry in root.path().read_dir().unwrap() {
            let entry = entry.unwrap();
            let to = format!("/{}", entry.file_name().to_str().unwrap());
            run("umoci", ["insert", "--image", &run_image.image(), entry.path().to_str().unwrap(), &to]);
        }
        run("umoci", ["config", "--image", &run_image.image(), "--config.env", "PATH=/bin"]);
        run_image
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
