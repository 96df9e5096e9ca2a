//! Making the default run image, beside mmdebstrap, which extracts packages without installing them.

use super::cost::{self, Cost};
use super::machine::has;
use super::table::{self, Row};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What the default run image is made of.
const DESCRIPTION: &str = "\
suite = \"bookworm\"
packages = [
    \"base-files\", \"ca-certificates\", \"coreutils\", \"dash\", \"libatomic1\", \"libc6\", \"libstdc++6\", \"netbase\", \"tzdata\",
]
";
const PEER_COLD: &str = "mmdebstrap, its dependencies";
const PEER_WARM: &str = "mmdebstrap, same packages";
/// Downloads are repeated this often at most.
const DOWNLOADS: u8 = 3;

/// Everything downloaded, and with the packages here.
pub(crate) fn measure(runs: u8) -> Result<Vec<Row>> {
    let peer = has("mmdebstrap");
    let mut rows = cold(runs.min(DOWNLOADS), peer)?;
    rows.extend(warm(runs, peer)?);
    Ok(rows)
}

/// A description, a store and places for images.
struct Work(TempDir);

impl Work {
    fn new() -> Result<Work> {
        let work = TempDir::new()?;
        fs::write(work.path().join("run.toml"), DESCRIPTION)?;
        Ok(Work(work))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn wattle(&self, args: &[&str]) -> Command {
        let mut wattle = Command::new(env!("CARGO_BIN_EXE_wattle"));
        wattle.args(args).arg("--store").arg(self.path("store")).current_dir(self.0.path());
        wattle
    }

    fn create(&self) -> Result<Cost> {
        Ok(cost::of(&self.wattle(&["run-image", "create", "--quiet", "--output", "oci:image"]))?.0)
    }

    /// mmdebstrap with these packages of these archives: a compressed tar, as a layer is.
    fn mmdebstrap(&self, packages: &str, archives: &[String]) -> Result<Cost> {
        let mut mmdebstrap = Command::new("mmdebstrap");
        mmdebstrap.args(["--quiet", "--mode=root", "--variant=extract", "--skip=output/dev"]);
        mmdebstrap.arg(format!("--include={packages}")).arg("bookworm").arg(self.path("peer.tar.gz")).args(archives);
        Ok(cost::of(&mmdebstrap)?.0)
    }

    /// Forgets what was made of downloads.
    fn forget(&self) -> Result<()> {
        for made in ["index", "packed", "trees"] {
            let made = self.path("store/v1").join(made);
            if made.exists() {
                fs::remove_dir_all(made)?;
            }
        }
        Ok(fs::remove_dir_all(self.path("image"))?)
    }
}

/// From the archives that this machine has set up. mmdebstrap also brings what only scripts need.
fn cold(runs: u8, peer: bool) -> Result<Vec<Row>> {
    let archives = archives(&Work::new()?)?;
    let description: toml::Table = DESCRIPTION.parse()?;
    let names = description["packages"].as_array().into_iter().flatten().filter_map(toml::Value::as_str);
    let names = names.collect::<Vec<_>>().join(",");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let work = Work::new()?;
        ours.push(work.create()?);
        if peer {
            theirs.push(work.mmdebstrap(&names, &archives)?);
        }
    }
    Ok(table::rows("run image, empty store", &ours, Some((PEER_COLD, peer.then_some(&theirs)))))
}

/// From packages that are here: Wattle has to unpack them anew, and mmdebstrap has a directory with them and an index of
/// no others.
fn warm(runs: u8, peer: bool) -> Result<Vec<Row>> {
    let work = Work::new()?;
    work.create()?;
    let (names, archive) = archive(&work)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        work.forget()?;
        ours.push(work.create()?);
        if peer {
            theirs.push(work.mmdebstrap(&names, std::slice::from_ref(&archive))?);
        }
    }
    Ok(table::rows("run image, packages here", &ours, Some((PEER_WARM, peer.then_some(&theirs)))))
}

/// Lines of apt's for the archives that Wattle reads.
fn archives(work: &Work) -> Result<Vec<String>> {
    let (_, text) = cost::of(&work.wattle(&["registries", "--format", "json"]))?;
    let mut lines = Vec::new();
    for line in text.lines() {
        let registry: Value = serde_json::from_str(line)?;
        let releases: &[&str] = match registry["name"].as_str() {
            Some("debian") => &["bookworm", "bookworm-updates"],
            Some("debian-security") => &["bookworm-security"],
            _ => continue,
        };
        let address = registry["address"].as_str().context("no address of the archive is known")?;
        lines.extend(releases.iter().map(|release| format!("deb {address} {release} main")));
    }
    Ok(lines)
}

/// A directory with the packages of the lock, their names, and apt's line for it.
fn archive(work: &Work) -> Result<(String, String)> {
    let directory = work.path("archive");
    fs::create_dir(&directory)?;
    let lock: toml::Table = fs::read_to_string(work.path("run.lock"))?.parse()?;
    let target =
        lock["targets"].as_table().and_then(|targets| targets.values().next()).context("a lock has a target")?;
    let (mut index, mut names) = (String::new(), Vec::new());
    for package in target["package"].as_array().into_iter().flatten() {
        let fact = |name: &str| package[name].to_string().replace('"', "");
        let [name, version, architecture, sha256, size] =
            ["name", "version", "architecture", "sha256", "size"].map(fact);
        fs::copy(download(&work.path("store"), &sha256), directory.join(format!("{name}.deb")))?;
        let _ = writeln!(
            index,
            "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nFilename: ./{name}.deb\nSize: {size}\n\
             SHA256: {sha256}\nDescription: one of the lock\n"
        );
        names.push(name);
    }
    fs::write(directory.join("Packages"), index)?;
    Ok((names.join(","), format!("deb [trusted=yes] copy:{} ./", directory.display())))
}

fn download(store: &Path, sha256: &str) -> PathBuf {
    store.join("v1/blobs/sha256").join(sha256.get(..2).unwrap_or_default()).join(sha256)
}
