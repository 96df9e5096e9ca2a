//! What an overlay refuses, what it counts, what it remembers, and what the host can do to it.

#![expect(clippy::unwrap_used, reason = "it fails the test")]

use insta::assert_snapshot;
use std::fmt::Write;
use wattle_tree::overlay::{Access, Error, Exceeded, Inode, Kind, Limits, OpenOptions, Overlay};
use wattle_tree::{Node, Scratch, Tree};

const ROOT: Inode = Overlay::ROOT;
const READ: OpenOptions = OpenOptions {
    create: false,
    exclusive: false,
    directory: false,
    truncate: false,
    follow: true,
    read: true,
    write: false,
};
const WRITE: OpenOptions = OpenOptions { create: true, write: true, ..READ };
const EMPTY: OpenOptions = OpenOptions { truncate: true, ..WRITE };

fn tree(entries: &[(&str, Node)]) -> Tree {
    let mut tree = Tree::new();
    for (path, node) in entries {
        tree.insert(path, node.clone()).unwrap();
    }
    tree
}

fn directory() -> Node {
    Node::Directory(Tree::new())
}

fn read_only(entries: &[(&str, Node)], limits: Limits) -> Overlay {
    Overlay::new(tree(entries), Scratch::new(tempfile::tempfile().unwrap()), limits)
}

fn writable(entries: &[(&str, Node)], limits: Limits) -> Overlay {
    let mut overlay = read_only(entries, limits);
    overlay.set_access("", Access::Writable).unwrap();
    overlay
}

fn write(overlay: &mut Overlay, path: &str, text: &str) -> Result<(), Error> {
    let file = overlay.open(ROOT, path, EMPTY)?;
    let result = overlay.write_at(file, text.as_bytes(), 0);
    overlay.close(file);
    result.map(drop)
}

fn read(overlay: &mut Overlay, path: &str) -> Result<String, Error> {
    let file = overlay.open(ROOT, path, READ)?;
    let mut bytes = vec![0; usize::try_from(overlay.len(file)).unwrap()];
    let result = overlay.read_at(file, &mut bytes, 0);
    overlay.close(file);
    result.map(|_| String::from_utf8(bytes).unwrap())
}

/// A tree as text.
fn show(tree: &Tree) -> String {
    let mut text = String::new();
    for entry in tree.walk() {
        let path = entry.path;
        match entry.node {
            Node::Directory(_) => writeln!(text, "{path}/"),
            Node::Symlink(target) => writeln!(text, "{path} -> {target}"),
            Node::File(file) => {
                let bit = if file.executable { "*" } else { "" };
                let contents = String::from_utf8(file.blob.to_vec().unwrap()).unwrap();
                writeln!(text, "{}", format!("{path}{bit}: {contents}").trim_end())
            }
        }
        .unwrap();
    }
    text
}

/// Runs one operation against a limit that allows one less than it needs, just what it needs, and one more.
fn check_limit(
    needed: usize,
    limit: fn(usize) -> Limits,
    operation: fn(&mut Overlay) -> Result<(), Error>,
    refusal: (Error, Exceeded),
) {
    for allowed in [needed - 1, needed, needed + 1] {
        let mut overlay = writable(&[("lower", Node::file("12345678")), ("dir/sub", directory())], limit(allowed));
        let (expected, exceeded) = if allowed < needed { (Err(refusal.0), Some(refusal.1)) } else { (Ok(()), None) };
        assert_eq!(operation(&mut overlay), expected, "{allowed} for {needed}");
        assert_eq!(overlay.exceeded(), exceeded, "{allowed} for {needed}");
    }
}

#[test]
fn bytes_are_limited_as_the_guest_sees_them() {
    let limit = |bytes| Limits { bytes: bytes as u64, ..Limits::default() };
    let refusal = (Error::NoSpace, Exceeded::Bytes);
    check_limit(5, limit, |overlay| write(overlay, "new", "12345"), refusal);
    let copy_up = |overlay: &mut Overlay| {
        let file = overlay.open(ROOT, "lower", WRITE)?;
        overlay.write_at(file, b"9", 8).map(drop)
    };
    check_limit(9, limit, copy_up, refusal);
    let hole = |overlay: &mut Overlay| {
        let file = overlay.open(ROOT, "new", WRITE)?;
        overlay.set_len(file, 1_000_000)
    };
    check_limit(1_000_000, limit, hole, refusal);
    let reuse = |overlay: &mut Overlay| {
        for _ in 0..10 {
            write(overlay, "new", "123")?;
            overlay.unlink(ROOT, "new")?;
        }
        Ok(())
    };
    check_limit(3, limit, reuse, refusal);
    check_limit(3, limit, |overlay| overlay.merge("m", tree(&[("a/b", Node::file("123"))])), refusal);
}

