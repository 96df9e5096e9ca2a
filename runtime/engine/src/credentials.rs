//! Credentials in the application's source: neither a buildpack nor the image gets them.
//!
//! What the host needs of them it reads from the directory itself. A value that is only the name of an environment variable,
//! `${NPM_TOKEN}`, is no credential and stays.

use std::collections::BTreeMap;
use std::io;
use wattle_tree::{File, Node, Tree};

/// A file that is longer than this is none that is written by hand, and is left out as a whole.
const MAX_LEN: u64 = 1 << 20;

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Withheld {
    /// It is left out.
    Whole,
    /// Some of its lines are left out or changed.
    Lines,
}

/// Takes credentials out of `tree`; gives the paths of the files that had any.
///
/// # Errors
/// If one of these files cannot be read: its path, and why.
pub(crate) fn withhold(tree: &mut Tree) -> Result<BTreeMap<String, Withheld>, (String, io::Error)> {
    let mut withheld = BTreeMap::new();
    let mut cleaned = Vec::new();
    for entry in tree.walk() {
        let (Node::File(file), Some(clean)) = (entry.node, rule(&entry.path)) else { continue };
        let text = text(file).map_err(|error| (entry.path.clone(), error))?;
        match text.map(|text| (clean(&text), text)) {
            Some((Some(clean), text)) if clean == text => {}
            Some((Some(clean), _)) => cleaned.push((entry.path, Some((clean, file.executable)))),
            _ => cleaned.push((entry.path, None)),
        }
    }
    for (path, clean) in cleaned {
        tree.remove(&path);
        withheld.insert(path.clone(), if clean.is_some() { Withheld::Lines } else { Withheld::Whole });
        if let Some((text, executable)) = clean {
            let file = Node::File(File { blob: text.into_bytes().into(), executable });
            // The directory that it was taken from is there.
            _ = tree.insert(&path, file);
        }
    }
    Ok(withheld)
}

/// The text of a file, unless it is too long.
fn text(file: &File) -> io::Result<Option<String>> {
    if file.blob.len() > MAX_LEN {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&file.blob.to_vec()?).into_owned()))
}

/// What a text is without its credentials; none if nothing of it can stay.
type Rule = fn(&str) -> Option<String>;

/// How a file is cleaned, by its name.
fn rule(path: &str) -> Option<Rule> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    Some(match name.as_str() {
        ".npmrc" | ".yarnrc" => |text| Some(lines(text, is_npm_credential)),
        "pip.conf" | "pip.ini" => |text| Some(lines(text, |_| false)),
        // YAML has too many ways to go on in the next line to leave out one alone.
        ".yarnrc.yml" => |text| (!text.lines().any(is_yarn_credential)).then(|| lines(text, |_| false)),
        // They have nothing but credentials.
        ".netrc" | "_netrc" | ".git-credentials" | ".pypirc" => |_| None,
        _ => return None,
    })
}

/// The lines that are no credential, and of addresses what is none.
fn lines(text: &str, is_credential: fn(&str) -> bool) -> String {
    // npm takes a carriage return alone for the end of a line, too.
    let lines = text.split_inclusive(['\n', '\r']);
    lines.filter(|line| !is_credential(line)).map(without_user).collect()
}

/// `//host/:_authToken=...` and its kin, commented out or not (npm documentation, "npmrc", "Auth related configuration").
fn is_npm_credential(line: &str) -> bool {
    let line = line.trim_start_matches(['\u{feff}', ';', '#', ' ', '\t']);
    let end = line.find(['=', ' ', '\t']).unwrap_or(line.len());
    let (key, value) = line.split_at(end);
    let key = key.trim_matches(['"', '\'']).trim_end_matches("[]").to_ascii_lowercase();
    let kind = key.rsplit(':').next().unwrap_or_default();
    let names = ["_authtoken", "_auth", "_password", "username", "key"];
    names.contains(&kind) && !is_variable(value.trim_start_matches(['=', ' ', '\t']))
}

/// `npmAuthToken: ...` or `npmAuthIdent: ...`, wherever in the line (Yarn documentation, "Configuration").
fn is_yarn_credential(line: &str) -> bool {
    let values = ["npmAuthToken", "npmAuthIdent"].into_iter().flat_map(|key| {
        let after = line.match_indices(key).map(|(at, _)| &line[at + key.len()..]);
        after.filter_map(|after| after.trim_start_matches(['"', '\'', ' ']).strip_prefix(':'))
    });
    // In braces, more may follow.
    values.into_iter().any(|value| !is_variable(value) && !is_variable(value.trim_end_matches(['}', ' ', '\r'])))
}

/// True if a value names environment variables and says nothing else: `${NAME}`, `${NAME?}`, `${NAME}:${NAME}`.
fn is_variable(value: &str) -> bool {
    let mut rest = value.trim().trim_matches(['"', '\'']);
    let mut found = false;
    while let Some((name, after)) = rest.strip_prefix("${").and_then(|inner| inner.split_once('}')) {
        let name = name.strip_suffix('?').unwrap_or(name);
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return false;
        }
        (rest, found) = (after.strip_prefix(':').unwrap_or(after), true);
    }
    found && rest.is_empty()
}

