//! Layouts of real lock files, made by npm without addresses.

use super::*;
use crate::platform::Platform;
use crate::selection;
use nodejs_semver::Version;

fn check_for(text: &str, cpu: &str, libc: &str) -> String {
    let platform = Platform {
        os: "linux".to_owned(),
        cpu: cpu.to_owned(),
        libc: libc.to_owned(),
        node: Version::parse("24.11.1").unwrap(),
    };
    let lock = Lock::parse(text, "package-lock.json").unwrap();
    let layout = selection::select(&lock, &platform).and_then(|packages| Layout::of(&lock, &packages, "/workspace"));
    match layout {
        Ok(layout) => shown(&layout),
        Err(error) => format!("{error:?}"),
    }
}

fn check(text: &str) -> String {
    check_for(text, "x64", "glibc")
}

fn shown(layout: &Layout) -> String {
    let archives = layout.archives.iter().map(|it| format!("{} <- {}", it.path, it.source.source));
    let links = layout.links.iter().map(|(path, text)| format!("{path} -> {text}"));
    let programs = layout.programs.iter().map(|it| format!("{} -> {}", it.link, it.text));
    let application = layout.application.iter().map(|(directory, to)| format!("workspace {directory:?} uses {to}"));
    let scripts = layout.with_scripts.iter().map(|package| format!("not run: {package}"));
    archives.chain(links).chain(programs).chain(application).chain(scripts).collect::<Vec<_>>().join("\n")
}

