//! Where an application's source comes from, as the label `io.buildpacks.project.metadata` says it (Platform specification,
//! "project-metadata.toml").
//!
//! What two clones of one commit have in common is said always: the commit, and what `project.toml` declares. What differs
//! between them, such as the address that one was cloned from, only when asked.

mod git;

use git::Repository;
use serde_json::{Map, Value, json};
use std::path::Path;
use wattle_oci::cnb::ProjectMetadata;

/// How much an image says of its source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SourceDetail {
    /// Nothing.
    None,
    /// What is the same for every clone: the commit, and what `project.toml` declares.
    #[default]
    Commit,
    /// Also what is this clone's own: its remote's address without credentials, and the branches and tags at the commit.
    Full,
}

/// What `project.toml` declares of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// Its version.
    pub version: Option<String>,
    /// Where it is.
    pub url: Option<String>,
}

/// What an image of the application in this directory is to say. What cannot be read is not said: no build fails for it.
pub fn project_metadata(application: &Path, declared: &Declared, detail: SourceDetail) -> ProjectMetadata {
    let repository = match detail {
        SourceDetail::None => return ProjectMetadata::default(),
        SourceDetail::Commit | SourceDetail::Full => Repository::of(application),
    };
    ProjectMetadata { source: source(repository, declared, detail == SourceDetail::Full) }
}

fn source(repository: Option<Repository>, declared: &Declared, full: bool) -> Option<Value> {
    let (mut version, mut metadata) = (Map::new(), Map::new());
    let mut kind = "project";
    if let Some(repository) = repository {
        kind = "git";
        version.insert("commit".to_owned(), repository.commit.into());
        if full {
            version.extend(repository.tags.first().map(|tag| ("describe".to_owned(), tag.as_str().into())));
            let refs: Vec<String> = repository.branches.into_iter().chain(repository.tags).collect();
            metadata.insert("refs".to_owned(), refs.into());
            metadata.extend(repository.url.map(|url| ("url".to_owned(), url.into())));
        }
    }
    version.extend(declared.version.as_ref().map(|version| ("declared".to_owned(), version.as_str().into())));
    metadata.extend(declared.url.as_ref().map(|url| ("url".to_owned(), url.as_str().into())));
    if version.is_empty() && metadata.is_empty() {
        return None;
    }
    let mut source = json!({ "type": kind, "version": version });
    if let (false, Some(fields)) = (metadata.is_empty(), source.as_object_mut()) {
        fields.insert("metadata".to_owned(), metadata.into());
    }
    Some(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i43_i44_the_source_is_a_commit_or_what_is_declared() {
        let check = |repository: bool, declared: (Option<&str>, Option<&str>), full| {
            let repository = repository.then(|| Repository {
                commit: "c0ffee".to_owned(),
                branches: vec!["main".to_owned()],
                tags: vec!["v1".to_owned()],
                url: Some("https://clone.example".to_owned()),
            });
            let declared = Declared { version: declared.0.map(str::to_owned), url: declared.1.map(str::to_owned) };
            serde_json::to_string(&ProjectMetadata { source: source(repository, &declared, full) }).unwrap()
        };
        insta::assert_snapshot!(check(false, (None, None), true), @"{}");
        insta::assert_snapshot!(check(false, (Some("1.4"), Some("https://acme.example")), false), @r#"{"source":{"metadata":{"url":"https://acme.example"},"type":"project","version":{"declared":"1.4"}}}"#);
        insta::assert_snapshot!(check(true, (None, None), false), @r#"{"source":{"type":"git","version":{"commit":"c0ffee"}}}"#);
        insta::assert_snapshot!(check(true, (Some("1.4"), Some("https://acme.example")), false), @r#"{"source":{"metadata":{"url":"https://acme.example"},"type":"git","version":{"commit":"c0ffee","declared":"1.4"}}}"#);
        insta::assert_snapshot!(check(true, (None, None), true), @r#"{"source":{"metadata":{"refs":["main","v1"],"url":"https://clone.example"},"type":"git","version":{"commit":"c0ffee","describe":"v1"}}}"#);
    }
}
