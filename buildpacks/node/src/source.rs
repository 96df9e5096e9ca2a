//! Where the archive of a package comes from.

use crate::lock::{Entry, Lock};
use wattle_buildpack::{Error, Result};

/// An archive to fetch: `npm:<path>` or a URL, and the Subresource Integrity text of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) source: String,
    pub(crate) integrity: String,
}

/// The archive of an entry that is neither a link nor bundled nor local.
pub(crate) fn of(lock: &Lock, entry: &Entry) -> Result<Source> {
    let source = match entry.package.resolved.as_deref() {
        Some(resolved) => from_address(lock, entry, resolved)?,
        None => by_name(lock, entry)?,
    };
    Ok(Source { source, integrity: integrity(lock, entry)?.to_owned() })
}

/// What says that the bytes are the right ones.
fn integrity<'a>(lock: &Lock, entry: &'a Entry) -> Result<&'a str> {
    let (file, id) = (lock.file, entry.id());
    let what = match entry.package.integrity.as_deref().filter(|text| !text.trim().is_empty()) {
        Some(text) if text.split_ascii_whitespace().any(is_reliable) => return Ok(text),
        Some(text) if text.split_ascii_whitespace().all(|part| part.starts_with("sha1-")) => {
            format!(
                "`{file}` has an `integrity` of SHA-1 alone for `{id}`, `{text}`, and other bytes can be made to have that"
            )
        }
        Some(text) => {
            format!("`{file}` has an `integrity` for `{id}` that is no whole digest of SHA-512 or SHA-256, `{text}`")
        }
        None => format!("`{file}` has no `integrity` for `{id}`, so nothing says what its archive must be"),
    };
    Err(Error::user("node/lock/integrity", what).hint(format!(
        "take the package out of `{file}` and put it back: delete `{file}` and `node_modules`, then run `npm install`"
    )))
}

/// Whether a digest in the notation of Subresource Integrity is of an algorithm that can be relied on, and complete.
fn is_reliable(part: &str) -> bool {
    let Some((algorithm, rest)) = part.split_once('-') else { return false };
    let value = rest.split('?').next().unwrap_or(rest);
    let digits = value.trim_end_matches('=');
    let length = match algorithm {
        "sha512" => 88,
        "sha256" => 44,
        _ => return false,
    };
    value.len() == length && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
}

/// An address that has the shape of a registry's is asked for by name, so that it comes from whichever registry or mirror
/// is configured here.
fn from_address(lock: &Lock, entry: &Entry, resolved: &str) -> Result<String> {
    if resolved.starts_with("git") || resolved.contains(".git#") {
        return Err(unsupported(lock, entry, "a git repository", resolved));
    }
    if resolved.starts_with("file:") {
        return Err(unsupported(lock, entry, "an archive in the application", resolved));
    }
    if !(resolved.starts_with("https://") || resolved.starts_with("http://")) {
        return Err(unsupported(lock, entry, "an address that is no URL", resolved));
    }
    let address = resolved.split(['#', '?']).next().unwrap_or(resolved);
    let in_registry = address.rsplit_once("/-/").filter(|(before, file)| {
        let before = before.replace("%2f", "/").replace("%2F", "/");
        before.ends_with(&format!("/{}", entry.name())) && !file.is_empty() && !file.contains("..")
    });
    Ok(match in_registry {
        Some((_, file)) => format!("npm:{}/-/{file}", entry.name()),
        None => resolved.to_owned(),
    })
}

/// A lock file may leave addresses out (`omit-lockfile-registry-resolved`): every registry has the same paths.
fn by_name(lock: &Lock, entry: &Entry) -> Result<String> {
    let name = entry.name();
    let Some(version) = &entry.package.version else {
        return Err(Error::user(
            "node/lock/malformed",
            format!("`{}` has neither version nor address for `{name}`", lock.file),
        )
        .hint("make it anew with `npm install --package-lock-only`"));
    };
    let version = version.split('+').next().unwrap_or(version);
    let file = name.rsplit_once('/').map_or(name, |(_, file)| file);
    Ok(format!("npm:{name}/-/{file}-{version}.tgz"))
}

