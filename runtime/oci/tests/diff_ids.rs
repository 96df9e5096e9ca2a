//! The diff-ids of layers are those of an independent writer: Python's `tarfile`, driven by the rules of the checklist.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot get what it needs has failed")]
#![expect(clippy::disallowed_methods, reason = "what is compared with comes from Python")]

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use wattle_oci::Layer;
use wattle_oci::cnb::{self, Slice};
use wattle_oci::layer::{Attributes, Order, Owner, Root, Source};
use wattle_tree::{Node, Tree};

const OWNER: Owner = Owner { uid: 1000, gid: 1000 };

/// Files and links by their paths, in the words of the writer in Python.
type Entries = Vec<Value>;

fn file(path: &str, text: &str) -> Value {
    json!({"path": path, "kind": "file", "text": text})
}

fn program(path: &str, text: &str) -> Value {
    json!({"path": path, "kind": "program", "text": text})
}

fn link(path: &str, target: &str) -> Value {
    json!({"path": path, "kind": "symlink", "text": target})
}

fn empty(path: &str) -> Value {
    json!({"path": path, "kind": "directory"})
}

fn tree(entries: &Entries) -> Tree {
    let mut tree = Tree::new();
    for entry in entries {
        let text = entry["text"].as_str().unwrap_or_default();
        let node = match entry["kind"].as_str().unwrap() {
            "program" => Node::program(text),
            "symlink" => Node::symlink(text),
            "directory" => Node::Directory(Tree::new()),
            _ => Node::file(text),
        };
        tree.insert(entry["path"].as_str().unwrap(), node).unwrap();
    }
    tree
}

