//! A directory of our own, where files can be written at all: the root file system of a container is often not such a place.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process;
use wattle_trust::{BUNDLE_NAME, Certificates, DIRECTORY_NAME};

/// Directories that are tried in one place: those of earlier starts of the same container may be there.
const TRIES: u32 = 1000;

/// Writes certificates to a new directory in the first of these places where that works: the directory.
pub(crate) fn write(places: &[PathBuf], certificates: &Certificates, bundle: &str) -> Result<PathBuf, String> {
    let mut failures = Vec::new();
    for place in places {
        match in_place(place, certificates, bundle) {
            Ok(directory) => return Ok(directory),
            Err(error) => failures.push(format!("`{}`: {error}", place.display())),
        }
    }
    Err(format!(
        "the bound certificates cannot be written anywhere, which programs need to find them ({}): \
         mount a tmpfs at `/tmp`, or have `TMPDIR` name a directory that can be written",
        failures.join("; ")
    ))
}

fn in_place(place: &Path, certificates: &Certificates, bundle: &str) -> io::Result<PathBuf> {
    let directory = fresh(place)?;
    let written = fill(&directory, certificates, bundle);
    if written.is_err() {
        // An error means that it stays; there is nothing that could be done about it.
        let _ = fs::remove_dir_all(&directory);
    }
    written.map(|()| directory)
}

fn fill(directory: &Path, certificates: &Certificates, bundle: &str) -> io::Result<()> {
    let hashed = directory.join(DIRECTORY_NAME);
    fs::create_dir(&hashed)?;
    for (name, pem) in certificates.files() {
        fs::write(hashed.join(name), pem)?;
    }
    fs::write(directory.join(BUNDLE_NAME), bundle)
}

/// A directory that was not there: nobody else has put anything into it.
fn fresh(place: &Path) -> io::Result<PathBuf> {
    let path = |number| place.join(format!("ca-certificates-{}-{number}", process::id()));
    for number in 0..TRIES {
        match fs::create_dir(path(number)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made.map(|()| path(number)),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of these places, of which `[tmp]` can be written.
    fn check(places: &[&str], bundle: &str) -> String {
        let tmp = tempfile::tempdir().unwrap();
        let path = |place: &&str| if *place == "[tmp]" { tmp.path().to_owned() } else { PathBuf::from(place) };
        let places: Vec<PathBuf> = places.iter().map(path).collect();
        match write(&places, &Certificates::new(), bundle) {
            Err(error) => error,
            Ok(directory) => {
                assert_eq!(fs::read_to_string(directory.join(BUNDLE_NAME)).unwrap(), bundle);
                let made = directory.strip_prefix(tmp.path()).unwrap().to_string_lossy().into_owned();
                made.replace(&process::id().to_string(), "[id]")
            }
        }
    }

    #[test]
    fn the_first_place_that_works_counts() {
        insta::assert_snapshot!(check(&["/missing", "/proc", "[tmp]", "/tmp"], "x"), @"ca-certificates-[id]-0");
    }

    #[test]
    fn where_nothing_can_be_written_the_error_says_so() {
        insta::assert_snapshot!(check(&["/missing", "/etc/passwd"], "x"), @"the bound certificates cannot be written anywhere, which programs need to find them (`/missing`: No such file or directory (os error 2); `/etc/passwd`: Not a directory (os error 20)): mount a tmpfs at `/tmp`, or have `TMPDIR` name a directory that can be written");
    }
}
