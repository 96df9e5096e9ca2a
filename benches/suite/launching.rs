//! Starting a process of an image by our launcher, by the reference's, and by nothing.

use super::cost::{self, Cost};
use super::table::{self, Row};
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use wattle_test_support::{Bundle, Files, Peers};

/// Starts of one run: one alone is too short to be measured.
const STARTS: u32 = 100;
const WITHOUT: &str = "without a launcher";
const REFERENCE: &str = "launcher of the lifecycle";

/// All in turn, in the unpacked image.
pub(crate) fn measure(runs: u8) -> Result<Vec<Row>> {
    let work = TempDir::new()?;
    let image = Image::new(work.path())?;
    let peers = Peers::find();
    let theirs = peers.as_ref().map(|peers| image.put(&peers.program("launcher"))).transpose()?;
    let (mut ours, mut reference, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        ours.push(image.start("/cnb/lifecycle/launcher --")?);
        without.push(image.start("")?);
        if let Some(launcher) = &theirs {
            reference.push(image.start(&format!("{launcher} --"))?);
        }
    }
    let what = format!("{STARTS} starts by the launcher");
    let reference = theirs.is_some().then_some(&*reference);
    let mut rows = Vec::new();
    for read in [table::WALL, table::CPU] {
        rows.extend(table::row(&what, read, &ours, Some((REFERENCE, reference))));
        rows.extend(table::row(&what, read, &ours, Some((WITHOUT, Some(&without)))));
    }
    Ok(rows)
}

/// An image with little in it, unpacked.
struct Image(Bundle);

impl Image {
    fn new(work: &Path) -> Result<Image> {
        let application = Files::of([("Procfile", "web: true\n")]);
        let mut wattle = Command::new(env!("CARGO_BIN_EXE_wattle"));
        wattle.args(["build", "--quiet"]).arg(application.path()).arg("--store").arg(work.join("store"));
        let layout = work.join("image");
        let output = wattle.arg("--output").arg(format!("oci:{}", layout.display())).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let image = Image(Bundle::unpack(&layout, "latest"));
        // Both would start its `exec.d` program, which takes longer than they do.
        fs::remove_dir_all(image.0.root().join("layers/wattle_ca-certificates"))?;
        Ok(image)
    }

    /// Puts a launcher beside the image's own, and gives its path there.
    fn put(&self, launcher: &PathBuf) -> Result<String> {
        let path = self.0.root().join("cnb/lifecycle/reference");
        fs::copy(launcher, &path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        let inside = path.strip_prefix(self.0.root()).ok().and_then(Path::to_str);
        inside.map(|path| format!("/{path}")).context("the path is below the root")
    }

    /// Starts `true` again and again.
    fn start(&self, launcher: &str) -> Result<Cost> {
        let script = format!("i=0; while [ $i -lt {STARTS} ]; do {launcher} /bin/true || exit 1; i=$((i + 1)); done");
        let mut command = Command::new("chroot");
        command.args(["--userspec", "1000:1000"]).arg(self.0.root()).args(["/bin/sh", "-c", &script]);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("CNB_PLATFORM_API", "0.15");
        Ok(cost::of(&command)?.0)
    }
}
