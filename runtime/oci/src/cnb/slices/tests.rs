//! Slices beside a second implementation, which says of each path where it goes; and beside what the reference
//! implementation makes of the same files.

use super::*;
use crate::Layer;
use crate::cnb;
use crate::layer::Owner;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn slices(patterns: &[&[&str]]) -> Vec<Slice> {
    let slice = |paths: &&[&str]| Slice { paths: paths.iter().map(|path| (*path).to_owned()).collect() };
    patterns.iter().map(slice).collect()
}

/// Files at these paths; a path that ends in a slash is an empty directory, and `->` stands before the target of a link.
fn tree(paths: &[&str]) -> Tree {
    let mut tree = Tree::new();
    for path in paths {
        let (path, node) = match (path.split_once("->"), path.strip_suffix('/')) {
            (Some((path, target)), _) => (path, Node::symlink(target)),
            (None, Some(path)) => (path, Node::Directory(Tree::new())),
            (None, None) => (*path, Node::file(*path)),
        };
        tree.insert(path, node).unwrap();
    }
    tree
}

/// Every path of a part, the application's own directory as `.`.
fn paths(part: Option<&Tree>) -> Vec<String> {
    let Some(tree) = part else { return Vec::new() };
    [".".to_owned()].into_iter().chain(tree.walk().map(|entry| entry.path)).collect()
}

fn check(application: &[&str], patterns: &[&[&str]]) -> String {
    match slice(&tree(application), "/workspace", &slices(patterns)) {
        Ok(parts) => parts.iter().map(|part| paths(part.as_ref()).join(" ") + "\n").collect(),
        Err(error) => error.to_string(),
    }
}

const APPLICATION: &[&str] = &["a-b", "a/x/1.js", "a/x/2.js", "a/y.js", "a/z", "b/c", "empty/", "link->a"];

#[test]
fn i60_the_first_slice_that_matches_has_it_and_the_last_layer_has_what_is_left() {
    insta::assert_snapshot!(check(APPLICATION, &[&["a/*.js"], &["a", "link"]]), @r#"
    . a a/y.js
    . a a/x a/x/1.js a/x/2.js a/z link
    . a-b b b/c empty
    "#);
}

#[test]
fn i60_i63_all_layers_are_there_even_if_empty() {
    insta::assert_snapshot!(check(APPLICATION, &[&["nothing"], &["*"], &["b"]]), @r#"

    . a a/x a/x/1.js a/x/2.js a/y.js a/z a-b b b/c empty link
    "#);
    insta::assert_snapshot!(check(&[], &[&["*"]]), @r#"

    .
    "#);
    let part = slice(&tree(APPLICATION), "/workspace", &slices(&[&["nothing"]])).unwrap().remove(0);
    let layer = cnb::application("/workspace", part, Owner { uid: 1000, gid: 1000 }).unwrap();
    let empty = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
    assert_eq!(Layer::in_memory(&layer).unwrap().diff_id.to_string(), empty);
}

#[test]
fn i61_a_directory_takes_what_is_left_in_it_and_links_lead_nowhere() {
    insta::assert_snapshot!(check(APPLICATION, &[&["./a//x/"], &["link/*", "a/"]]), @r#"
    . a a/x a/x/1.js a/x/2.js
    . a a/y.js a/z
    . a-b b b/c empty link
    "#);
}

#[test]
fn i62_parents_are_in_each_slice_and_a_directory_goes_with_its_last_child() {
    insta::assert_snapshot!(check(APPLICATION, &[&["a/x/1.js"], &["a/x/2.js"], &["a/[yz]*"]]), @r#"
    . a a/x a/x/1.js
    . a a/x a/x/2.js
    . a a/y.js a/z
    . a-b b b/c empty link
    "#);
    insta::assert_snapshot!(check(&["a/b/c/d"], &[&["a/b/c/d"]]), @". a a/b a/b/c a/b/c/d");
}

#[test]
fn i65_two_stars_are_one() {
    insta::assert_snapshot!(check(APPLICATION, &[&["**/*.js"]]), @r#"
    . a a/y.js
    . a a/x a/x/1.js a/x/2.js a/z a-b b b/c empty link
    "#);
}

#[test]
fn b90_i61_what_leads_elsewhere_is_refused_by_name() {
    insta::assert_snapshot!(check(APPLICATION, &[&["a", "../b"]]), @"`../b` is no pattern for files of the application: it leads out of the application");
    insta::assert_snapshot!(check(&[], &[&["a"], &["b[c"]]), @"`b[c` is no pattern for files of the application: a `[` has no `]`");
}

/// The rules, path by path, with sets.
fn naive(application: &Tree, slices: &[Slice]) -> Vec<BTreeSet<String>> {
    let all: BTreeSet<String> = application.walk().map(|entry| entry.path).collect();
    let under = |path: &str, directory: &str| {
        directory.is_empty() || path == directory || path.starts_with(&format!("{directory}/"))
    };
    let mut left: BTreeSet<String> = all.iter().cloned().chain([String::new()]).collect();
    let mut layers = Vec::new();
    for slice in slices {
        let matched = |path: &String| {
            let patterns = slice.paths.iter().map(|pattern| Pattern::parse(pattern, "/workspace").unwrap());
            patterns.into_iter().any(|pattern| all.iter().any(|at| pattern.matches(at) && under(path, at)))
        };
        let taken: BTreeSet<String> = left.iter().filter(|path| matched(path)).cloned().collect();
        left.retain(|path| !taken.contains(path));
        let above = |path: &str| taken.iter().any(|taken| under(taken, path) && taken != path);
        let parents: Vec<String> = left.iter().filter(|path| above(path)).cloned().collect();
        // The deepest first.
        for parent in parents.iter().rev() {
            if !left.iter().any(|path| path != parent && under(path, parent)) {
                left.remove(parent);
            }
        }
        layers.push(taken.into_iter().chain(parents).collect());
    }
    layers.push(left);
    layers
}

proptest! {
    #[test]
    fn i60_i62_slices_are_those_of_the_rules_path_by_path(
        files in prop::collection::btree_set("[ab]{1,2}(/[ab]{1,2}){0,3}/?", 0..12),
        patterns in prop::collection::vec(prop::collection::vec("[ab*?]{1,2}(/[ab*?]{1,2}){0,2}", 0..4), 0..4),
    ) {
        let mut application = Tree::new();
        for path in &files {
            let node = if path.ends_with('/') { Node::Directory(Tree::new()) } else { Node::file("") };
            // What is a file already stays one.
            let _ = application.insert(path.trim_end_matches('/'), node);
        }
        let slices: Vec<Slice> = patterns.into_iter().map(|paths| Slice { paths }).collect();
        let parts = slice(&application, "/workspace", &slices).unwrap();
        let parts: Vec<BTreeSet<String>> = parts
            .iter()
            .map(|part| paths(part.as_ref()).into_iter().map(|path| if path == "." { String::new() } else { path }).collect())
            .collect();
        prop_assert_eq!(parts, naive(&application, &slices));
    }
}
