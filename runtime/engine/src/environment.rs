//! The build environment that later buildpacks see: what the build layers of those before make of an empty one. The rules are
//! the launcher's, which knows the same files at launch. What the user sets is added in the sandbox.

use std::collections::BTreeMap;
use std::io;
use wattle_launcher::{Entry, Environment, Files, Phase};
use wattle_tree::{Node, Tree};

/// Longest value of a variable, in bytes: what Linux hands to a program (`MAX_ARG_STRLEN`).
const LONGEST: u64 = 128 << 10;

/// What these layers (path below `/layers`, contents) make, `buildpacks` in the order they ran.
pub(crate) fn of_layers(buildpacks: &[String], layers: &[(String, Tree)]) -> io::Result<BTreeMap<String, String>> {
    let mut root = Tree::new();
    for (path, tree) in layers {
        root.insert(&format!("layers/{path}"), Node::Directory(tree.clone())).map_err(io::Error::other)?;
    }
    let start = Environment::default();
    let buildpacks = buildpacks.iter().map(String::as_str);
    let edited = start.with_layers(b"/layers", buildpacks, Phase::Build, &InTree(root)).map_err(|(_, error)| error)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(edited.iter().map(|(name, value)| (text(name), text(value))).collect())
}

/// A tree as the launcher's rules read it.
struct InTree(Tree);

impl InTree {
    fn find(&self, path: &[u8]) -> Option<&Node> {
        self.0.get(std::str::from_utf8(path).ok()?.trim_start_matches('/'))
    }
}

impl Files for InTree {
    fn list(&self, directory: &[u8]) -> io::Result<Vec<Entry>> {
        let Some(Node::Directory(tree)) = self.find(directory) else { return Ok(Vec::new()) };
        let entry = |(name, node): (&std::sync::Arc<str>, &Node)| Entry {
            name: name.as_bytes().to_vec(),
            is_directory: matches!(node, Node::Directory(_)),
            is_link: matches!(node, Node::Symlink(_)),
        };
        Ok(tree.entries().map(entry).collect())
    }

    fn read(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        match self.find(path) {
            Some(Node::File(file)) if file.blob.len() > LONGEST => {
                let text = format!("`{}` is longer than 128 KiB", String::from_utf8_lossy(path));
                Err(io::Error::new(io::ErrorKind::InvalidInput, text))
            }
            Some(Node::File(file)) => file.blob.to_vec(),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_no_program_can_be_given_is_refused() {
        let check = |len| {
            let mut layer = Tree::new();
            layer.insert("env/LONG.override", Node::file(vec![b'x'; len])).unwrap();
            of_layers(&["a".to_owned()], &[("a/x".to_owned(), layer)]).map_err(|e| e.to_string())
        };
        assert!(check(128 << 10).is_ok());
        assert_eq!(check((128 << 10) + 1), Err("`/layers/a/x/env/LONG.override` is longer than 128 KiB".to_owned()));
    }

    #[test]
    fn b73_b76_b77_build_layers_make_the_environment_of_later_buildpacks() {
        let mut layer = Tree::new();
        for (path, text) in
            [("bin/tool", ""), ("env/GREETING.append", "b"), ("env/GREETING.delim", "-"), ("env.build/ONLY", "x")]
        {
            layer.insert(path, Node::file(text)).unwrap();
        }
        layer.insert("env.launch/NOT", Node::file("x")).unwrap();
        let made = of_layers(&["a/b".to_owned()], &[("a_b/tools".to_owned(), layer)]).unwrap();
        let text: Vec<_> = made.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(text, ["GREETING=b", "ONLY=x", "PATH=/layers/a_b/tools/bin"]);
    }
}
