//! Packages of Debian's format, made by code (deb(5)).

use flate2::Compression;
use flate2::write::GzEncoder;
use std::fmt::Write as _;
use std::io::Write as _;

/// A package with next to nothing in it.
#[derive(Debug, Clone)]
pub struct Deb {
    pub(crate) name: String,
    version: String,
    architecture: String,
    fields: String,
    files: Vec<(String, u32, String)>,
}

impl Deb {
    /// Version 1.0 of a package without files, for `amd64`.
    pub fn new(name: &str) -> Deb {
        let [name, version, architecture] = [name, "1.0", "amd64"].map(str::to_owned);
        Deb { name, version, architecture, fields: String::new(), files: Vec::new() }
    }

    /// Another version.
    #[must_use]
    pub fn version(self, version: &str) -> Deb {
        Deb { version: version.to_owned(), ..self }
    }

    /// For other machines.
    #[must_use]
    pub fn architecture(self, architecture: &str) -> Deb {
        Deb { architecture: architecture.to_owned(), ..self }
    }

    /// A field of its control file, such as `Depends`.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Deb {
        let _ = writeln!(self.fields, "{name}: {value}");
        self
    }

    /// A file, its permissions and its text. A path that ends in `/` is a directory.
    #[must_use]
    pub fn file(mut self, path: &str, mode: u32, text: &str) -> Deb {
        self.files.push((path.to_owned(), mode, text.to_owned()));
        self
    }

    /// What its control file and an index say of it.
    pub(crate) fn control(&self) -> String {
        let Deb { name, version, architecture, fields, .. } = self;
        format!(
            "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: Nobody\n\
             {fields}Description: for tests\n"
        )
    }

    /// Where an archive has it.
    pub(crate) fn path(&self) -> String {
        format!("pool/{}_{}_{}.deb", self.name, self.version, self.architecture)
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let control = tar(&[("control".to_owned(), 0o644, self.control())]);
        ar(&[("debian-binary", b"2.0\n"), ("control.tar.gz", &control), ("data.tar.gz", &tar(&self.files))])
    }
}

fn tar(files: &[(String, u32, String)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, mode, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(*mode);
        header.set_size(text.len() as u64);
        let is_directory = path.ends_with('/');
        header.set_entry_type(if is_directory { tar::EntryType::Directory } else { tar::EntryType::Regular });
        builder.append_data(&mut header, format!("./{path}"), text.as_bytes()).expect("memory can be written");
    }
    let compressed = builder.into_inner().and_then(GzEncoder::finish);
    compressed.expect("memory can be written")
}

/// An `ar` archive.
fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, contents) in members {
        let size = contents.len();
        writeln!(bytes, "{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`", 0, 0, 0, 100_644).expect("memory can be written");
        bytes.extend_from_slice(contents);
        bytes.resize(bytes.len().next_multiple_of(2), b'\n');
    }
    bytes
}
