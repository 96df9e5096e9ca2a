//! Whether a lock file still is the one of its `package.json`.

use crate::lock::Lock;
use crate::manifest::{Dependencies, Wanted};
use nodejs_semver::{Range, Version};
use wattle_buildpack::{Error, Result};

/// Fails if the lock file was not made from what `manifest` (the user's word for it) asks for. `directory` is where it
/// is, empty for the application itself.
pub(crate) fn check(lock: &Lock, wanted: &Wanted, directory: &str, manifest: &str) -> Result<()> {
    let locked = match directory {
        "" => &lock.root.wanted,
        directory => match lock.at(directory) {
            Some(entry) => &entry.package.wanted,
            None => return Ok(()),
        },
    };
    let kinds = [
        (&wanted.dependencies, &locked.dependencies),
        (&wanted.optional_dependencies, &locked.optional_dependencies),
        (&wanted.dev_dependencies, &locked.dev_dependencies),
        (&wanted.peer_dependencies, &locked.peer_dependencies),
    ];
    let differences: Vec<String> =
        kinds.into_iter().flat_map(|(wanted, locked)| differences(lock, directory, wanted, locked)).collect();
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::user("node/lock/out-of-step", format!("`{}` does not match `{manifest}`", lock.file))
        .detail(differences.join("\n"))
        .hint(format!("run `npm install`, and commit `{}`", lock.file)))
}

fn differences(lock: &Lock, directory: &str, wanted: &Dependencies, locked: &Dependencies) -> Vec<String> {
    let missing = wanted.iter().filter_map(|(name, range)| match locked.get(name) {
        Some(was) if was == range || still_satisfied(lock, directory, name, range) => None,
        Some(was) => Some(format!("`{name}` is wanted as `{range}` and locked as `{was}`")),
        None => Some(format!("`{name}` is wanted as `{range}` and not locked")),
    });
    let left_over = locked.keys().filter(|name| !wanted.contains_key(*name));
    missing.chain(left_over.map(|name| format!("`{name}` is locked and not wanted any more"))).collect()
}

/// npm asks no more than that the version locked is in the range wanted.
fn still_satisfied(lock: &Lock, directory: &str, name: &str, range: &str) -> bool {
    let nested = format!("{directory}/node_modules/{name}");
    let hoisted = format!("node_modules/{name}");
    let entry = lock.at(nested.trim_start_matches('/')).or_else(|| lock.at(&hoisted));
    let version = entry.and_then(|entry| entry.package.version.as_deref()).and_then(|text| Version::parse(text).ok());
    version.is_some_and(|version| Range::parse(range).is_ok_and(|range| range.satisfies(&version)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn check_text(manifest: &str) -> String {
        let lock = r#"{ "lockfileVersion": 3, "packages": {
            "": { "dependencies": { "a": "^1.0.0", "b": "2.x" }, "devDependencies": { "c": "*" } },
            "node_modules/a": { "version": "1.5.0" }, "node_modules/b": { "version": "2.0.0" }
        } }"#;
        let lock = Lock::parse(lock, "package-lock.json").unwrap();
        let wanted: Wanted = json::parse(manifest, "package.json").unwrap();
        match check(&lock, &wanted, "", "package.json") {
            Ok(()) => "in step".to_owned(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn differences_are_named() {
        let same = r#"{ "dependencies": { "a": "^1.0.0", "b": "2.x" }, "devDependencies": { "c": "*" } }"#;
        insta::assert_snapshot!(check_text(same), @"in step");
        let still = r#"{ "dependencies": { "a": "^1.4.0", "b": "2.x" }, "devDependencies": { "c": "*" } }"#;
        insta::assert_snapshot!(check_text(still), @"in step");
        let differs = r#"{ "dependencies": { "a": "^2.0.0", "d": "1" }, "devDependencies": { "c": "*" } }"#;
        insta::assert_snapshot!(check_text(differs), @r"
        node/lock/out-of-step: `package-lock.json` does not match `package.json`
          `a` is wanted as `^2.0.0` and locked as `^1.0.0`
          `d` is wanted as `1` and not locked
          `b` is locked and not wanted any more
        hint: run `npm install`, and commit `package-lock.json`
        ");
    }
}
