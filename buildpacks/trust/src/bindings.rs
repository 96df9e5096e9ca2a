//! Reading service bindings (Service Binding specification, "Workload Projection").

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use wattle_trust::{BINDING, Certificates};

/// The certificates of all bindings of our type below a directory. Says what it found.
pub(crate) fn certificates(root: &Path) -> Result<Certificates, String> {
    let mut certificates = Certificates::new();
    for binding in entries(root)? {
        if !is_ours(&binding) {
            continue;
        }
        let before = certificates.len();
        for entry in entries(&binding)? {
            if !is_named(&entry, &["type", "provider"]) && !entry.is_dir() {
                add(&mut certificates, &entry)?;
            }
        }
        let name = binding.file_name().unwrap_or_default().display();
        match certificates.len() - before {
            0 => eprintln!("warning: the binding `{name}` adds no certificate"),
            1 => eprintln!("ca-certificates: found 1 certificate in the binding `{name}`"),
            count => eprintln!("ca-certificates: found {count} certificates in the binding `{name}`"),
        }
    }
    Ok(certificates)
}

/// What is in a directory, sorted; nothing if there is no such directory. Names that begin with a dot are how platforms
/// exchange all entries at once.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: io::Error| format!("could not read `{}`: {error}", directory.display());
    let list = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        list => list.map_err(failed)?,
    };
    let paths: io::Result<Vec<PathBuf>> = list.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(failed)?;
    let is_hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    paths.retain(|path| !is_hidden(path));
    paths.sort();
    Ok(paths)
}

fn is_named(path: &Path, names: &[&str]) -> bool {
    path.file_name().is_some_and(|name| names.iter().any(|other| name == *other))
}

/// Whether a binding is of our type. What somebody else cannot read may be for somebody else.
fn is_ours(binding: &Path) -> bool {
    let file = binding.join("type");
    match fs::read_to_string(&file) {
        Ok(kind) => kind.trim().eq_ignore_ascii_case(BINDING),
        Err(error) => {
            if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
                eprintln!("warning: `{}` cannot be read, and so its binding is left out: {error}", file.display());
            }
            false
        }
    }
}

fn add(certificates: &mut Certificates, entry: &Path) -> Result<(), String> {
    let file = entry.display();
    let pem = fs::read(entry).map_err(|error| format!("could not read `{file}`: {error}"))?;
    certificates.add(&pem).map_err(|error| format!("`{file}` {error}"))?;
    Ok(())
}
