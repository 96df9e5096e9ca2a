//! Service bindings: directories of files that say how to reach a service (servicebinding.io, "Application Projection").

use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use wattle_sandbox::Binding;
use wattle_tree::{Node, Tree};

/// Most bytes that a binding may have: what Kubernetes keeps in one secret.
const MAX_LEN: u64 = 1 << 20;
/// Most files that a binding may have.
const MAX_FILES: usize = 1000;

/// Reads the binding in `directory`.
///
/// # Errors
/// If it is none, or a link leads out of it. What stands in its files is not shown: it is secret.
pub(super) fn read(name: &str, directory: &Path) -> Result<Binding> {
    let shown = directory.display();
    let failed = || format!("the binding `{name}` in `{shown}` cannot be read");
    let root = directory.canonicalize().with_context(failed)?;
    let (mut entries, mut left) = (Tree::new(), MAX_LEN);
    let mut texts = BTreeMap::new();
    for entry in fs::read_dir(&root).with_context(failed)? {
        let Ok(file) = entry.with_context(failed)?.file_name().into_string() else { continue };
        // Where Kubernetes keeps what the files of a projection are links to.
        if file.starts_with("..") {
            continue;
        }
        let path = root.join(&file).canonicalize().with_context(|| format!("{}: `{file}`", failed()))?;
        if !path.starts_with(&root) {
            bail!("`{file}` of the binding `{name}` in `{shown}` leads out of it: copy what it leads to");
        }
        let metadata = fs::metadata(&path).with_context(failed)?;
        if !metadata.is_file() {
            continue;
        }
        let len = metadata.len();
        if len > left || texts.len() == MAX_FILES {
            bail!("the binding `{name}` in `{shown}` has more than 1 MiB or {MAX_FILES} files");
        }
        left -= len;
        let bytes = fs::read(&path).with_context(failed)?;
        entries.insert(&file, Node::file(bytes.clone())).with_context(failed)?;
        texts.insert(file, bytes);
    }
    let text = |name| texts.get(name).map(|text| String::from_utf8_lossy(text).trim().to_owned());
    match text("type").as_deref() {
        None => bail!(
            "`{shown}` is no service binding: it has no file `type`, which says what it is for, such as `postgresql`"
        ),
        Some("") => {
            bail!("the file `type` of the binding `{name}` in `{shown}` is empty: it says what the binding is for")
        }
        Some(kind) => Ok(Binding { name: name.to_owned(), kind: kind.to_owned(), provider: text("provider"), entries }),
    }
}

/// The directories in `root` that are bindings, by name.
pub(super) fn in_root(root: &Path) -> Result<Vec<(String, std::path::PathBuf)>> {
    let failed = || format!("`SERVICE_BINDING_ROOT` names `{}`, which cannot be read", root.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(root).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        if let Ok(name) = entry.file_name().into_string()
            && !name.starts_with("..")
            && entry.path().join("type").is_file()
        {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// `NAME=DIR`.
pub(super) fn named(text: &str) -> Result<(&str, &Path)> {
    match text.split_once('=') {
        Some((name, directory)) if !name.is_empty() && !directory.is_empty() => Ok((name, Path::new(directory))),
        _ => bail!("`--binding {text}` has no name or no directory: write `--binding NAME=DIR`"),
    }
}

/// Checks that a name can be that of a directory below the bindings.
pub(super) fn check_name(name: &str) -> Result<()> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if name.is_empty() || name.starts_with('.') || name.len() > 253 || !name.bytes().all(good) {
        bail!("`{name}` cannot be the name of a binding: it has letters, digits, `-`, `_` and `.`, not first");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(files: &[(&str, &str)]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        place
    }

    fn check(place: &tempfile::TempDir) -> String {
        match read("db", &place.path().join("db")) {
            Ok(binding) => {
                let entries = binding.entries.walk().map(|entry| match entry.node {
                    Node::File(file) => {
                        format!("{}={:?}", entry.path, String::from_utf8(file.blob.to_vec().unwrap()).unwrap())
                    }
                    _ => entry.path,
                });
                let entries = entries.collect::<Vec<_>>().join(" ");
                format!("{} {} {:?}: {entries}", binding.name, binding.kind, binding.provider)
            }
            Err(error) => format!("{error:#}").replace(place.path().to_str().unwrap(), "[here]"),
        }
    }

    #[test]
    fn j8_a_binding_is_a_directory_with_a_type() {
        let whole =
            [("db/type", "postgresql\n"), ("db/provider", "acme"), ("db/password", "s3cret"), ("db/deep/x", "")];
        insta::assert_snapshot!(check(&place(&whole)), @r#"db postgresql Some("acme"): password="s3cret" provider="acme" type="postgresql\n""#);
        insta::assert_snapshot!(check(&place(&[("db/password", "s3cret")])), @"`[here]/db` is no service binding: it has no file `type`, which says what it is for, such as `postgresql`");
        insta::assert_snapshot!(check(&place(&[("db/type", " \n")])), @"the file `type` of the binding `db` in `[here]/db` is empty: it says what the binding is for");
        insta::assert_snapshot!(check(&place(&[("db", "a file")])), @"the binding `db` in `[here]/db` cannot be read: Not a directory (os error 20)");
        insta::assert_snapshot!(check(&place(&[])), @"the binding `db` in `[here]/db` cannot be read: No such file or directory (os error 2)");
        let large = "x".repeat(1 << 20);
        insta::assert_snapshot!(check(&place(&[("db/type", "x"), ("db/large", &large)])), @"the binding `db` in `[here]/db` has more than 1 MiB or 1000 files");
    }

    #[cfg(unix)]
    #[test]
    fn j8_the_links_of_a_kubernetes_projection_are_followed_and_no_others() {
        use std::os::unix::fs::symlink;
        let projected = place(&[("db/..2026/type", "redis"), ("db/..2026/url", "s3cret"), ("outside", "x")]);
        let link = |to: &str, at: &str| symlink(to, projected.path().join(at)).unwrap();
        link("..2026", "db/..data");
        link("..data/type", "db/type");
        link("..data/url", "db/url");
        insta::assert_snapshot!(check(&projected), @r#"db redis None: type="redis" url="s3cret""#);
        link("../outside", "db/outside");
        insta::assert_snapshot!(check(&projected), @"`outside` of the binding `db` in `[here]/db` leads out of it: copy what it leads to");
        let found = in_root(projected.path()).unwrap();
        assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["db"]);
    }

    #[test]
    fn names_are_those_of_directories() {
        assert!(["db", "my-db.1", "a_b"].iter().all(|name| check_name(name).is_ok()));
        assert!(["", ".", "..", ".db", "a/b", "a b", "ä"].iter().all(|name| check_name(name).is_err()));
        assert!(["db", "=x", "db="].iter().all(|text| named(text).is_err()));
        assert_eq!(named("db=a=b").unwrap(), ("db", Path::new("a=b")));
    }
}