#[test]
fn the_length_of_a_file_is_limited() {
    let limit = |file_size| Limits { file_size: file_size as u64, ..Limits::default() };
    let refusal = (Error::FileTooLarge, Exceeded::FileSize);
    check_limit(5, limit, |overlay| write(overlay, "new", "12345"), refusal);
    let far = |overlay: &mut Overlay| {
        let file = overlay.open(ROOT, "new", WRITE)?;
        overlay.write_at(file, b"1", 99_999).map(drop)
    };
    check_limit(100_000, limit, far, refusal);
}

#[test]
fn a_file_that_came_too_long_may_still_change_inside() {
    let mut overlay = writable(&[("lower", Node::file("12345678"))], Limits { file_size: 4, ..Limits::default() });
    let file = overlay.open(ROOT, "lower", WRITE).unwrap();
    assert_eq!(overlay.write_at(file, b"x", 7), Ok(1));
    assert_eq!(overlay.set_len(file, 6), Ok(()));
    assert_eq!(overlay.set_len(file, 7), Err(Error::FileTooLarge));
    assert_eq!(read(&mut overlay, "lower").unwrap(), "123456");
}

#[test]
fn names_made_are_limited() {
    let limit = |files| Limits { files, ..Limits::default() };
    let refusal = (Error::NoSpace, Exceeded::Files);
    check_limit(1, limit, |overlay| write(overlay, "new", ""), refusal);
    let several = |overlay: &mut Overlay| {
        overlay.create_directory(ROOT, "new")?;
        overlay.symlink(&"t".repeat(256), ROOT, "new/symlink")?;
        overlay.link(ROOT, "lower", false, ROOT, "new/link")?;
        overlay.rename(ROOT, "lower", ROOT, "moved")?;
        overlay.rename(ROOT, "moved", ROOT, "again")
    };
    check_limit(5, limit, several, refusal);
    let reuse = |overlay: &mut Overlay| {
        for _ in 0..10 {
            overlay.create_directory(ROOT, "new")?;
            write(overlay, "new/file", "")?;
            overlay.unlink(ROOT, "new/file")?;
            overlay.remove_directory(ROOT, "new")?;
        }
        Ok(())
    };
    check_limit(2, limit, reuse, refusal);
    let merged = |overlay: &mut Overlay| {
        for _ in 0..10 {
            overlay.create_directory(ROOT, "new")?;
            overlay.merge("new", tree(&[("a/b", Node::file("")), ("a/c", Node::file(""))]))?;
            for name in ["b", "c"] {
                overlay.unlink(ROOT, &format!("new/a/{name}"))?;
            }
            overlay.remove_directory(ROOT, "new/a")?;
            overlay.remove_directory(ROOT, "new")?;
        }
        Ok(())
    };
    check_limit(4, limit, merged, refusal);
    let below = |overlay: &mut Overlay| (0..3).try_for_each(|at| overlay.merge(&format!("new/{at}"), Tree::new()));
    check_limit(4, limit, below, refusal);
}

#[test]
fn open_files_are_limited() {
    let limit = |open| Limits { open, ..Limits::default() };
    let open = |overlay: &mut Overlay| {
        let file = overlay.open(ROOT, "lower", READ)?;
        overlay.retain(file)?;
        overlay.close(file);
        overlay.open(ROOT, "dir", READ).map(drop)
    };
    check_limit(2, limit, open, (Error::TooManyOpen, Exceeded::Open));
}

