use super::*;
use crate::samples::chain;
use cap_std::ambient_authority;
use std::path::Path;

fn open(path: &Path) -> Dir {
    Dir::open_ambient_dir(path, ambient_authority()).unwrap()
}

/// A directory with these files, of which only the rules have contents.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, contents) in files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
    }
    directory
}

/// The files that are taken in, or the error.
fn check(files: &[(&str, &str)], rules: &Rules) -> String {
    match read(&open(directory(files).path()), rules) {
        Ok(tree) => {
            let paths = tree.walk().map(|entry| match entry.node {
                Node::Directory(_) => entry.path + "/",
                _ => entry.path,
            });
            paths.collect::<Vec<_>>().join("\n")
        }
        Err(error) => chain(&error),
    }
}

const GIT: &[(&str, &str)] = &[
    (".gitignore", "# comment\n*.log\n!keep.log\n/dist\nbuild/\n**/cache/**\n\\#odd\nsub/only\n[broken\n"),
    (".git/config", ""),
    ("#odd", ""),
    ("a.log", ""),
    ("keep.log", ""),
    ("dist/x", ""),
    ("deep/dist/x", ""),
    ("deep/build/x", ""),
    ("build", ""),
    ("deep/cache/x", ""),
    ("deep/.gitignore", "/here\n!a.log\n*.txt"),
    ("deep/a.log", ""),
    ("deep/here", ""),
    ("deep/sub/only", ""),
    ("deep/er/here", ""),
    ("deep/er/x.txt", ""),
    ("deep/er/.gitignore", "!x.txt"),
    ("deep/er/.git", ""),
    ("sub/only", ""),
    ("sub/x.txt", ""),
];