/// What the other writer says of these layers.
fn reference(layers: &Value) -> Vec<String> {
    let mut python = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/diff_ids/reference.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test wants `python3`");
    python.stdin.take().unwrap().write_all(layers.to_string().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn diff_id(source: &Source) -> String {
    let layer = Layer::in_memory(source).unwrap();
    layer.validate().unwrap();
    layer.diff_id.to_string()
}

/// A layer of a directory, as those of buildpacks, and how the other writer is told of it. All of `/layers` belongs to who
/// builds, and all of `/cnb` to the superuser: parents belong to whom the root does.
fn directory(root: &str, entries: &Entries, owner: Owner) -> (Source, Value) {
    let only = Root { path: root.to_owned(), parents: owner, tree: tree(entries), owner };
    let source = Source::new(vec![only], Order::Directories);
    let layer = json!({
        "root": root, "parents": parents(root), "above": [owner.uid, owner.gid], "uid": owner.uid, "gid": owner.gid, "order": "directories",
        "slices": [], "entries": entries
    });
    (source.unwrap(), layer)
}

fn check(layers: Vec<(Source, Value)>) {
    let (sources, layers): (Vec<Source>, Vec<Value>) = layers.into_iter().unzip();
    let expected = reference(&layers.clone().into());
    assert_eq!(sources.len(), expected.len());
    for ((source, layer), expected) in sources.iter().zip(&layers).zip(expected) {
        assert_eq!(diff_id(source), expected, "{layer}");
    }
}

/// The layers of an application.
fn check_slices(root: &str, entries: &Entries, slices: &[&[&str]]) -> Vec<String> {
    let patterns = slices.iter().map(|paths| Slice { paths: paths.iter().map(|path| (*path).to_owned()).collect() });
    let parts = cnb::slice(&tree(entries), root, &patterns.collect::<Vec<_>>()).unwrap();
    let ours: Vec<String> =
        parts.into_iter().map(|part| diff_id(&cnb::application(root, part, OWNER).unwrap())).collect();
    let application = json!({
        "root": root, "parents": parents(root), "uid": OWNER.uid, "gid": OWNER.gid, "order": "paths",
        "slices": slices, "entries": entries
    });
    assert_eq!(ours, reference(&json!([application])), "{slices:?}");
    ours
}

/// The directories above `root`, the root of the image not among them.
fn parents(root: &str) -> Vec<&str> {
    root.match_indices('/').skip(1).map(|(end, _)| &root[..end]).collect()
}

/// Names that sort one way by path and another by directory.
fn ordered() -> Entries {
    vec![file("a-b", "1"), file("a/z", "2"), file("a/0/x", "3"), file("a.txt", ""), file("a0", "4"), empty("a/empty")]
}

/// Names and targets around every length at which a header has to be written otherwise, plain and beyond ASCII.
fn long_and_foreign() -> Entries {
    let mut entries = vec![
        file("größe/ä.txt", "umlauts"),
        file("日本語/ファイル", "three bytes each"),
        link("größe/link", "ä.txt"),
        link("plain", "größe/ä.txt"),
        file(&format!("ü{}", "u".repeat(120)), "long and foreign"),
        file(&format!("{}/é", "e".repeat(99)), ""),
    ];
    for len in [60, 98, 99, 100, 101, 120, 153, 154, 155, 156, 200, 255] {
        let name = "n".repeat(len);
        entries.push(file(&name, "a long name"));
        entries.push(file(&format!("d{}/{name}", "d".repeat(len - 1)), "in a long directory"));
        entries.push(file(&format!("e/{}/{name}", "x/".repeat(len / 2 - 1) + "x"), "far below"));
        entries.push(link(&format!("l{len}"), &"t".repeat(len)));
        entries.push(link(&format!("s{len}"), &format!("{}/", "t".repeat(len - 1))));
    }
    entries.retain(|entry| entry["path"].as_str().unwrap().matches('/').count() < 100);
    entries
}

/// Contents around the length of a block, programs, and one file under two names, which a tree has as two files.
fn contents() -> Entries {
    let mut entries = vec![program("bin/tool", "#!/bin/sh\n"), file("hard", "same"), file("link", "same")];
    entries.extend([0, 1, 511, 512, 513, 100_000].map(|len| file(&format!("size/{len}"), &"x".repeat(len))));
    entries
}

#[test]
fn i54_i55_i56_i57_i72_directory_layers_have_the_reference_diff_ids() {
    check(vec![
        directory("/layers/wattle_node/runtime", &ordered(), OWNER),
        directory("/layers/config", &vec![file("metadata.toml", "x = 1\n")], OWNER),
        directory("/cnb/lifecycle", &vec![program("launcher", "elf")], Owner::ROOT),
        directory("/layers/a/empty", &Vec::new(), OWNER),
    ]);
}

#[test]
fn i58_files_of_every_kind_have_the_reference_diff_ids() {
    check(vec![directory("/layers/a/b", &contents(), OWNER)]);
    check_slices("/workspace", &contents(), &[]);
}

#[test]
fn i59_long_and_foreign_names_have_the_reference_diff_ids() {
    let mut layers: Vec<(Source, Value)> =
        long_and_foreign().into_iter().map(|entry| directory("/layers/a/b", &vec![entry], OWNER)).collect();
    layers.push(directory("/layers/a/b", &long_and_foreign(), OWNER));
    layers.push(directory(&format!("/layers/{}/b", "x".repeat(90)), &long_and_foreign(), OWNER));
    check(layers);
    check_slices("/workspace", &long_and_foreign(), &[]);
}

#[test]
fn i59_owners_beyond_a_header_have_the_reference_diff_ids() {
    let numbers = [0, 2_097_151, 2_097_152, 4_294_967_294];
    let with_users = numbers.map(|uid| directory("/layers/a/b", &ordered(), Owner { uid, gid: 1000 }));
    let with_groups = numbers.map(|gid| directory("/layers/a/b", &long_and_foreign(), Owner { uid: 1000, gid }));
    check(with_users.into_iter().chain(with_groups).collect());
}

#[test]
fn i58_modes_of_a_file_system_have_the_reference_diff_ids() {
    let modes =
        [("bin/su", 0o4755), ("bin/wall", 0o2755), ("tmp", 0o1777), ("root/.profile", 0o600), ("var/mail", 0o3777)];
    let mut entries = vec![program("bin/su", "su"), program("bin/wall", "wall"), empty("tmp"), empty("var/mail")];
    entries.extend([file("root/.profile", ""), file("etc/passwd", "root:x:0:0\n"), link("sbin", "bin")]);
    let tree = tree(&entries);
    for entry in &mut entries {
        let path = entry["path"].clone();
        if let Some((_, mode)) = modes.iter().find(|(at, _)| path == *at) {
            entry["mode"] = json!(mode);
            entry["uid"] = json!(33);
        }
    }
    let attributes = modes.iter().map(|(path, mode)| {
        let owner = Owner { uid: 33, gid: 0 };
        ((*path).to_owned(), Attributes { owner, mode: *mode })
    });
    let source = Source::filesystem(tree, attributes.collect::<BTreeMap<_, _>>());
    let layer = json!({
        "root": "", "parents": [], "uid": 0, "gid": 0, "order": "directories", "slices": [], "entries": entries
    });
    check(vec![(source, layer)]);
}

#[test]
fn i57_i60_i62_i63_slices_have_the_reference_diff_ids() {
    let empty = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
    check_slices("/workspace", &ordered(), &[]);
    check_slices("/srv/shop", &ordered(), &[&["a/*"]]);
    check_slices("/workspace", &ordered(), &[&["a"], &["a-b", "a0"]]);
    check_slices("/workspace", &ordered(), &[&["a/[0-9]"], &["*/z"], &["a?*"]]);
    check_slices("/workspace", &long_and_foreign(), &[&["gr*", "n*"], &["./e//x/", "bin"], &["**/??"]]);
    let all_taken = check_slices("/workspace", &ordered(), &[&["nothing"], &["*"], &["a"]]);
    assert_eq!((all_taken.len(), all_taken[0].as_str(), all_taken[3].as_str()), (4, empty, empty));
    assert_ne!(check_slices("/workspace", &Vec::new(), &[&["*"]])[1], empty);
}