/// The line with addresses that have no user and password: `https://user:password@host` becomes `https://host`.
fn without_user(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        let authority = after.find(['/', '?', '#', ' ', '"', '\'', '\t', '\r', '\n']).unwrap_or(after.len());
        let user = after[..authority].rfind('@').map_or(0, |at| at + 1);
        let is_variable = user > 0 && is_variable(&after[..user - 1]);
        out.push_str(before);
        rest = if is_variable { after } else { &after[user..] };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str) -> String {
        let path = format!("inner/{name}");
        let mut tree = Tree::new();
        tree.insert(&path, Node::file(text.as_bytes().to_vec())).unwrap();
        tree.insert("inner/other", Node::file("//host/:_authToken=in-no-such-file")).unwrap();
        let withheld = withhold(&mut tree).unwrap();
        assert!(tree.file("inner/other").is_some());
        let left = tree.file(&path).map(|file| String::from_utf8(file.blob.to_vec().unwrap()).unwrap());
        let changed = left.as_deref() != Some(text);
        assert_eq!(withheld.into_keys().collect::<Vec<_>>(), if changed { vec![path] } else { Vec::new() });
        left.unwrap_or_else(|| "left out".to_owned())
    }

    #[test]
    fn of_npmrc_the_lines_without_credentials_stay() {
        let text = "registry=https://npm.example/\n//npm.example/:_authToken=s3cret\n//npm.example/:_auth = czNjcmV0\n\
                    _password=czNjcmV0\n//npm.example/:username=me\n\"//npm.example/:_authToken\"=\"s3cret\"\n\
                    ; //npm.example/:_authToken=s3cret\n//other.example/:_authToken=${NPM_TOKEN}\n\
                    //third.example/:_authToken=${NPM_TOKEN:-s3cret}\nkey=\"-----BEGIN KEY-----\"\n\
                    proxy=http://me:s3cret@proxy.example:3128\nsave-exact=true\r//npm.example/:_authToken=s3cret\rfund=false\n";
        insta::assert_snapshot!(check(".npmrc", text).replace('\r', "\n"), @r"
        registry=https://npm.example/
        //other.example/:_authToken=${NPM_TOKEN}
        proxy=http://proxy.example:3128
        save-exact=true
        fund=false
        ");
        insta::assert_snapshot!(check(".NPMRC", "\u{feff}_auth=s3cret\n"), @"");
    }

    #[test]
    fn of_yarn_and_pip_too() {
        insta::assert_snapshot!(check(".yarnrc", "registry \"https://npm.example\"\n\"//npm.example/:_authToken\" \"s3cret\"\n"), @r#"registry "https://npm.example""#);
        insta::assert_snapshot!(check(".yarnrc.yml", "nodeLinker: node-modules\nnpmAuthToken: s3cret\n"), @"left out");
        insta::assert_snapshot!(check(".yarnrc.yml", "npmScopes: { a: { \"npmAuthToken\": \"s3cret\" } }\n"), @"left out");
        insta::assert_snapshot!(check(".yarnrc.yml", "npmAuthToken: >-\n  s3cret\n"), @"left out");
        insta::assert_snapshot!(check(".yarnrc.yml", "npmScopes: { a: { npmAuthToken: \"${TOKEN}\" } }\n"), @r#"npmScopes: { a: { npmAuthToken: "${TOKEN}" } }"#);
        let comment = "# npmAuthToken is in the user's own\n";
        assert_eq!(check(".yarnrc.yml", comment), comment);
        insta::assert_snapshot!(check(".yarnrc.yml", "npmAuthToken: ${TOKEN}\n"), @"npmAuthToken: ${TOKEN}");
        insta::assert_snapshot!(check("pip.conf", "[global]\nindex-url = https://me:p%40ss@pypi.example/simple\nextra-index-url =\n  https://${USER}:${PASSWORD}@a.example\n  https://token@b.example/\n"), @r"
        [global]
        index-url = https://pypi.example/simple
        extra-index-url =
          https://${USER}:${PASSWORD}@a.example
          https://b.example/
        ");
    }

    #[test]
    fn what_has_nothing_else_is_left_out() {
        for name in [".netrc", ".git-credentials", ".pypirc"] {
            assert_eq!(check(name, "machine npm.example login me password s3cret\n"), "left out");
        }
        assert_eq!(check(".npmrc", &"#".repeat(2 << 20)), "left out", "too long to be looked through");
    }

    #[test]
    fn what_has_none_stays_as_it_is() {
        for text in ["", "registry=https://npm.example/@scope/x\n", "keyfile=a.pem\r\n", "email=me@example.com"] {
            assert_eq!(check(".npmrc", text), text);
        }
    }
}
