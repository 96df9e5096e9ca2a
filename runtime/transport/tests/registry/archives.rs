//! Layouts in archives.

#![expect(clippy::disallowed_methods, reason = "archives are made by the program that people make them with")]

use crate::images::{bytes, explain, image, read, write};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A layout with an image of one layer, and the archives that are made of it.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        let place = Place(TempDir::new().unwrap());
        write(&image(&[bytes("a", 100)]), None, &format!("oci:{}", place.path("layout"))).unwrap();
        place
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// An archive made by `tar` with these options, of what is in the layout.
    fn archive(&self, options: &[&str]) -> String {
        let file = self.path("x.cnb");
        let made = Command::new("tar").args(options).args(["-f", &file, "-C", &self.path("layout"), "."]).status();
        assert!(made.unwrap().success());
        file
    }

    fn check(&self, file: &str) -> String {
        match read(&format!("oci-archive:{file}")) {
            Ok(source) => {
                assert_eq!(source.digest, image(&[bytes("a", 100)]).digest());
                match &source.image.layers()[0].blob {
                    Some(blob) => format!("{:?}", blob.to_vec().map(|bytes| bytes.len()).map_err(|e| e.kind())),
                    None => "without layers".to_owned(),
                }
            }
            Err(error) => explain(&error).replace(&self.path(""), "DIR/"),
        }
    }
}

fn edit(file: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).unwrap();
    change(&mut bytes);
    fs::write(file, bytes).unwrap();
}

#[test]
fn d1_archives_are_read_plain_and_compressed() {
    let place = Place::new();
    assert_eq!(place.check(&place.archive(&["-c"])), "Ok(100)");
    assert_eq!(place.check(&place.archive(&["-c", "--format=pax"])), "Ok(100)");
    assert_eq!(place.check(&place.archive(&["-cz"])), "without layers");
    let tagged = read(&format!("oci-archive:{}:other", place.archive(&["-c"]))).unwrap_err();
    insta::assert_snapshot!(explain(&tagged).replace(&place.path(""), "DIR/"), @r"
    NotFound: the layout `DIR/x.cnb` has no image `other`; there are `latest`
    name one of them, as in `oci-archive:DIR/x.cnb:latest`
    ");
}

#[test]
fn d1_what_is_no_archive_of_a_layout_is_refused() {
    let place = Place::new();
    insta::assert_snapshot!(place.check("/nowhere.cnb"), @"NotFound: there is no file `/nowhere.cnb`");
    let file = place.archive(&["-c"]);
    edit(&file, |bytes| bytes.truncate(3000));
    assert!(place.check(&file).starts_with("NotFound: `DIR/x.cnb` is not an archive of an OCI image layout: "));
    edit(&file, |bytes| *bytes = b"# no archive".to_vec());
    assert!(place.check(&file).starts_with("NotFound: `DIR/x.cnb` is not an archive of an OCI image layout: "));
    edit(&file, |bytes| *bytes = vec![0x1f, 0x8b, 8, 0]);
    assert!(place.check(&file).starts_with("NotFound: `DIR/x.cnb` is not an archive of an OCI image layout: "));
    fs::remove_file(Path::new(&place.path("layout")).join("oci-layout")).unwrap();
    insta::assert_snapshot!(place.check(&place.archive(&["-c"])), @"
    NotFound: `DIR/x.cnb` is not an archive of an OCI image layout: it has no `oci-layout`
    name a buildpackage, `FILE.cnb`, or an image that was saved as an OCI archive, in a tar that may be compressed with gzip
    ");
}

#[test]
fn of_two_files_of_one_name_neither_is_taken() {
    let place = Place::new();
    let file = place.archive(&["-c"]);
    let more = Command::new("tar").args(["-rf", &file, "-C", &place.path("layout"), "index.json"]).status();
    assert!(more.unwrap().success());
    assert!(place.check(&file).contains("it has `index.json` twice"), "{}", place.check(&file));
}

#[test]
fn damage_in_an_archive_is_found() {
    let place = Place::new();
    let layer = image(&[bytes("a", 100)]).layers()[0].descriptor.digest;
    let blob = Path::new(&place.path("layout")).join("blobs/sha256").join(layer.hex());
    fs::write(&blob, bytes("b", 100).to_vec().unwrap()).unwrap();
    assert_eq!(place.check(&place.archive(&["-c"])), "Err(InvalidData)");
}

#[test]
fn archives_are_not_written() {
    let place = Place::new();
    let error = write(&image(&[]), None, &format!("oci-archive:{}", place.path("y.tar"))).unwrap_err();
    insta::assert_snapshot!(explain(&error).replace(&place.path(""), "DIR/"), @r"
    Other: `oci-archive:DIR/y.tar` can be read, but not written: images go to a directory or a registry
    write to a directory, `oci:DIR`, and make an archive of it: `tar -cf FILE -C DIR .`
    ");
}
