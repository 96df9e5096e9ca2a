//! Packages and indexes for tests, made by code.

use crate::{Index, Package, Unpacked};
use std::io::Write;
use wattle_tree::archive::{Compression, Limits};
use wattle_tree::{Digest, Scratch};

/// The entry of a package in an index.
pub(crate) fn index_entry(name: &str, version: &str, architecture: &str, deb: &[u8]) -> String {
    format!(
        "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nDepends: libc6 (>= 2.36)\n\
         Filename: pool/{name}_{architecture}.deb\nSize: {}\nSHA256: {}\nDescription: for tests\n of two lines\n",
        deb.len(),
        Digest::of(deb).hex()
    )
}

pub(crate) fn compressed(bytes: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        Compression::Xz => {
            let options = lzma_rust2::XzOptions::with_preset(1);
            let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        Compression::Zstd => zstd::encode_all(bytes, 1).unwrap(),
    }
}

/// A tar as packages have them. A name that ends in `/` is a directory, one with ` -> ` a link, one with `*` in front a
/// setuid program.
pub(crate) fn tape(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, contents) in entries {
        let mut header = tar::Header::new_gnu();
        let (name, program) = name.strip_prefix('*').map_or((*name, false), |name| (name, true));
        let (name, target) = name.split_once(" -> ").map_or((name, None), |(name, target)| (name, Some(target)));
        header.set_mode(if program {
            0o4755
        } else if name.ends_with('/') {
            0o755
        } else {
            0o644
        });
        header.set_size(contents.len() as u64);
        header.set_entry_type(match target {
            Some(_) => tar::EntryType::Symlink,
            None if name.ends_with('/') => tar::EntryType::Directory,
            None => tar::EntryType::Regular,
        });
        // By hand, because the library refuses names that lead out.
        header.as_old_mut().name[..name.len() + 2].copy_from_slice(format!("./{name}").as_bytes());
        if let Some(target) = target {
            header.set_link_name_literal(target).unwrap();
        }
        header.set_cksum();
        builder.append(&header, contents.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// An `ar` archive.
pub(crate) fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, contents) in members {
        writeln!(bytes, "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`", 0, 0, 0, 100_644, contents.len()).unwrap();
        bytes.extend_from_slice(contents);
        bytes.resize(bytes.len().next_multiple_of(2), b'\n');
    }
    bytes
}

pub(crate) fn control(name: &str) -> String {
    format!("Package: {name}\nVersion: 1.0-1\nArchitecture: amd64\nDescription: for tests\n")
}

/// A package of these files, as xz.
pub(crate) fn deb(name: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let control = compressed(&tape(&[("control", &control(name))]), Compression::Xz);
    let data = compressed(&tape(files), Compression::Xz);
    ar(&[("debian-binary", b"2.0\n"), ("control.tar.xz", &control), ("data.tar.xz", &data)])
}

/// What an index says about a package of these bytes.
pub(crate) fn package(name: &str, deb: &[u8]) -> Package {
    Package::parse(&"debian".into(), &index_entry(name, "1.0-1", "amd64", deb)).unwrap()
}

/// An index of this text.
pub(crate) fn index(archive: &str, text: &str) -> Index {
    Index::read(archive, &text.as_bytes().to_vec().into()).unwrap()
}

pub(crate) fn scratch() -> Scratch {
    Scratch::new(tempfile::tempfile().unwrap())
}

pub(crate) fn unpacked(name: &str, files: &[(&str, &str)]) -> Unpacked {
    let deb = deb(name, files);
    crate::unpack(&package(name, &deb), &deb.into(), &scratch(), Limits::default()).unwrap()
}

/// An error and what caused it, each after a colon.
pub(crate) fn reasons(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", reasons(source)),
        None => error.to_string(),
    }
}

/// One line of a listing.
pub(crate) fn line(entry: &wattle_tree::Entry<'_>) -> String {
    use wattle_tree::Node;
    let path = &entry.path;
    match entry.node {
        Node::Directory(_) => format!("{path}/\n"),
        Node::File(file) if file.executable => format!("{path} * {}\n", file.blob.len()),
        Node::File(file) => format!("{path} {}\n", file.blob.len()),
        Node::Symlink(target) => format!("{path} -> {target}\n"),
    }
}