/// The lock file of these packages; `"integrity": "x"` stands for a whole one.
fn lock(packages: &str) -> String {
    let packages = packages.replace(r#""x""#, &format!("\"sha512-{}==\"", "A".repeat(86)));
    format!(r#"{{ "lockfileVersion": 3, "packages": {{ "": {{}}, {packages} }} }}"#)
}

#[test]
fn workspaces_aliases_and_directories() {
    insta::assert_snapshot!(check(include_str!("../../tests/fixtures/workspaces.json")), @r#"
    node_modules/minimist <- npm:minimist/-/minimist-1.2.8.tgz
    node_modules/mkdirp <- npm:mkdirp/-/mkdirp-0.5.6.tgz
    node_modules/ms <- npm:ms/-/ms-2.1.3.tgz
    node_modules/semver <- npm:semver/-/semver-7.8.6.tgz
    node_modules/semver5 <- npm:semver/-/semver-5.7.3.tgz
    .workspaces/packages/api/node_modules/semver <- npm:semver/-/semver-6.3.2.tgz
    .workspaces/packages/ui/node_modules/ms <- npm:ms/-/ms-1.0.0.tgz
    .workspaces/vendor/util/node_modules/ini <- npm:ini/-/ini-4.1.3.tgz
    node_modules/@acme/ui -> ../../packages/ui
    node_modules/api -> ../packages/api
    node_modules/util-local -> ../vendor/util
    packages/api -> /workspace/packages/api
    packages/ui -> /workspace/packages/ui
    vendor/util -> /workspace/vendor/util
    node_modules/.bin/mkdirp -> ../mkdirp/bin/cmd.js
    node_modules/.bin/semver -> ../semver/bin/semver.js
    node_modules/.bin/semver -> ../semver5/bin/semver
    .workspaces/packages/api/node_modules/.bin/semver -> ../semver/bin/semver.js
    node_modules/.bin/api -> ../api/cli.js
    workspace "" uses node_modules
    workspace "packages/api" uses .workspaces/packages/api/node_modules
    workspace "packages/ui" uses .workspaces/packages/ui/node_modules
    workspace "vendor/util" uses .workspaces/vendor/util/node_modules
    "#);
}

#[test]
fn packages_for_other_platforms_are_left_out() {
    let text = include_str!("../../tests/fixtures/platforms.json");
    insta::assert_snapshot!(check_for(text, "x64", "glibc"), @r#"
    node_modules/detect-libc <- npm:detect-libc/-/detect-libc-2.1.2.tgz
    node_modules/lightningcss <- npm:lightningcss/-/lightningcss-1.33.0.tgz
    node_modules/lightningcss-linux-x64-gnu <- npm:lightningcss-linux-x64-gnu/-/lightningcss-linux-x64-gnu-1.33.0.tgz
    workspace "" uses node_modules
    "#);
    insta::assert_snapshot!(check_for(text, "arm64", "musl"), @r#"
    node_modules/detect-libc <- npm:detect-libc/-/detect-libc-2.1.2.tgz
    node_modules/lightningcss <- npm:lightningcss/-/lightningcss-1.33.0.tgz
    node_modules/lightningcss-linux-arm64-musl <- npm:lightningcss-linux-arm64-musl/-/lightningcss-linux-arm64-musl-1.33.0.tgz
    workspace "" uses node_modules
    "#);
}

#[test]
fn what_an_optional_package_alone_needs_goes_with_it() {
    let text = lock(
        r#"
        "node_modules/watch": { "version": "1.0.0", "integrity": "x", "dependencies": { "shared": "*" }, "optionalDependencies": { "mac": "*" } },
        "node_modules/mac": { "version": "1.0.0", "integrity": "x", "optional": true, "os": ["darwin"], "dependencies": { "bindings": "*", "shared": "*" } },
        "node_modules/bindings": { "version": "1.0.0", "integrity": "x", "optional": true, "dependencies": { "path": "*" } },
        "node_modules/path": { "version": "1.0.0", "integrity": "x", "optional": true },
        "node_modules/shared": { "version": "1.0.0", "integrity": "x" },
        "node_modules/newer": { "version": "1.0.0", "integrity": "x", "optional": true, "engines": { "node": ">=99" } },
        "node_modules/old": { "version": "1.0.0", "integrity": "x", "engines": ["node >=99"] }"#,
    );
    insta::assert_snapshot!(check(&text), @r#"
    node_modules/watch <- npm:watch/-/watch-1.0.0.tgz
    node_modules/shared <- npm:shared/-/shared-1.0.0.tgz
    node_modules/old <- npm:old/-/old-1.0.0.tgz
    workspace "" uses node_modules
    "#);
}

#[test]
fn a_needed_package_for_another_platform_is_an_error() {
    let text = lock(r#""node_modules/mac": { "version": "1.0.0", "os": ["darwin"], "cpu": "arm64" }"#);
    insta::assert_snapshot!(check(&text), @r"
    node/package/platform: `mac@1.0.0` is not for linux on x64 with glibc, but only for os darwin, cpu arm64
    hint: make it an optional dependency (`npm install --save-optional`), or build for a platform that it supports
    ");
}

#[test]
fn bundled_packages_come_with_their_bundler() {
    let text = lock(
        r#"
        "node_modules/a": { "version": "1.0.0", "integrity": "x", "hasInstallScript": true, "bin": "./a.js" },
        "node_modules/a/node_modules/b": { "version": "1.0.0", "inBundle": true, "bin": { "b": "../../b.js", "x/c": "./lib/c" } },
        "node_modules/left": { "version": "1.0.0", "extraneous": true },
        "node_modules/tool": { "version": "1.0.0", "dev": true }"#,
    );
    insta::assert_snapshot!(check(&text), @r#"
    node_modules/a <- npm:a/-/a-1.0.0.tgz
    node_modules/.bin/a -> ../a/a.js
    node_modules/a/node_modules/.bin/b -> ../b/b.js
    node_modules/a/node_modules/.bin/c -> ../b/lib/c
    workspace "" uses node_modules
    not run: a@1.0.0
    "#);
}

#[test]
fn links_stay_in_the_application() {
    insta::assert_snapshot!(check(&lock(r#""node_modules/a": { "link": true, "resolved": "../a" }"#)), @r"
    node/lock/location: `package-lock.json` links `a` to `../a`, which is outside the application
    hint: build from the directory that holds both, or publish the package to a registry
    ");
    insta::assert_snapshot!(check(&lock(r#""node_modules/self": { "link": true, "resolved": "" }"#)), @r#"
    node_modules/self -> /workspace
    workspace "" uses node_modules
    "#);
    let nested = lock(
        r#"
        "node_modules/a": { "link": true, "resolved": "p/a" }, "node_modules/b": { "link": true, "resolved": "p/a/b" },
        "p/a": {}, "p/a/b": {}, "p/a/node_modules/c": { "link": true, "resolved": "p/c" }, "p/c": {}"#,
    );
    insta::assert_snapshot!(check(&nested), @r#"
    .workspaces/p/a/node_modules/c -> /workspace/p/c
    node_modules/a -> ../p/a
    node_modules/b -> ../p/a/b
    p/a -> /workspace/p/a
    workspace "" uses node_modules
    workspace "p/a" uses .workspaces/p/a/node_modules
    "#);
}

#[test]
fn the_hidden_lock_file_is_what_npm_writes() {
    let text = "{\n  \"name\": \"x\",\n  \"lockfileVersion\": 2,\n  \"packages\": {\n    \"\": {},\n    \"node_modules/a\": {\n      \"version\": \"1.0.0\",\n      \"integrity\": \"sha512-x\"\n    },\n    \"node_modules/b\": {\n      \"dev\": true\n    }\n  },\n  \"dependencies\": {}\n}\n";
    let lock = Lock::parse(text, "package-lock.json").unwrap();
    insta::assert_snapshot!(hidden_lock(&lock, &[&lock.entries[0]]), @r#"
    {
      "name": "x",
      "lockfileVersion": 3,
      "requires": true,
      "packages": {
        "node_modules/a": {
          "version": "1.0.0",
          "integrity": "sha512-x"
        }
      }
    }
    "#);
}

#[test]
fn the_key_follows_the_packages() {
    let key = |text: &str| {
        let lock = Lock::parse(text, "package-lock.json").unwrap();
        let packages: Vec<&Entry> = lock.entries.iter().collect();
        Layout::of(&lock, &packages, "/workspace").unwrap().key().digest
    };
    let one = lock(r#""node_modules/a": { "version": "1.0.0", "integrity": "x" }"#);
    assert_eq!(key(&one), key(&one.replace("\"\": {}", "\"\": { \"license\": \"MIT\" }")));
    assert_ne!(key(&one), key(&one.replace("1.0.0", "1.0.1")));
    assert_ne!(key(&one), key(&one.replace("sha512-A", "sha512-B")));
}
