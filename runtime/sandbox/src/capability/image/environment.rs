//! What a layer says of the environment, and the files that it becomes (Buildpack specification, "Environment Variable
//! Modification Rules").

use super::{is_process_type, shorten};
use crate::contribution::{Modification, Scope};
use crate::failure::GuestError;
use std::collections::BTreeMap;
use wattle_tree::{Node, Tree, check_name};

/// The edits of one layer, by when they count and by variable.
#[derive(Default)]
pub(super) struct Edits(BTreeMap<(Scope, String), Files>);

/// The edits of one variable: files beside each other, by their suffix.
type Files = BTreeMap<&'static str, Edit>;

struct Edit {
    value: String,
    /// What goes between old and new, if both can be there.
    separator: Option<String>,
}

/// Refuses what cannot be the name of a file, or no environment can have.
pub(super) fn check(scope: &Scope, name: &str, value: &str) -> Result<(), GuestError> {
    if let Scope::Process(kind) = scope
        && !is_process_type(kind)
    {
        let summary = format!("`{}` cannot name a process: use letters, digits, `.`, `_` and `-`", shorten(kind));
        return Err(GuestError::buildpack("image/environment/process", summary));
    }
    if name.is_empty() || name.contains(['=', '\0', '/', '.']) || check_name(name).is_err() || value.contains('\0') {
        let summary = format!("`{}` cannot be an environment variable of a layer", shorten(name));
        return Err(GuestError::buildpack("image/environment/name", summary));
    }
    Ok(())
}

impl Edits {
    /// Adds an edit that was checked, in place of one of the same kind.
    ///
    /// What goes before a variable and what goes behind it share the file with the separator, and so the separator.
    pub(super) fn add(
        &mut self,
        scope: Scope,
        name: &str,
        modification: Modification,
        value: String,
    ) -> Result<(), GuestError> {
        let (suffix, separator) = match modification {
            Modification::Override => ("override", None),
            Modification::Default => ("default", None),
            Modification::Append(separator) => ("append", Some(separator)),
            Modification::Prepend(separator) => ("prepend", Some(separator)),
        };
        let files = self.0.entry((scope, name.to_owned())).or_default();
        let beside = files.iter().filter(|(other, _)| **other != suffix).find_map(|(_, edit)| edit.separator.as_ref());
        if let Some((separator, other)) = separator.as_ref().zip(beside).filter(|(ours, theirs)| ours != theirs) {
            let summary = format!(
                "environment variable `{}` of a layer has the separators `{}` and `{}`: use one for what goes before it and \
                 what goes behind it",
                shorten(name),
                shorten(other),
                shorten(separator)
            );
            return Err(GuestError::buildpack("image/environment/separator", summary));
        }
        files.insert(suffix, Edit { value, separator });
        Ok(())
    }

    /// Writes the edits into the layer, as the launcher reads them.
    pub(super) fn write_to(&self, layer: &mut Tree) -> Result<(), GuestError> {
        for ((scope, name), files) in &self.0 {
            let directory = directory(scope);
            let mut write = |suffix: &str, text: &str| {
                layer.insert(&format!("{directory}/{name}.{suffix}"), Node::file(text)).map_err(|error| {
                    GuestError::buildpack("image/environment/path", format!("environment `{name}`: {error}"))
                })
            };
            for (suffix, edit) in files {
                write(suffix, &edit.value)?;
            }
            let separator = files.values().find_map(|edit| edit.separator.as_ref());
            if let Some(separator) = separator.filter(|separator| !separator.is_empty()) {
                write("delim", separator)?;
            }
        }
        Ok(())
    }
}

fn directory(scope: &Scope) -> String {
    match scope {
        Scope::All => "env".to_owned(),
        Scope::Build => "env.build".to_owned(),
        Scope::Launch => "env.launch".to_owned(),
        Scope::Process(kind) => format!("env.launch/{kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(separator: &str) -> Modification {
        Modification::Prepend(separator.to_owned())
    }

    fn behind(separator: &str) -> Modification {
        Modification::Append(separator.to_owned())
    }

    /// The files in the layer, or the first edit that is refused.
    fn check_edits(edits: &[(Scope, &str, Modification, &str)]) -> String {
        let write = || {
            let mut all = Edits::default();
            for (scope, name, modification, value) in edits {
                check(scope, name, value)?;
                all.add(scope.clone(), name, modification.clone(), (*value).to_owned())?;
            }
            let mut layer = Tree::new();
            all.write_to(&mut layer).map(|()| layer)
        };
        match write() {
            Ok(layer) => files_in(&layer, "").join(" "),
            Err(error) => format!("{} ({}): {error}", error.code, error.fault),
        }
    }

    fn files_in(tree: &Tree, prefix: &str) -> Vec<String> {
        let file = |(name, node): (&std::sync::Arc<str>, &Node)| match node {
            Node::Directory(tree) => files_in(tree, &format!("{prefix}{name}/")),
            Node::File(file) => {
                vec![format!("{prefix}{name}={}", String::from_utf8(file.blob.to_vec().unwrap()).unwrap())]
            }
            Node::Symlink(_) => vec![],
        };
        tree.entries().flat_map(file).collect()
    }

    #[test]
    fn b70_b71_b73_edits_become_files() {
        let edits = [
            (Scope::All, "A", Modification::Override, "1"),
            (Scope::All, "A", Modification::Override, "2"),
            (Scope::Build, "A", Modification::Default, "3"),
            (Scope::Launch, "A", behind(":"), "4"),
            (Scope::Launch, "A", before(":"), "5"),
            (Scope::Process("web".to_owned()), "A", behind(""), "6"),
        ];
        assert_eq!(
            check_edits(&edits),
            "env/A.override=2 env.build/A.default=3 env.launch/A.append=4 env.launch/A.delim=: env.launch/A.prepend=5 \
             env.launch/web/A.append=6"
        );
    }

    #[test]
    fn both_ends_of_a_variable_have_one_separator() {
        let refused = |one: &str, other: &str| {
            format!(
                "image/environment/separator (buildpack): environment variable `A` of a layer has the separators `{one}` and \
                 `{other}`: use one for what goes before it and what goes behind it"
            )
        };
        let check = |first, second| check_edits(&[(Scope::All, "A", first, "1"), (Scope::All, "A", second, "2")]);
        assert_eq!(check(behind(":"), before(";")), refused(":", ";"));
        assert_eq!(check(before(""), behind(":")), refused("", ":"));
        assert_eq!(check(before(":"), behind(":")), "env/A.append=2 env/A.delim=: env/A.prepend=1");
        // That of an edit that was replaced stayed.
        assert_eq!(check(behind(":"), behind("")), "env/A.append=2");
        let apart = [
            (Scope::All, "A", before(""), "1"),
            (Scope::All, "B", behind(":"), "2"),
            (Scope::Build, "A", behind(";"), "3"),
        ];
        let files = "env/A.prepend=1 env/B.append=2 env/B.delim=: env.build/A.append=3 env.build/A.delim=;";
        assert_eq!(check_edits(&apart), files);
    }

    #[test]
    fn a_type_of_process_is_no_path() {
        let of = |kind: &str| check_edits(&[(Scope::Process(kind.to_owned()), "A", Modification::Override, "1")]);
        assert_eq!(of("Web-1_b.c"), "env.launch/Web-1_b.c/A.override=1");
        for kind in ["a/b", "..", "", "/", "a b", "é", "a\nb", "launcher"] {
            let why = "cannot name a process: use letters, digits, `.`, `_` and `-`";
            assert_eq!(of(kind), format!("image/environment/process (buildpack): `{kind}` {why}"));
        }
    }
}
