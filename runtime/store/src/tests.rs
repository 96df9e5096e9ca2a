#![expect(clippy::disallowed_methods, reason = "what was used long ago is so by the clock")]

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use wattle_tree::{Algorithm, Hasher, Node, Tree};

fn temporary() -> (TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    (directory, store)
}

fn put(store: &Store, bytes: &[u8]) -> Digest {
    let mut writer = store.blobs().writer(None).unwrap();
    writer.write_all(bytes).unwrap();
    writer.commit().unwrap().0
}

fn read(store: &Store, digest: &Digest) -> Option<Vec<u8>> {
    store.blobs().get(digest).unwrap().map(|blob| blob.to_vec().unwrap())
}

fn sha512(bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::new(Algorithm::Sha512);
    hasher.update(bytes);
    hasher.finish()
}

/// Every file below the store, without work in progress and the door to it.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![root.join("v1")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            match (path.is_dir(), path.ends_with("tmp")) {
                (true, false) => directories.push(path),
                (false, _) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// How many things are in `tmp`, the door left out.
fn in_progress(root: &Path) -> usize {
    let names = fs::read_dir(root.join("v1/tmp")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name != "door").count()
}

/// Changes one byte in the middle.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { _ = fs::copy(&path, target).unwrap() }
    }
}

#[test]
fn finds_contents_by_either_digest_also_in_the_next_process() {
    let (directory, store) = temporary();
    let mut writer = store.blobs().writer(Some(sha512(b"hello"))).unwrap();
    writer.write_all(b"hello").unwrap();
    assert_eq!(writer.commit().unwrap(), (Digest::of(b"hello"), 5));
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(read(&store, &Digest::of(b"hello")).unwrap(), b"hello");
    assert_eq!(read(&store, &sha512(b"hello")).unwrap(), b"hello");
    assert_eq!(read(&store, &sha512(b"other")), None);
    assert!(!store.blobs().contains(&Digest::of(b"other")).unwrap());
    let empty = put(&store, b"");
    assert_eq!(read(&store, &empty).unwrap(), b"");
}

#[test]
fn keeps_nothing_that_is_not_what_was_expected() {
    let (directory, store) = temporary();
    let mut writer = store.blobs().writer(Some(Digest::of(b"one"))).unwrap();
    writer.write_all(b"two").unwrap();
    insta::assert_snapshot!(writer.commit().unwrap_err(), @"expected bytes with digest sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed, got sha256:3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3");
    assert_eq!(files(directory.path()), Vec::<PathBuf>::new());
}

#[test]
fn p42_what_is_damaged_is_not_read_and_not_kept() {
    let (directory, store) = temporary();
    let digest = put(&store, b"some contents");
    damage(&files(directory.path())[0]);
    let blob = store.blobs().get(&digest).unwrap().unwrap();
    let error = blob.read_at(&mut [0; 4], 0).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert!(error.to_string().ends_with("was damaged and has been removed: run the same again"), "{error}");
    assert_eq!(read(&store, &digest), None);

    put(&store, b"some contents");
    damage(&files(directory.path())[0]);
    assert!(store.blobs().get_verified(&digest).unwrap().is_none());
    put(&store, b"some contents");
    assert!(store.blobs().get_verified(&digest).unwrap().is_some());

    fs::write(&files(directory.path())[0], b"").unwrap();
    assert_eq!(read(&store, &digest), None, "as after a crash of the machine");
}

#[test]
fn work_in_progress_goes_with_its_owner_and_nobody_else() {
    let (directory, store) = temporary();
    let other = Store::open(directory.path()).unwrap();
    let mut writer = store.blobs().writer(None).unwrap();
    writer.write_all(b"half of").unwrap();
    drop(store.clone());
    drop(other);
    writer.write_all(b" something").unwrap();
    assert_eq!(writer.commit().unwrap().0, Digest::of(b"half of something"));
    assert_eq!(store.scratch().unwrap().keep(b"bytes").unwrap().to_vec().unwrap(), b"bytes");
    drop(store);
    assert_eq!(in_progress(directory.path()), 0);
}

