//! Layers are compared with what the tar writer of the reference implementation makes of the same entries, and with
//! themselves on other numbers of threads.

use super::{Order, Owner, Packed, Root, Source, pack};
use flate2::read::MultiGzDecoder;
use proptest::prelude::*;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use wattle_tree::{Blob, Digest, Node, Tree};

fn packed(source: &Source, threads: usize) -> (Packed, Vec<u8>) {
    let mut out = Vec::new();
    let packed = pack(source, &mut out, NonZeroUsize::new(threads).unwrap()).unwrap();
    (packed, out)
}

fn tar_of(gzip: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    MultiGzDecoder::new(gzip).read_to_end(&mut tar).unwrap();
    tar
}

fn source(tree: Tree, order: Order) -> Source {
    let owner = Owner { uid: 1000, gid: 1000 };
    Source::new(vec![Root { path: "/layers/wattle_node/sample".to_owned(), parents: Owner::ROOT, tree, owner }], order)
        .unwrap()
}

/// Names that sort differently by path and by part, names and link targets that a header can hold, that it can hold in
/// two parts and that it cannot, names and targets beyond ASCII, and contents longer than a block.
fn sample() -> Tree {
    let (d, p, up) = ("d".repeat(60), "p".repeat(120), "../".repeat(40));
    let far = format!("{up}target");
    let nodes = [
        ("a/z".to_owned(), Node::file("z")),
        ("a-b".to_owned(), Node::file("ab")),
        ("a.txt".to_owned(), Node::file("")),
        ("bin/tool".to_owned(), Node::program("#!/bin/sh\n")),
        ("bin/alias".to_owned(), Node::symlink("tool")),
        ("bin/far".to_owned(), Node::symlink(&far)),
        (format!("bin/{}-short-enough-to-cut", "u".repeat(90)), Node::file("long name alone")),
        (format!("{d}/{}", "f".repeat(50)), Node::file("cut in two")),
        (format!("{d}/far"), Node::symlink(&far)),
        ("n".repeat(150), Node::file("a name that cannot be cut")),
        ("größe/ä.txt".to_owned(), Node::file("non-ASCII")),
        ("größe/link".to_owned(), Node::symlink("ä.txt")),
        ("zum-ä".to_owned(), Node::symlink("größe/ä.txt")),
        ("big".to_owned(), Node::file("0123456789abcdef".repeat(200_000).as_str())),
        (format!("{p}/{p}/x"), Node::file("deep")),
    ];
    let mut tree = Tree::new();
    for (path, node) in nodes {
        tree.insert(&path, node).unwrap();
    }
    tree
}

#[test]
fn i54_i59_the_tar_stream_is_that_of_the_reference_implementation() {
    let check = |order| packed(&source(sample(), order), 2).0.diff_id.to_string();
    assert_eq!(check(Order::Directories), "sha256:943c291ee730ffa2039a22618cae1712241d020ba60caad3b61c58ba58d11d46");
    assert_eq!(check(Order::Paths), "sha256:4ecae4e32c261996dee4c835faf76c2706cf56a2fa37dba4aaa139f89ef8848e");
}

/// If this changes, so must [`super::FORMAT`], or stores have layers that nobody else would make.
#[test]
fn i91_the_compressed_form_is_known_by_its_format() {
    let digest = packed(&source(sample(), Order::Paths), 2).0.digest.to_string();
    insta::assert_snapshot!(format!("{} {digest}", super::FORMAT), @"gzip-2 sha256:93bd5fd424008e7749933bcf85c054b650d8240c6c0b504d99ffd88c6744cd44");
}

#[test]
fn a_name_that_would_remove_another_is_refused() {
    let mut tree = sample();
    tree.insert("bin/.wh.tool", Node::file("")).unwrap();
    let error = pack(&source(tree, Order::Directories), &mut io::sink(), NonZeroUsize::MIN).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().starts_with("`/layers/wattle_node/sample/bin/.wh.tool`: in an image"), "{error}");
}

#[test]
fn i63_an_empty_layer_is_two_empty_blocks() {
    let (packed, out) = packed(&Source::new(Vec::new(), Order::Paths).unwrap(), 1);
    assert_eq!(packed.uncompressed, 1024);
    assert_eq!(tar_of(&out), [0; 1024]);
    assert_eq!(packed.diff_id.to_string(), "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
}

#[test]
fn digests_and_lengths_are_those_of_what_was_written() {
    let (packed, out) = packed(&source(sample(), Order::Paths), 2);
    let tar = tar_of(&out);
    assert_eq!((packed.digest, packed.size), (Digest::of(&out), out.len() as u64));
    assert_eq!((packed.diff_id, packed.uncompressed), (Digest::of(&tar), tar.len() as u64));
    assert!(out.len() * 10 < tar.len(), "{} bytes of {} are left", out.len(), tar.len());
}

/// Contents that end before they should, as those of a file that was cut under us.
struct Cut;

impl wattle_tree::ReadAt for Cut {
    fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// A disk that is full after some bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let mut tree = sample();
    tree.insert("big2", Node::file(Blob::new(8 << 20, Cut))).unwrap();
    let error = pack(&source(tree, Order::Paths), &mut io::sink(), NonZeroUsize::MIN).unwrap_err();
    assert_eq!(error.to_string(), "`/layers/wattle_node/sample/big2`: unexpected end of file");
}

#[test]
fn a_full_disk_ends_it() {
    let noise: Vec<u8> = (0..4_u32 << 18).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let mut tree = Tree::new();
    tree.insert("noise", Node::file(noise)).unwrap();
    for room in [0, 1 << 20] {
        let error = pack(&source(tree.clone(), Order::Paths), &mut Full(room), NonZeroUsize::MIN).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_number_of_threads_does_not_show(
        files in prop::collection::btree_map("[a-c]{1,2}(/[a-z]{1,3}){0,2}", 0_usize..3 << 20, 0..6),
        threads in 2_usize..9,
    ) {
        let mut tree = Tree::new();
        for (path, len) in files {
            let contents: Vec<u8> = (0..len).map(|at| (at * at / 7).to_le_bytes()[0]).collect();
            // A name may be both a file's and a directory's here: the first one stays.
            let _ = tree.insert(&path, Node::file(contents));
        }
        let source = source(tree, Order::Paths);
        prop_assert!(packed(&source, 1) == packed(&source, threads));
    }
}
