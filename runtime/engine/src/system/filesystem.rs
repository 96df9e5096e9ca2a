//! From files of packages to a layer.

use crate::event::{Event, Observer};
use crate::packing::Packing;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use wattle_debian::Filesystem;
use wattle_debian::assemble::Notes;
use wattle_oci::Layer;
use wattle_oci::layer::{Attributes, Owner, Source};
use wattle_tree::Digest;

/// Packs a file system as the layer at the root that is called `name`.
pub(super) fn pack(packing: &Packing, name: &str, filesystem: Filesystem) -> io::Result<Layer> {
    let Filesystem { tree, attributes, .. } = filesystem;
    let mut owners = String::new();
    for (path, it) in &attributes {
        let _ = writeln!(owners, "{path} {} {} {:o}", it.uid, it.gid, it.mode);
    }
    let attributes: BTreeMap<String, Attributes> = attributes
        .into_iter()
        .map(|(path, it)| (path, Attributes { owner: Owner { uid: it.uid, gid: it.gid }, mode: it.mode }))
        .collect();
    let (digest, owners) = (tree.digest()?, Digest::of(owners.as_bytes()).to_string());
    packing.pack(name, digest, "/", &owners, &Source::filesystem(tree, attributes))
}

/// Says what is not as it would be had the packages been installed.
pub(super) fn tell(observer: &dyn Observer, notes: &Notes) {
    let warn = |text: String| observer.event(&Event::Warning { text });
    for (package, reason) in &notes.unusable {
        warn(format!("the package `{package}` will not work: its script is not run, and {reason}"));
    }
    if !notes.setuid.is_empty() {
        let paths: Vec<_> = notes.setuid.iter().map(|path| format!("`/{path}`")).collect();
        warn(format!("these run as whoever starts them, not as their owner (setuid): {}", paths.join(", ")));
    }
}