#[test]
fn a_killed_process_leaves_the_store_as_it_was() {
    let (directory, store) = temporary();
    let digest = put(&store, b"kept");
    let mut writer = store.blobs().writer(None).unwrap();
    writer.write_all(&vec![7; 100_000]).unwrap();
    // A copy has all the files of a process in full swing, and none of its locks: just as if it had been killed.
    let killed = tempfile::tempdir().unwrap();
    copy(directory.path(), killed.path());
    assert_eq!(in_progress(killed.path()), 2);
    fs::create_dir(killed.path().join("v1/tmp/1-without-lock")).unwrap();
    let before = files(killed.path());
    let store = Store::open(killed.path()).unwrap();
    assert_eq!(in_progress(killed.path()), 2, "its own lock and directory");
    assert_eq!(files(killed.path()), before);
    assert_eq!(read(&store, &digest).unwrap(), b"kept");
}

#[test]
fn processes_do_not_disturb_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let contents: Vec<Vec<u8>> = (0..40_u8).map(|n| vec![n; 10_000]).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = Store::open(directory.path()).unwrap();
                for bytes in &contents {
                    let digest = put(&store, bytes);
                    assert_eq!(read(&store, &digest).as_ref(), Some(bytes));
                    let tree = Tree::from_iter([("file".into(), Node::file(bytes.clone()))]);
                    let digest = store.trees().put(&tree).unwrap();
                    assert!(store.trees().get(&digest).unwrap().is_some());
                    store.collect(0).unwrap();
                }
            });
        }
    });
    assert_eq!(files(directory.path()).len(), 3 * contents.len());
    assert_eq!(in_progress(directory.path()), 0);
}

#[test]
fn machine_code_that_is_not_as_it_was_put_is_not_given_out() {
    let (directory, store) = temporary();
    assert_eq!(store.compiled().get("key").unwrap(), None);
    let path = store.compiled().put("key", b"machine code").unwrap();
    assert_eq!(store.compiled().get("key").unwrap().as_ref(), Some(&path));
    assert_eq!(store.compiled().get("other").unwrap(), None);
    damage(&path);
    assert_eq!(store.compiled().get("key").unwrap(), None);
    store.compiled().put("key", b"machine code").unwrap();
    fs::write(&path, b"shorter").unwrap();
    assert_eq!(store.compiled().get("key").unwrap(), None);
    drop(directory);
}

#[cfg(unix)]
#[test]
fn machine_code_is_kept_where_only_its_owner_can_write() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (directory, store) = temporary();
    let path = store.compiled().put("key", b"machine code").unwrap();
    assert_eq!((mode(&path), mode(&directory.path().join("v1"))), (0o600, 0o700));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
    assert_eq!(store.compiled().get("key").unwrap(), None);
    fs::set_permissions(path.parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(store.compiled().get("key"), Err(StoreError::Exposed { .. })));
    assert!(matches!(store.compiled().put("key", b"x"), Err(StoreError::Exposed { .. })));
}

#[test]
fn layers_and_documents_come_back_as_they_were() {
    let (_directory, store) = temporary();
    let digest = Digest::of(b"x");
    let layer = LayerRecord {
        key: vec![("node".into(), "22.4.1".into()), ("arch".into(), "amd64".into())],
        launch: true,
        contents: Some(digest),
        packed: Some(Packed { diff_id: digest, digest, size: u64::MAX }),
        more: serde_json::json!({ "environment": ["a"] }),
        ..LayerRecord::default()
    };
    let layers = store.layers("shop", "wattle/node");
    layers.put("runtime", &layer).unwrap();
    layers.put("Runtime", &LayerRecord::default()).unwrap();
    layers.put("../escape", &LayerRecord::default()).unwrap();
    assert_eq!(layers.get("runtime").unwrap(), Some(layer));
    let names = || layers.list().unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(), ["../escape", "Runtime", "runtime"]);
    layers.remove("Runtime").unwrap();
    layers.remove("Runtime").unwrap();
    assert_eq!(names(), ["../escape", "runtime"]);
    assert_eq!(store.layers("shop", "wattle/other").list().unwrap(), []);
    assert_eq!(store.layers("shopwattle", "/node").list().unwrap(), []);

    let document = Document { digest, etag: Some("\"1\"".into()), last_modified: None, fetched_from: "here".into() };
    store.documents().put("npm:express", &document).unwrap();
    assert_eq!(store.documents().get("npm:express").unwrap(), Some(document));
    assert_eq!(store.documents().get("npm:other").unwrap(), None);
}

