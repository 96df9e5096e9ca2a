use super::*;
use std::process::Command;

/// A directory with these files.
fn files(files: &[(&str, &str)]) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = place.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    place
}

fn check(entries: &[(&str, &str)]) -> String {
    let place = files(entries);
    match Repository::of(&place.path().join("app")) {
        None => "nothing".to_owned(),
        Some(Repository { commit, branches, tags, url }) => {
            let url = url.unwrap_or("no address".to_owned());
            format!("{} {} {} {url}", &commit[..4], branches.join(","), tags.join(","))
        }
    }
}

const ONE: &str = "1111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222";

#[test]
fn i44_the_commit_is_found_however_it_is_written_down() {
    let one = format!("{ONE}\n");
    let packed = format!(
        "# pack-refs with: peeled fully-peeled sorted\n{ONE} refs/heads/main\n{TWO} refs/heads/stale\n\
         {TWO} refs/tags/annotated\n^{ONE}\n{ONE} refs/tags/v1\n"
    );
    let config = "[core]\n\tbare = false\n[remote \"up\"]\n\turl = https://up.example/x\n\
                  [remote \"origin\"]\n\turl = https://me:s3cret@git.example/team/shop.git\n";
    let app = ("app/file", "");
    insta::assert_snapshot!(check(&[app, (".git/HEAD", &one)]), @"1111   no address");
    insta::assert_snapshot!(check(&[app, (".git/HEAD", "ref: refs/heads/main\n"), (".git/packed-refs", &packed), (".git/config", config)]), @"1111 main annotated,v1 https://git.example/team/shop.git");
    // A loose reference counts before a packed one.
    insta::assert_snapshot!(check(&[app, (".git/HEAD", "ref: refs/heads/stale\n"), (".git/refs/heads/stale", &one), (".git/refs/heads/team/x", &one), (".git/packed-refs", &packed)]), @"1111 main,stale,team/x annotated,v1 no address");
    insta::assert_snapshot!(check(&[app, ("app/.git/HEAD", &one), (".git/HEAD", "nonsense")]), @"1111   no address");
}

#[test]
fn what_cannot_be_read_is_no_repository() {
    let one = format!("{ONE}\n");
    let app = ("app/file", "");
    for bad in [
        &[app][..],
        &[app, (".git/HEAD", "ref: refs/heads/unborn\n")],
        &[app, (".git/HEAD", "ref: ../../secret\n"), ("secret", &one)],
        &[app, (".git/HEAD", "ref: refs/heads/a\n"), (".git/refs/heads/a", "ref: refs/heads/a\n")],
        &[app, (".git/HEAD", "not an id")],
        &[app, (".git/config", "")],
        &[app, ("app/.git", "gitdir: ../other/.git\n"), ("other/.git/HEAD", &one), ("other/.git/config", "[core]\n")],
        &[app, ("app/.git", "gitdir: nowhere")],
        &[app, ("app/.git", "")],
    ] {
        assert_eq!(check(bad), "nothing", "{bad:?}");
    }
}

#[test]
fn an_address_is_shown_without_credentials() {
    let check = |url: &str| shown(url).unwrap_or_default();
    assert_eq!(check("https://token@git.example/x.git"), "https://git.example/x.git");
    assert_eq!(check("https://a:b@c@git.example:8443/x?token=1#y"), "https://git.example:8443/x");
    assert_eq!(check("git@git.example:team/x.git"), "git@git.example:team/x.git");
    assert_eq!(check("ssh://git@git.example/x"), "ssh://git.example/x");
    assert_eq!(
        ["/srv/x", "../x", "file:///srv/x", "C:\\x", "C:/x", "", "a:b@c:d"].map(check),
        [const { String::new() }; 7]
    );
}

/// What `git` itself makes is read as `git` reads it.
#[test]
#[expect(clippy::disallowed_methods, reason = "git is the judge, and is found as every program is")]
fn i44_worktrees_and_submodules_of_git_itself() {
    let place = tempfile::tempdir().unwrap();
    let git = |directory: &str, args: &[&str]| {
        let mut command = Command::new("git");
        command.env_clear().env("PATH", std::env::var("PATH").unwrap()).env("HOME", place.path());
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "a").env(format!("GIT_{who}_EMAIL"), "a@example.org");
        }
        let output = command.current_dir(place.path().join(directory)).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git("", &["init", "-q", "-b", "main", "inner"]);
    git("inner", &["commit", "-q", "--allow-empty", "-m", "one"]);
    git("", &["init", "-q", "-b", "main", "outer"]);
    git("outer", &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../inner", "deep/module"]);
    git("outer", &["commit", "-q", "-m", "two"]);
    git("outer", &["tag", "-a", "v2", "-m", "two"]);
    git("outer", &["worktree", "add", "-q", "-b", "side", "../tree"]);
    git("", &["clone", "-q", "outer", "clone"]);
    for directory in ["inner", "outer", "outer/deep", "outer/deep/module", "tree", "clone"] {
        let found = Repository::of(&place.path().join(directory)).unwrap();
        assert_eq!(found.commit, git(directory, &["rev-parse", "HEAD"]), "{directory}");
    }
    let branches = |directory: &str| Repository::of(&place.path().join(directory)).unwrap().branches;
    assert_eq!(
        (branches("tree"), branches("clone")),
        (vec!["main".to_owned(), "side".to_owned()], vec!["main".to_owned()])
    );
    assert_eq!(Repository::of(&place.path().join("clone")).unwrap().tags, ["v2"], "a clone has packed references");
    git("outer", &["pack-refs", "--all"]);
    assert_eq!(Repository::of(&place.path().join("tree")).unwrap().tags, ["v2"]);
}