#[test]
fn git_ignore_files_hold_where_they_stand() {
    insta::assert_snapshot!(check(GIT, &Rules::default()), @"
    .gitignore
    build
    deep/
    deep/.gitignore
    deep/a.log
    deep/cache/
    deep/dist/
    deep/dist/x
    deep/er/
    deep/er/.gitignore
    deep/er/here
    deep/er/x.txt
    deep/sub/
    deep/sub/only
    keep.log
    sub/
    sub/x.txt
    ");
}

#[test]
fn w24_without_rules_only_version_control_is_left_out() {
    let taken = check(GIT, &Rules::none());
    assert_eq!(taken.lines().filter(|line| !line.ends_with('/')).count(), GIT.len() - 2);
    assert!(!taken.contains(".git\n") && !taken.contains(".git/"));
}

#[test]
fn the_first_kind_of_rules_that_knows_a_path_decides() {
    let files = [
        (".gitignore", "dist\n*.txt\n"),
        (".wattleignore", "!dist\ndocs\n"),
        ("dist/app.js", ""),
        ("dist/app.txt", ""),
        ("docs/page", ""),
        ("docs2/page", ""),
        ("secret", ""),
        ("x.txt", ""),
    ];
    let rules = Rules { extra: vec!["/secret".into(), "!x.txt".into()], ..Rules::default() };
    insta::assert_snapshot!(check(&files, &rules), @"
    .gitignore
    .wattleignore
    dist/
    dist/app.js
    docs2/
    docs2/page
    x.txt
    ");
}

const PROJECT: &[(&str, &str)] = &[
    (".gitignore", "*.log"),
    ("README.md", ""),
    ("docs/deep/page.md", ""),
    ("docs/style.css", ""),
    ("empty.d/only.txt", ""),
    ("src/app.js", ""),
    ("src/app.log", ""),
    ("src/secret/key", ""),
    ("src/secret/public", ""),
    ("test/src/app.js", ""),
];

#[test]
fn j2_what_a_project_includes_is_tested_path_by_path() {
    let check = |lines: &[&str]| {
        let selection = Selection::Include(lines.iter().map(|line| (*line).to_owned()).collect());
        check(PROJECT, &Rules { selection, ..Rules::default() }).replace('\n', " ")
    };
    insta::assert_snapshot!(check(&["/src", "!secret/", "*.md"]), @"README.md docs/ docs/deep/ docs/deep/page.md src/ src/app.js");
    // Something below a directory that is not selected can be.
    insta::assert_snapshot!(check(&["src/", "!src/secret", "src/secret/public"]), @"src/ src/app.js src/secret/ src/secret/public test/ test/src/ test/src/app.js");
    insta::assert_snapshot!(check(&["nothing", "# comment"]), @"");
    insta::assert_snapshot!(check(&["{a"]), @"cannot follow the pattern `{a` of `project.toml`: error parsing glob '{a': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)");
}

#[test]
fn j2_what_a_project_excludes_is_tested_path_by_path() {
    let check = |lines: &[&str]| {
        let selection = Selection::Exclude(lines.iter().map(|line| (*line).to_owned()).collect());
        check(PROJECT, &Rules { selection, ..Rules::default() }).replace('\n', " ")
    };
    insta::assert_snapshot!(check(&["docs/", "*.txt", "/src/secret", "!src/secret/public"]), @".gitignore README.md empty.d/ src/ src/app.js src/secret/ src/secret/public test/ test/src/ test/src/app.js");
    // What an ignore file leaves out is not brought back.
    insta::assert_snapshot!(check(&["*", "!*.log", "!src"]), @"src/ test/ test/src/");
}

const DOCKER: &[(&str, &str)] = &[
    (
        ".dockerignore",
        "# comment\n*.md\n!README.md\n  /node_modules/ \n!node_modules/kept\n*/temp*\n**/*.log\nsrc/./x/../y\n**y.tmp\n{a,b}\n",
    ),
    ("README.md", ""),
    ("NEWS.md", ""),
    ("docs/NEWS.md", ""),
    ("node_modules/kept/index", ""),
    ("node_modules/gone/index", ""),
    ("lib/node_modules/index", ""),
    ("lib/temporary", ""),
    ("lib/deep/temporary", ""),
    ("lib/deep/x.log", ""),
    ("lib/deep/x.tmp", ""),
    ("lib/deep/y.tmp", ""),
    ("lib/.dockerignore", "*"),
    ("src/y", ""),
    ("src/x/y", ""),
    ("temp", ""),
    ("a", ""),
    ("{a,b}", ""),
];

#[test]
fn the_docker_ignore_file_holds_from_the_root() {
    let rules = Rules { docker_ignore: true, ..Rules::default() };
    insta::assert_snapshot!(check(DOCKER, &rules), @"
    .dockerignore
    README.md
    a
    docs/
    docs/NEWS.md
    lib/
    lib/.dockerignore
    lib/deep/
    lib/deep/temporary
    lib/deep/x.tmp
    lib/node_modules/
    lib/node_modules/index
    node_modules/
    node_modules/kept/
    node_modules/kept/index
    src/
    src/x/
    src/x/y
    temp
    ");
    let everything = [(".dockerignore", "*\n!src\nsrc/secret"), ("other", ""), ("src/a/b", ""), ("src/secret", "")];
    insta::assert_snapshot!(check(&everything, &rules), @"
    src/
    src/a/
    src/a/b
    ");
}

#[test]
fn a_pattern_of_ours_that_cannot_be_followed_is_an_error() {
    let docker = Rules { docker_ignore: true, ..Rules::default() };
    let outcomes = [
        check(&[("a/.wattleignore", "fine\n{a")], &Rules::default()),
        check(&[], &Rules { extra: vec!["{a".into()], ..Rules::default() }),
        check(&[(".dockerignore", "[a")], &docker),
        check(&[(".dockerignore", "! ")], &docker),
    ];
    insta::assert_snapshot!(outcomes.join("\n"), @"
    cannot follow the pattern `{a` of `a/.wattleignore`: error parsing glob '{a': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
    cannot follow the pattern `{a` of `extra`: error parsing glob '{a': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
    cannot follow the pattern `[a` of `.dockerignore`: unclosed character class; missing ']'
    cannot follow the pattern `!` of `.dockerignore`: there is nothing after `!`
    ");
}

#[test]
fn a_file_that_changed_is_not_read() {
    let directory = directory(&[]);
    let path = directory.path().join("large");
    let gone = directory.path().join("gone");
    std::fs::write(&path, vec![1; 100_000]).unwrap();
    std::fs::write(&gone, vec![1; 100_000]).unwrap();
    let tree = read(&open(directory.path()), &Rules::default()).unwrap();
    let blob = &tree.file("large").unwrap().blob;
    assert_eq!(blob.to_vec().unwrap(), vec![1; 100_000]);
    std::fs::write(&path, vec![2; 100_001]).unwrap();
    std::fs::remove_file(&gone).unwrap();
    let errors = [blob, &tree.file("gone").unwrap().blob].map(|blob| blob.to_vec().unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"), @"
    `large` was changed after it was taken in: build again when nothing writes to it
    `gone` was changed after it was taken in: build again when nothing writes to it
    ");
}

#[cfg(unix)]
mod unix {
    use super::*;
    use crate::samples::{listing, trees};
    use crate::write::to_directory;
    use proptest::prelude::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the standard library makes no named pipes")]
    fn i58_what_is_no_file_and_what_cannot_be_read_is_named() {
        let (socket, pipe) = (directory(&[("a/file", "")]), directory(&[("a/file", "")]));
        let _listener = std::os::unix::net::UnixListener::bind(socket.path().join("a/socket")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(pipe.path().join("a/pipe")).status().unwrap().success());
        let errors =
            [socket, pipe].map(|directory| chain(&read(&open(directory.path()), &Rules::default()).unwrap_err()));
        insta::assert_snapshot!(errors.join("\n"), @"
        `a/socket` cannot be part of an application: it is neither a file, a directory nor a symbolic link
        `a/pipe` cannot be part of an application: it is neither a file, a directory nor a symbolic link
        ");

        let closed = directory(&[("a/closed", "x")]);
        let path = closed.path().join("a/closed");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
        // The superuser may read everything.
        if std::fs::read(&path).is_err() {
            let error = chain(&read(&open(closed.path()), &Rules::default()).unwrap_err());
            assert!(error.starts_with("cannot read `a/closed`: "), "{error}");
        }
    }

    #[test]
    fn i58_hard_links_are_files_of_their_own_and_of_modes_only_the_executable_bit_counts() {
        let directory = directory(&[("file", "x"), ("tool", "#!"), ("own", "")]);
        std::fs::hard_link(directory.path().join("file"), directory.path().join("link")).unwrap();
        let mode = |name: &str, mode| {
            let path = directory.path().join(name);
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        };
        mode("tool", 0o6750);
        mode("own", 0o600);
        let tree = read(&open(directory.path()), &Rules::default()).unwrap();
        let executable = |name| tree.file(name).unwrap().executable;
        assert_eq!(["file", "link", "own", "tool"].map(executable), [false, false, false, true]);
        assert_eq!(tree.file("link").unwrap().blob.to_vec().unwrap(), b"x");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_or_a_target_that_is_not_text_is_an_error() {
        use std::os::unix::ffi::OsStrExt;
        let odd = std::ffi::OsStr::from_bytes(b"odd\xff");
        let named = directory(&[("a/file", "")]);
        std::fs::write(named.path().join("a").join(odd), "").unwrap();
        let linked = directory(&[("a/file", "")]);
        symlink(odd, linked.path().join("a/link")).unwrap();
        let errors =
            [named, linked].map(|directory| chain(&read(&open(directory.path()), &Rules::default()).unwrap_err()));
        insta::assert_snapshot!(errors.join("\n"), @"
        `a/odd�` cannot be part of an application: its name is not UTF-8
        `a/link` cannot be part of an application: its target is not UTF-8
        ");
    }

    #[test]
    fn links_are_taken_as_they_are() {
        let outside = directory(&[("secret", "")]);
        let directory = directory(&[("a", "1")]);
        symlink(outside.path(), directory.path().join("out")).unwrap();
        symlink("a", directory.path().join(".gitignore")).unwrap();
        symlink("nowhere", directory.path().join("broken")).unwrap();
        let tree = read(&open(directory.path()), &Rules::default()).unwrap();
        let listed = listing(&tree).replace(outside.path().to_str().unwrap(), "OUTSIDE");
        insta::assert_snapshot!(listed, @r#"
        .gitignore -> a
        a "1"
        broken -> nowhere
        out -> OUTSIDE
        "#);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_tree_comes_back_from_a_directory(tree in trees("[a-e.-]{1,3}")) {
            let directory = tempfile::tempdir().unwrap();
            to_directory(&tree, &open(directory.path())).unwrap();
            let back = read(&open(directory.path()), &Rules::none()).unwrap();
            prop_assert_eq!(listing(&back), listing(&tree));
            prop_assert_eq!(back.digest().unwrap(), tree.digest().unwrap());
        }
    }
}