fn unsupported(lock: &Lock, entry: &Entry, what: &str, resolved: &str) -> Error {
    let summary = format!("could not fetch `{}`: `{}` has it from {what}, `{resolved}`", entry.alias(), lock.file);
    Error::user("node/lock/source", summary)
        .detail("Packages come from a registry or an `https` address, and their bytes are checked by the lock file's `integrity`.")
        .hint("publish the package to a registry, or copy it into the application and depend on it by `file:<directory>`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str =
        "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";

    fn check(location: &str, entry: &str) -> String {
        let entry = entry.replace("sha512-x", WHOLE);
        let text = format!(r#"{{ "lockfileVersion": 3, "packages": {{ "{location}": {entry} }} }}"#);
        let lock = Lock::parse(&text, "package-lock.json").unwrap();
        match of(&lock, &lock.entries[0]) {
            Ok(Source { source, integrity }) => format!("{source} {}", integrity.replace(WHOLE, "sha512-x")),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn registries_are_asked_by_name() {
        let plain = r#"{ "version": "1.2.3+b4", "integrity": "sha512-x" }"#;
        insta::assert_snapshot!(check("node_modules/a", plain), @"npm:a/-/a-1.2.3.tgz sha512-x");
        insta::assert_snapshot!(check("node_modules/a/node_modules/@s/b", plain), @"npm:@s/b/-/b-1.2.3.tgz sha512-x");
        insta::assert_snapshot!(
            check("node_modules/alias", r#"{ "name": "@s/real", "version": "1.0.0", "integrity": "sha1-x sha512-x" }"#),
            @"npm:@s/real/-/real-1.0.0.tgz sha1-x sha512-x"
        );
        insta::assert_snapshot!(
            check("node_modules/@s/b", r#"{ "resolved": "https://npm.example/mirror/@s%2fb/-/b-1.0.0.tgz", "integrity": "sha512-x" }"#),
            @"npm:@s/b/-/b-1.0.0.tgz sha512-x"
        );
        insta::assert_snapshot!(
            check("node_modules/b", r#"{ "resolved": "https://files.example/archive/b.tgz", "integrity": "sha512-x" }"#),
            @"https://files.example/archive/b.tgz sha512-x"
        );
    }

    #[test]
    fn a_digest_must_be_one_that_can_be_relied_on() {
        let check =
            |text: &str| check("node_modules/a", &format!(r#"{{ "version": "1.0.0", "integrity": "{text}" }}"#));
        insta::assert_snapshot!(check("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="), @r#"
        node/lock/integrity: `package-lock.json` has an `integrity` of SHA-1 alone for `a@1.0.0`, `sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=`, and other bytes can be made to have that
        hint: take the package out of `package-lock.json` and put it back: delete `package-lock.json` and `node_modules`, then run `npm install`
        "#);
        let all = ["", "x", "sha512-", "sha512-abc", "sha384-abc", "md5-x sha1-y"].map(check);
        insta::assert_snapshot!(all.map(|text| text.lines().next().unwrap_or_default().to_owned()).join("\n"), @r#"
        node/lock/integrity: `package-lock.json` has no `integrity` for `a@1.0.0`, so nothing says what its archive must be
        node/lock/integrity: `package-lock.json` has an `integrity` for `a@1.0.0` that is no whole digest of SHA-512 or SHA-256, `x`
        node/lock/integrity: `package-lock.json` has an `integrity` for `a@1.0.0` that is no whole digest of SHA-512 or SHA-256, `sha512-`
        node/lock/integrity: `package-lock.json` has an `integrity` for `a@1.0.0` that is no whole digest of SHA-512 or SHA-256, `sha512-abc`
        node/lock/integrity: `package-lock.json` has an `integrity` for `a@1.0.0` that is no whole digest of SHA-512 or SHA-256, `sha384-abc`
        node/lock/integrity: `package-lock.json` has an `integrity` for `a@1.0.0` that is no whole digest of SHA-512 or SHA-256, `md5-x sha1-y`
        "#);
    }

    #[test]
    fn what_cannot_be_fetched_says_why() {
        insta::assert_snapshot!(check("node_modules/a", r#"{ "version": "1.2.3" }"#), @r"
        node/lock/integrity: `package-lock.json` has no `integrity` for `a@1.2.3`, so nothing says what its archive must be
        hint: take the package out of `package-lock.json` and put it back: delete `package-lock.json` and `node_modules`, then run `npm install`
        ");
        insta::assert_snapshot!(check("node_modules/a", r#"{ "resolved": "git+ssh://git@git.example/a.git#0123", "integrity": "sha512-x" }"#), @r"
        node/lock/source: could not fetch `a`: `package-lock.json` has it from a git repository, `git+ssh://git@git.example/a.git#0123`
          Packages come from a registry or an `https` address, and their bytes are checked by the lock file's `integrity`.
        hint: publish the package to a registry, or copy it into the application and depend on it by `file:<directory>`
        ");
        insta::assert_snapshot!(check("node_modules/a", r#"{ "resolved": "file:vendor/a.tgz", "integrity": "sha512-x" }"#), @r"
        node/lock/source: could not fetch `a`: `package-lock.json` has it from an archive in the application, `file:vendor/a.tgz`
          Packages come from a registry or an `https` address, and their bytes are checked by the lock file's `integrity`.
        hint: publish the package to a registry, or copy it into the application and depend on it by `file:<directory>`
        ");
    }
}
