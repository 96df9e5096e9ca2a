//! What packages of npm say of themselves.

use crate::component::Component;
use crate::license::License;
use crate::purl::Purl;
use serde::Deserialize;
use serde_json::Value;
use wattle_tree::{Node, Tree};

/// Longest `package.json` that is read, in bytes: it says nothing that takes more.
const LONGEST: u64 = 4 << 20;
/// How deep packages may be bundled in one another.
const DEEPEST: usize = 16;

/// The part of a `package.json` that is of interest. Each field is taken as it comes: npm is not strict.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    name: Value,
    #[serde(default)]
    version: Value,
    #[serde(default)]
    license: Value,
    #[serde(default)]
    licenses: Value,
}

/// Adds what the `package.json` at the root of `contents` says of `component`, which came with them: its licence, and name
/// and version if nothing better says them.
pub fn described(component: Component, contents: &Tree) -> Component {
    let Some(manifest) = Manifest::of(contents) else { return component };
    let Some(mut own) = manifest.component() else { return component };
    let known = component.purl.as_ref().is_some_and(|purl| purl.as_str().starts_with("pkg:npm/"));
    if known {
        return Component { licenses: own.licenses, ..component };
    }
    own.merge(Component { purl: None, ..component });
    own
}

/// The packages that are bundled in `contents`, in any `node_modules` there, and that are `left` of them in the end.
pub fn bundled(contents: &Tree, left: &Tree) -> Vec<Component> {
    let mut found = Vec::new();
    collect(contents, left, DEEPEST, &mut found);
    found
}

/// The directories that are in both trees.
fn directories<'a>(one: &'a Tree, other: &'a Tree) -> impl Iterator<Item = (&'a str, &'a Tree, &'a Tree)> {
    one.entries().filter_map(|(name, node)| match node {
        Node::Directory(directory) => Some((&**name, directory, other.directory(name)?)),
        Node::File(_) | Node::Symlink(_) => None,
    })
}

fn collect(contents: &Tree, left: &Tree, depth: usize, found: &mut Vec<Component>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for (name, directory, left) in directories(contents, left) {
        if name == "node_modules" {
            packages(directory, left, depth, found);
        } else {
            collect(directory, left, depth, found);
        }
    }
}

/// What is right in a `node_modules`, and in the directories of scopes there.
fn packages(modules: &Tree, left: &Tree, depth: usize, found: &mut Vec<Component>) {
    for (name, package, left) in directories(modules, left) {
        if name.starts_with('@') {
            packages(package, left, depth, found);
        } else {
            found.extend(Manifest::of(package).as_ref().and_then(Manifest::component));
            collect(package, left, depth, found);
        }
    }
}

impl Manifest {
    fn of(package: &Tree) -> Option<Manifest> {
        let file = package.file("package.json").filter(|file| file.blob.len() <= LONGEST)?;
        serde_json::from_slice(&file.blob.to_vec().ok()?).ok()
    }

    fn component(&self) -> Option<Component> {
        let (name, version) = (self.name.as_str()?, self.version.as_str()?);
        if name.is_empty() || version.is_empty() {
            return None;
        }
        let purl = Some(Purl::npm(name, version));
        let (name, version, licenses) = (name.to_owned(), version.to_owned(), self.licenses());
        Some(Component { name, version, purl, licenses, ..Component::default() })
    }

    /// The field `license`, or what packages had before there was one: an object, or in `licenses` several to choose from.
    fn licenses(&self) -> Vec<License> {
        let several = self.licenses.as_array().map_or(&[][..], Vec::as_slice);
        let texts = [&self.license, &self.licenses].into_iter().chain(several);
        let texts = texts.filter_map(|value| value.as_str().or_else(|| value["type"].as_str()));
        let mut licenses: Vec<License> = texts.filter_map(License::new).collect();
        licenses.dedup();
        let choice = licenses.iter().map(License::text).collect::<Vec<_>>().join(" OR ");
        match License::new(&choice) {
            Some(choice @ License::Expression(_)) => vec![choice],
            _ => licenses,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wattle_tree::Digest;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new();
        for (path, text) in files {
            tree.insert(path, Node::file(*text)).unwrap();
        }
        tree
    }

    fn text(component: &Component) -> String {
        let licenses: Vec<_> = component.licenses.iter().map(License::text).collect();
        let purl = component.purl.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{purl} [{}] {}", licenses.join(", "), component.digests.len())
    }

    #[test]
    fn a_package_says_its_licence_and_the_registry_its_name() {
        let check = |source: &str, manifest: &str| {
            text(&described(Component::fetched(source, Digest::of(b"")), &tree(&[("package.json", manifest)])))
        };
        let known = "npm:a/-/a-1.0.0.tgz";
        let lines = [
            check(known, r#"{ "name": "b", "version": "2.0.0", "license": "MIT" }"#),
            check(known, r#"{ "name": "a", "version": "1.0.0", "license": { "type": "BSD" } }"#),
            check(known, r#"{ "name": "a", "version": "1.0.0", "licenses": [{ "type": "MIT" }, { "type": "ISC" }] }"#),
            check(known, r#"{ "name": 1, "license": [] }"#),
            check(known, "nonsense"),
            check("https://files.example/b.tgz", r#"{ "name": "@s/b", "version": "2.0.0" }"#),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r#"
        pkg:npm/a@1.0.0 [MIT] 1
        pkg:npm/a@1.0.0 [BSD] 1
        pkg:npm/a@1.0.0 [MIT OR ISC] 1
        pkg:npm/a@1.0.0 [] 1
        pkg:npm/a@1.0.0 [] 1
        pkg:npm/%40s/b@2.0.0 [] 1
        "#);
    }

    #[test]
    fn packages_in_packages_are_found() {
        let archive = tree(&[
            ("package.json", r#"{ "name": "npm", "version": "10.0.0" }"#),
            ("node_modules/a/package.json", r#"{ "name": "a", "version": "1.0.0", "license": "ISC" }"#),
            ("node_modules/a/node_modules/@s/b/package.json", r#"{ "name": "@s/b", "version": "2.0.0" }"#),
            ("node_modules/a/test/package.json", r#"{ "name": "no", "version": "0.0.0" }"#),
            ("lib/node_modules/c/package.json", r#"{ "name": "c", "version": "3.0.0" }"#),
        ]);
        let found = bundled(&archive, &archive);
        insta::assert_snapshot!(found.iter().map(text).collect::<Vec<_>>().join("\n"), @r#"
        pkg:npm/c@3.0.0 [] 0
        pkg:npm/a@1.0.0 [ISC] 0
        pkg:npm/%40s/b@2.0.0 [] 0
        "#);
        let mut left = archive.clone();
        left.remove("node_modules/a");
        assert_eq!(bundled(&archive, &left).len(), 1, "what was removed is not there");
    }
}