#[test]
fn the_depth_of_directories_is_limited() {
    let limit = |depth| Limits { depth, ..Limits::default() };
    let refusal = (Error::NameTooLong, Exceeded::Depth);
    check_limit(3, limit, |overlay| overlay.create_directory(ROOT, "dir/sub/new"), refusal);
    let moved = |overlay: &mut Overlay| {
        overlay.create_directory(ROOT, "new")?;
        overlay.rename(ROOT, "dir", ROOT, "new/dir")?;
        overlay.rename(ROOT, "new/dir", ROOT, "dir")
    };
    check_limit(3, limit, moved, refusal);
    check_limit(3, limit, |overlay| overlay.merge("dir/sub", tree(&[("new/file", Node::file(""))])), refusal);
    check_limit(3, limit, |overlay| overlay.graft("dir/sub/new", directory(), Access::Writable), refusal);
}

#[test]
fn no_way_leads_deeper_than_a_tree_can_be() {
    let mut overlay = writable(&[], Limits { depth: usize::MAX, ..Limits::default() });
    let mut at = ROOT;
    let mut deepest = 0;
    while overlay.create_directory(at, "d").is_ok() {
        at = overlay.open(at, "d", READ).unwrap();
        deepest += 1;
    }
    assert_eq!(deepest, wattle_tree::MAX_DEPTH - 1);
    let file = overlay.open(at, "f", WRITE).unwrap();
    overlay.write_at(file, b"x", 0).unwrap();
    let path = overlay.freeze().unwrap().walk().last().unwrap().path;
    assert_eq!(tree(&[(&path, Node::file(""))]).walk().count(), wattle_tree::MAX_DEPTH);
}

#[test]
fn names_listed_are_limited() {
    let limit = |names| Limits { names, ..Limits::default() };
    let refusal = (Error::NoSpace, Exceeded::Names);
    check_limit(2, limit, |overlay| overlay.list(ROOT).map(drop), refusal);
    let held = |overlay: &mut Overlay| {
        let names = overlay.list(ROOT)?.len();
        overlay.hold(names)?;
        overlay.list(ROOT)?;
        overlay.release(names);
        overlay.hold(names)
    };
    check_limit(4, limit, held, refusal);
}