#[test]
fn p42_w8_a_record_that_makes_no_sense_is_as_if_it_were_not_there() {
    let (directory, store) = temporary();
    let layers = store.layers("shop", "wattle/node");
    layers.put("runtime", &LayerRecord::default()).unwrap();
    for nonsense in ["", "{", "[]", "{\"name\":\"other\",\"layer\":{}}"] {
        fs::write(&files(directory.path())[0], nonsense).unwrap();
        assert_eq!(layers.get("runtime").unwrap(), None, "{nonsense}");
    }
}

fn sample() -> Tree {
    let mut tree = Tree::new();
    tree.insert("bin/tool", Node::program("#!")).unwrap();
    tree.insert("bin/alias", Node::symlink("tool")).unwrap();
    tree.insert("copy", Node::file("#!")).unwrap();
    tree.insert("empty/file", Node::file("")).unwrap();
    tree.insert("nothing", Node::Directory(Tree::new())).unwrap();
    tree
}

fn pack(root: &Path, extension: &str) -> PathBuf {
    files(root).into_iter().find(|path| path.extension().is_some_and(|found| found == extension)).unwrap()
}

#[test]
fn keeps_trees_each_content_once() {
    let (directory, store) = temporary();
    let digest = store.trees().put(&sample()).unwrap();
    assert_eq!(store.trees().put(&sample()).unwrap(), digest);
    assert_eq!(fs::read(pack(directory.path(), "pack")).unwrap(), b"#!");
    let tree = store.trees().get(&digest).unwrap().unwrap();
    assert_eq!(
        tree.walk().map(|entry| entry.path).collect::<Vec<_>>(),
        ["bin", "bin/alias", "bin/tool", "copy", "empty", "empty/file", "nothing"]
    );
    let tool = tree.file("bin/tool").unwrap();
    assert!(tool.executable);
    assert_eq!(tool.blob.to_vec().unwrap(), b"#!");
    assert!(store.trees().get(&Digest::of(b"")).unwrap().is_none());
}

#[test]
fn a_damaged_tree_is_noticed_and_made_again() {
    let (directory, store) = temporary();
    let digest = store.trees().put(&sample()).unwrap();
    let again = || store.trees().put(&sample()).unwrap();

    damage(&pack(directory.path(), "pack"));
    let tree = store.trees().get(&digest).unwrap().unwrap();
    assert!(tree.file("copy").unwrap().blob.to_vec().is_err());
    assert!(store.trees().get(&digest).unwrap().is_none());
    again();
    let index = pack(directory.path(), "json");
    let text = fs::read_to_string(&index).unwrap();
    for (from, to) in [("bin/tool", "bin/toil"), ("true", "false"), ("\"offset\":0", "\"offset\":9"), ("}", "")] {
        fs::write(&index, text.replacen(from, to, 1)).unwrap();
        assert!(store.trees().get(&digest).unwrap().is_none(), "{from}");
        again();
    }
    fs::write(pack(directory.path(), "pack"), "#").unwrap();
    assert!(store.trees().get(&digest).unwrap().is_none());
    again();
    assert!(store.trees().get(&digest).unwrap().is_some());
}

#[test]
fn p143_remembers_what_a_tree_is_as_a_layer() {
    let (_directory, store) = temporary();
    let (trees, digest) = (store.trees(), Digest::of(b"tree"));
    let packed = Packed { diff_id: Digest::of(b"tar"), digest: Digest::of(b"gzip"), size: 4 };
    trees.set_packed(&digest, "layers/a/b", "1000:1000", &packed).unwrap();
    assert_eq!(trees.packed(&digest, "layers/a/b", "1000:1000").unwrap(), Some(packed));
    assert_eq!(trees.packed(&digest, "layers/a/b", "0:0").unwrap(), None);
    assert_eq!(trees.packed(&digest, "layers/a", "1000:1000").unwrap(), None);
}

