//! Packing a layer: the files of the sample's image, beside tar and gzip, and umoci.

use super::building::Sample;
use super::cost::{self, Cost};
use super::machine::has;
use super::table::{self, CPU, Row, WALL};
use anyhow::{Context as _, Result, ensure};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use std::fs::{self, File};
use std::io::BufWriter;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::thread;
use tempfile::TempDir;
use wattle_oci::layer::{self, Order, Owner, Root, Source};
use wattle_tree::directory::{self, Rules};

const PIPE: &str = "tar, gzip -6 and sha256sum";
const UMOCI: &str = "`umoci insert`";

/// All, in turn.
pub(crate) fn measure(runs: u8) -> Result<Vec<Row>> {
    let work = TempDir::new()?;
    let tree = work.path().join("tree");
    unpack(&tree)?;
    let umoci = has("umoci");
    let (mut ours, mut pipes, mut inserts) = (Vec::new(), Vec::new(), Vec::new());
    let mut size = 0;
    for _ in 0..runs {
        let (cost, printed) = cost::of(super::this("pack")?.arg(&tree).arg(work.path().join("layer")))?;
        size = printed.trim().parse()?;
        ours.push(cost);
        pipes.push(cost::of(&pipe(&tree, "sha256sum"))?.0);
        if umoci {
            inserts.push(insert(&tree)?);
        }
    }
    let theirs: u64 = cost::of(&pipe(&tree, "wc -c"))?.1.trim().parse()?;
    let what = format!("packing {} MB", extent(&tree)? / 1_000_000);
    let mut rows = table::rows(&what, &ours, Some((UMOCI, umoci.then_some(&inserts))));
    rows.extend(table::row(&what, WALL, &ours, Some((PIPE, Some(&pipes)))));
    rows.extend(table::row(&what, CPU, &ours, Some((PIPE, Some(&pipes)))));
    rows.extend(table::bytes(&format!("{what}: size"), size, Some((PIPE, theirs))));
    Ok(rows)
}

/// The process that packs.
#[expect(clippy::print_stdout, reason = "the process that measures reads it")]
pub(crate) fn pack(directory: &Path, out: &Path) -> Result<()> {
    let opened = Dir::open_ambient_dir(directory, ambient_authority())?;
    let tree = directory::read(&opened, &Rules::none())?;
    let root = Root { path: "/files".to_owned(), parents: Owner::ROOT, tree, owner: Owner::ROOT };
    let source = Source::new(vec![root], Order::Directories)?;
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let packed = layer::pack(&source, &mut BufWriter::new(File::create(out)?), threads)?;
    println!("{}", packed.size);
    Ok(())
}

/// Builds the sample and unpacks all layers of its image.
fn unpack(tree: &Path) -> Result<()> {
    let sample = Sample::new()?;
    cost::of(&sample.build())?;
    fs::create_dir(tree)?;
    for blob in sample.layers()? {
        let output = Command::new("tar").args(["--no-same-owner", "-xzf"]).arg(blob).arg("-C").arg(tree).output()?;
        ensure!(output.status.success(), "a layer cannot be unpacked: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn pipe(tree: &Path, end: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("tar -C \"$1\" -cf - . | gzip -6 | {end}"), "sh"]).arg(tree);
    command
}

/// Inserts into an empty image.
fn insert(tree: &Path) -> Result<Cost> {
    let directory = TempDir::new()?;
    let layout = directory.path().join("layout").to_str().context("the path is no UTF-8")?.to_owned();
    let image = format!("{layout}:empty");
    for args in [["init", "--layout", &layout], ["new", "--image", &image]] {
        ensure!(Command::new("umoci").args(args).status()?.success(), "`umoci {}` failed", args[0]);
    }
    let mut command = Command::new("umoci");
    command.args(["insert", "--rootless", "--image", &image]).arg(tree).arg("/files");
    Ok(cost::of(&command)?.0)
}

/// Bytes in the files of a directory.
fn extent(directory: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.path().symlink_metadata()?;
        bytes += if metadata.is_dir() { extent(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