#[test]
fn a_directory_with_too_many_names_missed_counts_as_listed() {
    let mut overlay = read_only(&[("dir/sub", directory())], Limits { names: 2, ..Limits::default() });
    for name in ["x", "y", "y", "dir/z", "dir/sub/z"] {
        assert_eq!(overlay.lookup(ROOT, name, true), Err(Error::NotFound));
    }
    assert_eq!(overlay.exceeded(), None);
    assert_snapshot!(overlay.trace(), @"
    /dir: list
    /dir/sub: list
    /x: absent
    /y: absent
    ");
}

#[test]
fn remembers_what_was_learned_of_the_lower_tree_and_nothing_else() {
    let entries = [
        ("read", Node::file("1")),
        ("link", Node::symlink("opened")),
        ("opened", Node::file("2")),
        ("replaced", Node::file("3")),
        ("appended", Node::file("4")),
        ("moved/inside", Node::file("5")),
        ("listed/inside", Node::file("6")),
        ("unseen", Node::file("7")),
        ("run", Node::file("8")),
    ];
    let mut overlay = writable(&entries, Limits::default());
    read(&mut overlay, "read").unwrap();
    overlay.open(ROOT, "link", READ).unwrap();
    write(&mut overlay, "replaced", "new").unwrap();
    read(&mut overlay, "replaced").unwrap();
    let file = overlay.open(ROOT, "appended", WRITE).unwrap();
    overlay.write_at(file, b"more", 1).unwrap();
    overlay.rename(ROOT, "moved", ROOT, "here").unwrap();
    overlay.lookup(ROOT, "here/missing", true).unwrap_err();
    overlay.lookup(ROOT, "read/below", true).unwrap_err();
    let listed = overlay.lookup(ROOT, "listed", true).unwrap();
    overlay.lookup(listed, "missing", true).unwrap_err();
    overlay.list(listed).unwrap();
    overlay.set_executable(ROOT, "run", true).unwrap();
    write(&mut overlay, "own", "").unwrap();
    overlay.unlink(ROOT, "own").unwrap();
    overlay.lookup(ROOT, "own", true).unwrap_err();
    overlay.merge("unpacked", tree(&[("file", Node::file(""))])).unwrap();
    read(&mut overlay, "unpacked/file").unwrap();
    overlay.graft("layers/cached", Node::Directory(tree(&[("key", Node::file(""))])), Access::ReadOnly).unwrap();
    read(&mut overlay, "layers/cached/key").unwrap();
    overlay.lookup(ROOT, "layers/other", true).unwrap_err();
    assert_snapshot!(overlay.trace(), @"
    /appended: read stat
    /here: absent
    /layers/cached/key: read stat
    /layers/other: absent
    /link: readlink
    /listed: stat list
    /moved: read stat
    /moved/missing: absent
    /opened: stat
    /own: absent
    /read: read stat
    /replaced: stat
    /run: read stat
    ");
}

#[test]
fn paths_never_leave_the_directory_that_they_are_relative_to() {
    let entries = [
        ("a/up", Node::symlink("..")),
        ("a/top", Node::symlink("../..")),
        ("a/root", Node::symlink("/")),
        ("a/loop", Node::symlink("loop")),
        ("a/dangling", Node::symlink("nothing")),
        ("a/file", Node::file("")),
        ("a/b/c", directory()),
    ];
    let mut overlay = read_only(&entries, Limits::default());
    let a = overlay.open(ROOT, "a", READ).unwrap();
    let long = "n".repeat(256);
    let paths = [
        ".",
        "b/..",
        "b/c/../..",
        "b/../..",
        "..",
        "/",
        "/a",
        "up",
        "top",
        "root",
        "root/a",
        "loop",
        "dangling",
        "file/",
        "file/.",
        "b//c/",
        "",
        "a\0b",
        &long,
    ];
    let mut text = String::new();
    for path in paths {
        let mut told = |base, path: &str| match overlay.lookup(base, path, true) {
            Ok(inode) => format!("{:?} {}", overlay.kind(inode), inode.number()),
            Err(error) => format!("{error:?}"),
        };
        let name = path.replace('\0', "NUL").chars().take(10).collect::<String>();
        let from_root =
            if path.is_empty() || path.starts_with('/') { String::new() } else { told(ROOT, &format!("a/{path}")) };
        let line = format!("{name:<10} {:<13} {from_root}", told(a, path));
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    assert_snapshot!(text, @"
    .          Directory 2   Directory 2
    b/..       Directory 2   Directory 2
    b/c/../..  Directory 2   Directory 2
    b/../..    NotPermitted  Directory 1
    ..         NotPermitted  Directory 1
    /          NotPermitted
    /a         NotPermitted
    up         NotPermitted  Directory 1
    top        NotPermitted  NotPermitted
    root       NotPermitted  Directory 1
    root/a     NotPermitted  Directory 2
    loop       Loop          Loop
    dangling   NotFound      NotFound
    file/      NotADirectory NotADirectory
    file/.     NotADirectory NotADirectory
    b//c/      Directory 4   Directory 4
               NotFound
    aNULb      Invalid       Invalid
    nnnnnnnnnn NameTooLong   NameTooLong
    ");
}

#[test]
fn access_is_the_hosts_to_give() {
    let mut overlay = read_only(&[("app/file", Node::file("1")), ("app/dir/file", Node::file("2"))], Limits::default());
    let handle = overlay.open(ROOT, "app/dir/file", READ).unwrap();
    let refused = Err(Error::ReadOnly);
    let try_all = |overlay: &mut Overlay, at: &str| {
        [
            write(overlay, &format!("{at}/file"), "x"),
            write(overlay, &format!("{at}/new"), "x"),
            overlay.create_directory(ROOT, &format!("{at}/made")),
            overlay.symlink("target", ROOT, &format!("{at}/symlink")),
            overlay.link(ROOT, &format!("{at}/file"), false, ROOT, &format!("{at}/link")),
            overlay.rename(ROOT, &format!("{at}/file"), ROOT, &format!("{at}/moved")),
            overlay.set_executable(ROOT, &format!("{at}/moved"), true),
            overlay.unlink(ROOT, &format!("{at}/moved")),
            overlay.remove_directory(ROOT, &format!("{at}/made")),
        ]
    };
    assert_eq!(try_all(&mut overlay, "app")[..6], [refused; 6]);
    assert_eq!(overlay.write_at(handle, b"x", 0), refused.map(|()| 0));
    overlay.set_access("app/dir", Access::Writable).unwrap();
    assert_eq!(overlay.write_at(handle, b"x", 0), Ok(1));
    assert_eq!(try_all(&mut overlay, "app/dir"), [Ok(()); 9]);
    assert_eq!(
        overlay.rename(ROOT, "app/dir", ROOT, "app/else"),
        refused,
        "its name is in a directory that is read-only"
    );
    overlay.set_access("", Access::Writable).unwrap();
    overlay.set_access("app/dir", Access::ReadOnly).unwrap();
    assert_eq!(overlay.write_at(handle, b"y", 0), refused.map(|()| 0));
    assert_eq!(overlay.remove_directory(ROOT, "app/dir"), refused);
    assert_eq!(overlay.rename(ROOT, "app/dir", ROOT, "app/else"), refused);
    assert_snapshot!(show(&overlay.freeze().unwrap()), @"
    app/
    app/dir/
    app/dir/link*: x
    app/dir/new: x
    app/dir/symlink -> target
    app/file: 1
    ");
}

#[test]
fn grafts_replace_and_merges_add() {
    let entries = [("app/old", Node::program("old")), ("lower/empty", directory())];
    let mut overlay = read_only(&entries, Limits::default());
    overlay.set_access("app", Access::Writable).unwrap();
    let old = overlay.open(ROOT, "app/old", WRITE).unwrap();
    overlay.write_at(old, b"still there", 0).unwrap();
    overlay.graft("app", Node::Directory(tree(&[("new", Node::file("new"))])), Access::Writable).unwrap();
    overlay.graft("layers/x/y", directory(), Access::Writable).unwrap();
    assert_eq!(overlay.graft("app/new/below", directory(), Access::Writable), Err(Error::NotADirectory));
    let mut kept = [0; 20];
    assert_eq!(overlay.read_at(old, &mut kept, 0), Ok(11), "who has it open keeps it");
    overlay.close(old);
    let package = tree(&[("bin/tool", Node::program("tool")), ("lib", Node::symlink("bin")), ("x", Node::file("x"))]);
    overlay.merge("layers/x/y", package.clone()).unwrap();
    write(&mut overlay, "layers/x/y/bin/own", "own").unwrap();
    let second = tree(&[("bin/tool", Node::file("second")), ("lib/inside", Node::file("")), ("x/y/z", Node::file(""))]);
    overlay.merge("layers/x/y", second).unwrap();
    overlay.merge("layers/x/y/deep/down", package.clone()).unwrap();
    overlay.merge("lower/empty", tree(&[("file", Node::file("laid"))])).unwrap();
    assert_eq!(write(&mut overlay, "layers/x/y/deep/down/x", "written"), Ok(()));
    assert_eq!(write(&mut overlay, "layers/x/file", ""), Err(Error::ReadOnly));
    let frozen = overlay.freeze().unwrap();
    assert!(frozen.directory("layers/x/y/deep/down/bin").unwrap().same(package.directory("bin").unwrap()));
    assert_snapshot!(show(&frozen), @"
    app/
    app/new: new
    layers/
    layers/x/
    layers/x/y/
    layers/x/y/bin/
    layers/x/y/bin/own: own
    layers/x/y/bin/tool: second
    layers/x/y/deep/
    layers/x/y/deep/down/
    layers/x/y/deep/down/bin/
    layers/x/y/deep/down/bin/tool*: tool
    layers/x/y/deep/down/lib -> bin
    layers/x/y/deep/down/x: written
    layers/x/y/lib/
    layers/x/y/lib/inside:
    layers/x/y/x/
    layers/x/y/x/y/
    layers/x/y/x/y/z:
    lower/
    lower/empty/
    lower/empty/file: laid
    ");
}

#[test]
fn what_is_discarded_costs_nothing_any_more() {
    let mut overlay = writable(&[], Limits::default());
    overlay.graft("layer", directory(), Access::Writable).unwrap();
    let before = overlay.usage();
    let package =
        tree(&[("a/b/c", Node::file("123")), ("a/l", Node::symlink(&"t".repeat(600))), ("d", Node::file("4"))]);
    overlay.merge("layer/package", package.clone()).unwrap();
    overlay.merge("layer/package/a", package).unwrap();
    write(&mut overlay, "layer/package/a/b/c", "other").unwrap();
    overlay.unlink(ROOT, "layer/package/d").unwrap();
    overlay.link(ROOT, "layer/package/a/l", false, ROOT, "layer/l").unwrap();
    overlay.rename(ROOT, "layer/package/a/a", ROOT, "layer/a").unwrap();
    assert_ne!(overlay.usage(), before);
    overlay.graft("layer", directory(), Access::Writable).unwrap();
    assert_eq!(overlay.usage(), before);
}

#[test]
fn an_untouched_directory_is_shared_with_the_lower_tree() {
    let entries = [("a/b/file", Node::file("1")), ("c/d", Node::file("2")), ("e", Node::file("3"))];
    let lower = tree(&entries);
    let start = || {
        let mut overlay = Overlay::new(lower.clone(), Scratch::new(tempfile::tempfile().unwrap()), Limits::default());
        overlay.set_access("", Access::Writable).unwrap();
        read(&mut overlay, "a/b/file").unwrap();
        overlay
    };
    assert!(start().freeze().unwrap().same(&lower));
    let mut overlay = start();
    overlay.rename(ROOT, "a", ROOT, "z").unwrap();
    write(&mut overlay, "c/new", "").unwrap();
    let frozen = overlay.freeze().unwrap();
    assert!(frozen.directory("z").unwrap().same(lower.directory("a").unwrap()));
    assert!(!frozen.directory("c").unwrap().same(lower.directory("c").unwrap()));
    assert_snapshot!(show(&frozen), @"
    c/
    c/d: 2
    c/new:
    e: 3
    z/
    z/b/
    z/b/file: 1
    ");
}

/// Frozen under its second name first, it looked as if it were still the lower tree's under the first.
#[test]
fn a_lower_file_with_two_names_is_frozen_under_both() {
    let mut overlay = writable(&[("b", Node::file("old"))], Limits::default());
    overlay.link(ROOT, "b", false, ROOT, "a").unwrap();
    write(&mut overlay, "b", "new").unwrap();
    assert_snapshot!(show(&overlay.freeze().unwrap()), @"
    a: new
    b: new
    ");
}

#[test]
fn the_executable_bit_stays_with_the_file() {
    let big = "x".repeat(100_000);
    let mut overlay = writable(&[("tool", Node::program("1")), ("big", Node::program(&*big))], Limits::default());
    write(&mut overlay, "tool", "2").unwrap();
    let file = overlay.open(ROOT, "big", WRITE).unwrap();
    overlay.set_len(file, 3).unwrap();
    overlay.rename(ROOT, "tool", ROOT, "moved").unwrap();
    write(&mut overlay, "made", "3").unwrap();
    overlay.symlink("made", ROOT, "link").unwrap();
    overlay.set_executable(ROOT, "link", true).unwrap();
    assert_eq!(overlay.set_executable(ROOT, ".", true), Err(Error::IsDirectory));
    assert_snapshot!(show(&overlay.freeze().unwrap()), @"
    big*: xxx
    link -> made
    made*: 3
    moved*: 2
    ");
}

#[test]
fn a_removed_directory_takes_nothing_in() {
    let mut overlay = writable(&[("a/dir", directory())], Limits::default());
    write(&mut overlay, "file", "1").unwrap();
    let removed = overlay.open(ROOT, "a/dir", READ).unwrap();
    overlay.remove_directory(ROOT, "a/dir").unwrap();
    assert_eq!(overlay.create_directory(removed, "new"), Err(Error::NotFound));
    assert_eq!(overlay.rename(ROOT, "file", removed, "new"), Err(Error::NotFound));
    assert_eq!(overlay.link(ROOT, "file", false, removed, "new"), Err(Error::NotFound));
    assert_eq!(overlay.list(removed), Ok(Vec::new()));
    assert_eq!(overlay.status(removed).links, 0);
    overlay.close(removed);
    assert_eq!(overlay.lookup(ROOT, "a/dir", true), Err(Error::NotFound));
}

#[test]
fn host_memory_does_not_grow_with_what_is_written() {
    let mut overlay = writable(&[], Limits { memory: 1 << 20, ..Limits::default() });
    let mut contents = |name: usize, keep: bool| {
        let file = overlay.open(ROOT, &name.to_string(), WRITE).unwrap();
        overlay.write_at(file, &vec![b'x'; 65_536], 0).unwrap();
        if name.is_multiple_of(2) {
            overlay.set_len(file, 10).unwrap();
        }
        if !keep {
            overlay.close(file);
        }
        overlay.usage().memory
    };
    assert!((0..400).all(|name| contents(name, true) <= 10 << 20), "files that are open");
    assert!((400..800).all(|name| contents(name, false) <= 10 << 20), "files that were closed");
    assert_eq!(overlay.usage().bytes, 400 * 65_546);
    let frozen = overlay.freeze().unwrap();
    assert!(frozen.entries().all(|(name, node)| match node {
        Node::File(file) if name.ends_with(['0', '2', '4', '6', '8']) => file.blob.to_vec().unwrap() == [b'x'; 10],
        Node::File(file) => file.blob.to_vec().unwrap() == vec![b'x'; 65_536],
        _ => false,
    }));
}

#[test]
fn the_scratch_file_does_not_grow_with_what_is_written_again() {
    let scratch = Scratch::new(tempfile::tempfile().unwrap());
    let limits = Limits { memory: 0, ..Limits::default() };
    let mut overlay = Overlay::new(Tree::new(), scratch.clone(), limits);
    overlay.set_access("", Access::Writable).unwrap();
    let mut again = |text: &str| {
        for _ in 0..3 {
            write(&mut overlay, "large", &text.repeat(100_000)).unwrap();
            write(&mut overlay, "small", &text.repeat(1000)).unwrap();
            overlay.rename(ROOT, "small", ROOT, "large").unwrap();
        }
        scratch.used()
    };
    assert_eq!(again("x"), again("y"));
}

#[test]
fn lists_both_sides_in_byte_order() {
    let mut overlay = writable(&[("b", Node::file("")), ("d", directory()), ("f", Node::file(""))], Limits::default());
    for name in ["e", "a", "Z"] {
        write(&mut overlay, name, "").unwrap();
    }
    overlay.unlink(ROOT, "f").unwrap();
    overlay.symlink("a", ROOT, "c").unwrap();
    let names = overlay.list(ROOT).unwrap();
    let names: Vec<_> = names.iter().map(|(name, kind)| (&**name, *kind)).collect();
    let (file, link) = (Kind::File, Kind::Symlink);
    assert_eq!(names, [("Z", file), ("a", file), ("b", file), ("c", link), ("d", Kind::Directory), ("e", file)]);
}

#[test]
fn opens_as_posix_does() {
    let entries = [
        ("file", Node::file("1")),
        ("dir", directory()),
        ("link", Node::symlink("file")),
        ("to", Node::symlink("new")),
    ];
    let mut text = String::new();
    let directory = OpenOptions { directory: true, ..READ };
    let exclusive = OpenOptions { exclusive: true, ..WRITE };
    let not_followed = OpenOptions { follow: false, ..READ };
    let cases = [
        ("directory", directory),
        ("exclusive", exclusive),
        ("no follow", not_followed),
        ("create", WRITE),
        ("create directory", OpenOptions { directory: true, ..WRITE }),
    ];
    for (name, options) in cases {
        for path in ["file", "dir", "link", "to", "none", "none/"] {
            let mut overlay = writable(&entries, Limits::default());
            let outcome = overlay.open(ROOT, path, options).map(|inode| overlay.kind(inode));
            writeln!(text, "{name} {path}: {outcome:?}").unwrap();
        }
    }
    assert_snapshot!(text, @"
    directory file: Err(NotADirectory)
    directory dir: Ok(Directory)
    directory link: Err(NotADirectory)
    directory to: Err(NotFound)
    directory none: Err(NotFound)
    directory none/: Err(NotFound)
    exclusive file: Err(Exists)
    exclusive dir: Err(Exists)
    exclusive link: Err(Exists)
    exclusive to: Err(Exists)
    exclusive none: Ok(File)
    exclusive none/: Err(IsDirectory)
    no follow file: Ok(File)
    no follow dir: Ok(Directory)
    no follow link: Err(Loop)
    no follow to: Err(Loop)
    no follow none: Err(NotFound)
    no follow none/: Err(NotFound)
    create file: Ok(File)
    create dir: Err(IsDirectory)
    create link: Ok(File)
    create to: Ok(File)
    create none: Ok(File)
    create none/: Err(IsDirectory)
    create directory file: Err(Invalid)
    create directory dir: Err(Invalid)
    create directory link: Err(Invalid)
    create directory to: Err(Invalid)
    create directory none: Err(Invalid)
    create directory none/: Err(Invalid)
    ");
}