#[test]
fn removes_what_was_not_used_for_the_longest_time() {
    let (directory, store) = temporary();
    let digests = [1_u8, 2, 3, 4].map(|n| put(&store, &[n; 1000]));
    let age = |digest: &Digest, hours: u64| {
        let path = files(directory.path()).into_iter().find(|path| path.ends_with(digest.hex())).unwrap();
        let time = SystemTime::now() - Duration::from_hours(hours);
        File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    };
    age(&digests[0], 3);
    age(&digests[1], 9);
    age(&digests[2], 6);
    assert_eq!(store.size().unwrap(), 4000);
    let collect = |budget| {
        let Collected { removed, kept, in_use } = store.collect(budget).unwrap();
        [removed.get(&Kind::Blobs).copied().unwrap_or(0), kept[&Kind::Blobs], in_use]
    };
    assert_eq!(collect(4000), [0, 4000, 1000]);
    assert_eq!(collect(3500), [1000, 3000, 1000]);
    assert_eq!(read(&store, &digests[1]), None);
    assert!(read(&store, &digests[2]).is_some(), "now in use");
    assert_eq!(collect(0), [1000, 2000, 2000]);
    assert_eq!(read(&store, &digests[0]), None);
    assert!(read(&store, &digests[2]).is_some() && read(&store, &digests[3]).is_some());
}

#[test]
fn leaves_alone_what_another_live_process_has_used() {
    let (directory, other) = temporary();
    let digest = put(&other, b"used by the other");
    // The other one has been at it for two days.
    let day = Duration::from_hours(24);
    let locks = fs::read_dir(directory.path().join("v1/tmp")).unwrap().map(|entry| entry.unwrap().path());
    for lock in locks.filter(|path| path.extension().is_some()) {
        File::options().write(true).open(lock).unwrap().set_modified(SystemTime::now() - 2 * day).unwrap();
    }
    let blob = File::options().write(true).open(&files(directory.path())[0]).unwrap();
    blob.set_modified(SystemTime::now() - day).unwrap();
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(store.collect(0).unwrap().removed, BTreeMap::new());
    drop(other);
    assert_eq!(store.collect(0).unwrap().kept, BTreeMap::new());
    assert_eq!(read(&store, &digest), None);
}

#[test]
fn says_which_path_stands_in_the_way() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("file");
    fs::write(&root, "").unwrap();
    let error = Store::open(&root).unwrap_err().to_string().replace('\\', "/");
    assert!(error.starts_with("could not make the directory `") && error.ends_with("file/v1`"), "{error}");
}

#[test]
fn a_full_disk_is_named_as_such() {
    let error = failed("write", Path::new("store/blob"))(std::io::ErrorKind::StorageFull.into());
    insta::assert_snapshot!(error, @"there is no space left to write `store/blob`: free some, or delete the store, which holds nothing that cannot be made again");
    assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::StorageFull);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_comes_back(
        files in prop::collection::btree_map("[a-c]{1,2}(/[a-c]{1,2}){0,3}", (prop::collection::vec(any::<u8>(), 0..9), any::<bool>()), 0..20),
    ) {
        let (_directory, store) = temporary();
        let mut tree = Tree::new();
        let mut kept = BTreeMap::new();
        for (path, (contents, executable)) in files {
            let file = if executable { Node::program(contents.clone()) } else { Node::file(contents.clone()) };
            if tree.insert(&path, file).is_ok() {
                kept.insert(path, contents);
            }
        }
        let digest = store.trees().put(&tree).unwrap();
        let back = store.trees().get(&digest).unwrap().unwrap();
        prop_assert_eq!(back.digest().unwrap(), digest);
        for (path, contents) in kept {
            prop_assert_eq!(back.file(&path).unwrap().blob.to_vec().unwrap(), contents);
        }
    }
}
