//! Images in directories.

use crate::images::{at, bytes, explain, image, read, transport, wait, write};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wattle_transport::Outcome::{Present, Sent};

struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(TempDir::new().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("out")
    }

    fn at(&self, pick: &str) -> String {
        format!("oci:{}{pick}", self.path().display())
    }

    /// An error without what differs from run to run.
    fn error(&self, error: &wattle_transport::TransportError) -> String {
        explain(error).replace(&self.0.path().display().to_string(), "DIR")
    }
}

/// Everything in a directory that is no blob, and how many blobs there are.
fn listing(directory: &Path) -> String {
    let names = |path: &Path| {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries.collect();
        names.sort();
        names
    };
    format!("{} {}", names(directory).join(" "), names(&directory.join("blobs/sha256")).len())
}

#[test]
fn tags_come_and_go_and_blobs_stay() {
    let place = Place::new();
    let (one, two) = (image(&[bytes("a", 100)]), image(&[bytes("a", 100), bytes("b", 100)]));
    assert_eq!(write(&one, None, &place.at("")).unwrap().1, [Sent]);
    assert_eq!(listing(&place.path()), "blobs index.json oci-layout 3");
    let written = write(&two, None, &place.at(":v2")).unwrap();
    assert_eq!((written.1, written.0.reference), (vec![Present, Sent], place.at(&format!("@{}", two.digest()))));
    assert_eq!(read(&place.at("")).unwrap().digest, one.digest());
    assert_eq!(read(&place.at(":v2")).unwrap().digest, two.digest());
    assert_eq!(read(&place.at(&format!("@{}", one.digest()))).unwrap().digest, one.digest());

    write(&two, None, &place.at("")).unwrap();
    assert_eq!(read(&place.at(":latest")).unwrap().digest, two.digest(), "the same tag is replaced");
    assert_eq!(listing(&place.path()), "blobs index.json oci-layout 6");
    let index = fs::read_to_string(place.path().join("index.json")).unwrap();
    assert_eq!(index.matches("org.opencontainers.image.ref.name").count(), 2);
}

#[test]
fn p131_the_layers_that_are_there_can_be_read() {
    let place = Place::new();
    let image = image(&[bytes("a", 300_000), bytes("b", 5)]);
    write(&image, None, &place.at("")).unwrap();
    let lacking = image.layers()[1].descriptor.digest;
    fs::remove_file(place.path().join("blobs/sha256").join(lacking.hex())).unwrap();
    let source = read(&place.at("")).unwrap();
    let [first, second] = source.image.layers() else { panic!("two layers") };
    assert!(first.blob.as_ref().unwrap().to_vec().unwrap() == bytes("a", 300_000).to_vec().unwrap());
    assert!(second.blob.is_none(), "a layout may lack layers");
}

#[test]
fn damage_is_found_before_the_first_byte_is_used() {
    let place = Place::new();
    let image = image(&[bytes("a", 100)]);
    write(&image, None, &place.at("")).unwrap();
    let blob = |digest: wattle_oci::Digest| place.path().join("blobs/sha256").join(digest.hex());
    let layer = image.layers()[0].descriptor.digest;
    fs::write(blob(layer), bytes("b", 100).to_vec().unwrap()).unwrap();
    let source = read(&place.at("")).unwrap();
    let error = source.image.layers()[0].blob.as_ref().unwrap().read_at(&mut [0], 0).unwrap_err();
    assert!(error.to_string().contains("are not it"), "{error}");
    let other = format!("oci:{}", place.0.path().join("other").display());
    let error = write(&image, Some(&source), &other).unwrap_err();
    assert!(place.error(&error).starts_with("Damaged: a blob of the layout"), "{}", place.error(&error));
    assert!(!place.0.path().join("other").exists());

    fs::write(blob(image.digest()), "{}").unwrap();
    assert!(place.error(&read(&place.at("")).unwrap_err()).starts_with("Damaged: a blob of the layout"));
}

#[test]
fn says_what_there_is_instead() {
    let place = Place::new();
    let check = |from: &str| place.error(&read(&place.at(from)).unwrap_err());
    insta::assert_snapshot!(check(""), @r"
    NotFound: there is no directory `DIR/out`
    write an image there first, as with `--output oci:DIR/out`
    ");
    fs::create_dir(place.path()).unwrap();
    insta::assert_snapshot!(check(""), @r"
    NotFound: `DIR/out` is not an OCI image layout: it has no `oci-layout`
    name the directory of an image, as `wattle build --output oci:DIR` makes one
    ");
    write(&image(&[]), None, &place.at(":one")).unwrap();
    assert_eq!(read(&place.at("")).unwrap().digest, image(&[]).digest(), "the only one");
    insta::assert_snapshot!(check(":three"), @r"
    NotFound: the layout `DIR/out` has no image `three`; there are `one`
    name one of them, as in `oci:DIR/out:one`
    ");
    write(&image(&[bytes("a", 1)]), None, &place.at(":two")).unwrap();
    insta::assert_snapshot!(check(""), @r"
    NotFound: the layout `DIR/out` has several images, none of them called `latest`; there are `one`, `two`
    name one of them, as in `oci:DIR/out:one`
    ");
}

#[test]
fn nothing_of_anybody_else_is_touched() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    fs::write(place.path().join("letter.txt"), "dear").unwrap();
    insta::assert_snapshot!(place.error(&write(&image(&[]), None, &place.at("")).unwrap_err()), @r"
    NotFound: `DIR/out` is not an OCI image layout: it has no `oci-layout`
    name another directory: nothing was changed in this one
    ");
    fs::remove_dir_all(place.path()).unwrap();
    fs::write(place.path(), "a file").unwrap();
    insta::assert_snapshot!(place.error(&write(&image(&[]), None, &place.at("")).unwrap_err()), @r"
    NotFound: `DIR/out` is not an OCI image layout: it is not a directory
    name another directory: nothing was changed in this one
    ");
    let error = write(&image(&[]), None, &place.at("/below")).unwrap_err();
    assert!(place.error(&error).contains("it is not a directory"), "{}", place.error(&error));
}

/// Rings at the first sign of progress.
struct Bell(tokio::sync::Notify);

impl wattle_transport::Progress for Bell {
    fn advanced(&self, _: &wattle_oci::Descriptor, _: u64) {
        self.0.notify_one();
    }
}

#[test]
fn a_dropped_write_leaves_nothing() {
    let place = Place::new();
    let image = image(&[bytes("a", 5 << 20), bytes("b", 5 << 20)]);
    let (transport, to) = (transport(), at(&place.at("")));
    let bell = Bell(tokio::sync::Notify::new());
    wait(async {
        tokio::select! {
            biased;
            () = bell.0.notified() => {}
            _ = transport.write(&image, None, &to, &bell) => panic!("ended too early"),
        }
    });
    assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 0);
}
