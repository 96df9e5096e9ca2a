//! Names in an overlay behave as those of a real directory do: the same operations succeed, and the same tree comes out.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "it fails the test")]

use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use wattle_tree::overlay::{Access, Error, Limits, OpenOptions, Overlay};
use wattle_tree::{Node, Scratch, Tree};

#[derive(Debug, Clone)]
enum Step {
    Directory(String),
    Write(String),
    Unlink(String),
    RemoveDirectory(String),
    Rename(String, String),
    Symlink(&'static str, String),
    Link(String, String),
    ReadLink(String),
    List(String),
    Stat(String),
}

fn path() -> impl Strategy<Value = String> {
    let name = prop_oneof![8 => prop::sample::select(&["a", "b", "c", "f", "d"][..]), 1 => Just("."), 1 => Just("..")];
    let slash = prop_oneof![6 => Just(""), 1 => Just("/")];
    (prop::collection::vec(name, 1..4), slash).prop_map(|(names, slash)| names.join("/") + slash)
}

fn step() -> impl Strategy<Value = Step> {
    let target = prop::sample::select(&["a", "b", "f", "a/b", "d", "../a", "./c/"][..]);
    prop_oneof![
        3 => path().prop_map(Step::Directory),
        3 => path().prop_map(Step::Write),
        2 => path().prop_map(Step::Unlink),
        2 => path().prop_map(Step::RemoveDirectory),
        4 => (path(), path()).prop_map(|(old, new)| Step::Rename(old, new)),
        2 => (target, path()).prop_map(|(target, path)| Step::Symlink(target, path)),
        2 => (path(), path()).prop_map(|(old, new)| Step::Link(old, new)),
        1 => path().prop_map(Step::ReadLink),
        1 => path().prop_map(Step::List),
        1 => path().prop_map(Step::Stat),
    ]
}

/// What the overlay and the real directory start from.
fn lower() -> Tree {
    let mut tree = Tree::new();
    tree.insert("a/b", Node::Directory(Tree::new())).unwrap();
    tree.insert("a/f", Node::file("1")).unwrap();
    tree.insert("b", Node::file("2")).unwrap();
    tree.insert("c", Node::symlink("a/b")).unwrap();
    tree
}

fn write_out(tree: &Tree, to: &Path) {
    for (name, node) in tree.entries() {
        let path = to.join(&**name);
        match node {
            Node::Directory(tree) => {
                fs::create_dir(&path).unwrap();
                write_out(tree, &path);
            }
            Node::File(file) => fs::write(&path, file.blob.to_vec().unwrap()).unwrap(),
            Node::Symlink(target) => symlink(&**target, &path).unwrap(),
        }
    }
}

fn read_in(from: &Path) -> Tree {
    let entries = fs::read_dir(from).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let (name, path) = (entry.file_name().into_string().unwrap(), entry.path());
        let kind = entry.file_type().unwrap();
        let node = if kind.is_dir() {
            Node::Directory(read_in(&path))
        } else if kind.is_symlink() {
            Node::symlink(fs::read_link(&path).unwrap().to_str().unwrap())
        } else {
            Node::file(fs::read(&path).unwrap())
        };
        (name.into(), node)
    });
    entries.collect()
}

fn write(overlay: &mut Overlay, path: &str, text: &str) -> Result<(), Error> {
    let options = OpenOptions { create: true, truncate: true, write: true, follow: true, ..OpenOptions::default() };
    let file = overlay.open(Overlay::ROOT, path, options)?;
    let result = overlay.write_at(file, text.as_bytes(), 0);
    overlay.close(file);
    result.map(drop)
}

/// The outcome of a step as text, on both sides.
fn both(
    overlay: &mut Overlay,
    real: &Path,
    step: &Step,
    text: &str,
) -> (Result<String, Error>, std::io::Result<String>) {
    let root = Overlay::ROOT;
    // `Path::join` keeps slashes at the end, which the operating system sees.
    let at = |path: &str| format!("{}/{path}", real.display());
    let done = |()| String::new();
    match step {
        Step::Directory(path) => (overlay.create_directory(root, path).map(done), fs::create_dir(at(path)).map(done)),
        Step::Write(path) => (write(overlay, path, text).map(done), fs::write(at(path), text).map(done)),
        Step::Unlink(path) => (overlay.unlink(root, path).map(done), fs::remove_file(at(path)).map(done)),
        Step::RemoveDirectory(path) => {
            (overlay.remove_directory(root, path).map(done), fs::remove_dir(at(path)).map(done))
        }
        Step::Rename(old, new) => {
            (overlay.rename(root, old, root, new).map(done), fs::rename(at(old), at(new)).map(done))
        }
        Step::Symlink(target, path) => {
            (overlay.symlink(target, root, path).map(done), symlink(target, at(path)).map(done))
        }
        Step::Link(old, new) => {
            (overlay.link(root, old, false, root, new).map(done), fs::hard_link(at(old), at(new)).map(done))
        }
        Step::ReadLink(path) => (
            overlay.read_link(root, path).map(|target| target.to_string()),
            fs::read_link(at(path)).map(|target| target.display().to_string()),
        ),
        Step::List(path) => (
            overlay
                .lookup(root, path, true)
                .and_then(|inode| overlay.list(inode))
                .map(|names| names.iter().map(|(name, _)| &**name).collect::<Vec<_>>().join(" ")),
            fs::read_dir(at(path)).map(|entries| {
                let mut names: Vec<_> =
                    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
                names.sort();
                names.join(" ")
            }),
        ),
        Step::Stat(path) => (
            overlay.lookup(root, path, true).map(|inode| format!("{:?}", overlay.kind(inode))),
            fs::metadata(at(path)).map(|known| if known.is_dir() { "Directory".into() } else { "File".into() }),
        ),
    }
}

/// A path that leaves the root is refused by the overlay and not by the operating system.
fn leaves(step: &Step, overlay: &mut Overlay) -> bool {
    let mut out = |path: &String| overlay.lookup(Overlay::ROOT, path, true) == Err(Error::NotPermitted);
    match step {
        Step::Rename(old, new) | Step::Link(old, new) => out(old) || out(new),
        Step::Directory(path)
        | Step::Write(path)
        | Step::Unlink(path)
        | Step::RemoveDirectory(path)
        | Step::Symlink(_, path)
        | Step::ReadLink(path)
        | Step::List(path)
        | Step::Stat(path) => out(path),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn names_agree_with_a_real_directory(steps in prop::collection::vec(step(), 1..60)) {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().join("root");
        fs::create_dir(&real).unwrap();
        write_out(&lower(), &real);
        let mut overlay = Overlay::new(lower(), Scratch::new(tempfile::tempfile().unwrap()), Limits::default());
        overlay.set_access("", Access::Writable).unwrap();
        for (index, step) in steps.iter().enumerate() {
            if leaves(step, &mut overlay) {
                continue;
            }
            let (ours, theirs) = both(&mut overlay, &real, step, &index.to_string());
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}: {:?}, {:?}", step, ours, theirs);
            if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                prop_assert_eq!(ours, theirs, "{:?}", step);
            }
        }
        prop_assert_eq!(overlay.usage().open, 0);
        let frozen = overlay.freeze().unwrap();
        prop_assert_eq!(frozen.digest().unwrap(), read_in(&real).digest().unwrap());
    }
}
