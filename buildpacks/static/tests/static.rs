//! The static buildpack in the sandbox: which applications are sites, what becomes of them, and what it says of mistakes.

#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]

use wattle_buildpack_test::{App, LayerState, Sandbox};

fn app<const N: usize>(files: [(&str, &str); N]) -> App {
    Sandbox::of_package("static-buildpack")
        .app(files)
        .package("nginx", "1.22.1-9")
        .package_of_run_image("dash", "0.5.12-2")
        .package_of_run_image("coreutils", "9.1-1")
}

fn site() -> App {
    app([("public/index.html", "<h1>Hello</h1>"), ("public/.git/config", "secret"), ("README.md", "about")])
}

/// An application of files that are there and a `package.json`.
fn project(package_json: &str, files: &[&str]) -> App {
    let app = app([("package.json", package_json)]);
    files.iter().fold(app, |app, file| app.file(file, "there"))
}

fn detect(app: &App) -> String {
    app.detect().to_string()
}

fn error(app: &App) -> String {
    app.build().unwrap_err().to_string()
}

/// What the build says of the folder that is served.
fn served(app: &App) -> String {
    app.build().unwrap().log().lines().next().unwrap_or_default().to_owned()
}

#[test]
fn takes_part_where_there_is_a_site() {
    insta::assert_snapshot!(site().detect(), @"pass: provides nginx, requires nginx");
    insta::assert_snapshot!(site().without("public").detect(), @"skip: there is no `index.html` in the application, `public`, `dist`, `build`, `_site`, `out`, `site` or `www`");
    insta::assert_snapshot!(site().file("Procfile", "web: serve").detect(), @"skip: `Procfile` says what to start");
    insta::assert_snapshot!(site().env("BP_WEB_SERVER", "httpd").detect(), @"skip: `BP_WEB_SERVER` is `httpd`, and this serves with `nginx`");
    insta::assert_snapshot!(app([("index.html", ""), ("go.mod", "")]).detect(), @"skip: `index.html` lies beside `go.mod`, the source of a program (`BP_WEB_SERVER_ROOT=.` serves it nevertheless)");
    insta::assert_snapshot!(site().arch("riscv64").detect(), @"skip: it does not build for linux/riscv64");
}

#[test]
fn leaves_programs_to_node() {
    let index = ["public/index.html", "dist/index.html"];
    let cases = [
        project(r#"{"scripts": {"start": "node x"}}"#, &index),
        project(r#"{"main": "./lib"}"#, &["public/index.html", "lib/index.js"]),
        project("{}", &["public/index.html", "server.js"]),
        project("{", &index),
        project("{}", &["server.js"]),
        project(r#"{"main": "index.js", "scripts": {"start": " ", "dev": "vite"}}"#, &index),
    ];
    insta::assert_snapshot!(cases.each_ref().map(detect).join("\n"), @r#"
    skip: `scripts.start` in `package.json` starts a program
    skip: `main` in `package.json`, `./lib`, starts a program
    skip: `server.js` beside `package.json` starts a program
    skip: `package.json` cannot be read
    skip: `server.js` beside `package.json` starts a program
    pass: provides nginx, requires nginx
    "#);
    let asked = cases.map(|case| detect(&case.env("BP_WEB_SERVER", "nginx")));
    assert!(asked.iter().all(|verdict| verdict.starts_with("pass")), "{asked:?}");
}

#[test]
fn the_folder_of_a_site() {
    let built = r#"{"scripts": {"build": "vite build"}}"#;
    let cases = [
        site(),
        site().file("index.html", "").file("dist/index.html", ""),
        app([("index.html", ""), ("_site/other.html", "")]),
        app([("_site/index.html", "")]),
        app([("a/b c/x.html", "")]).env("BP_WEB_SERVER_ROOT", "./a//b c/"),
        app([("x.html", "")]).env("BP_WEB_SERVER_ROOT", "/workspace"),
        app([(".vitepress/dist/x.html", "")]).env("BP_WEB_SERVER_ROOT", ".vitepress/dist"),
        project(built, &["index.html", "public/index.html", "dist/index.html"]),
        project("{}", &["index.html"]),
        project(built, &["build/index.html"]).file("public/index.html", "<a href=%PUBLIC_URL%>"),
    ];
    insta::assert_snapshot!(cases.each_ref().map(served).join("\n"), @r#"
    `public` by nginx 1.22.1-9: 1 file
    `public` by nginx 1.22.1-9: 1 file
    the application itself by nginx 1.22.1-9: 2 files
    `_site` by nginx 1.22.1-9: 1 file
    `a/b c` by nginx 1.22.1-9: 1 file
    the application itself by nginx 1.22.1-9: 1 file
    `.vitepress/dist` by nginx 1.22.1-9: 1 file
    `dist` by nginx 1.22.1-9: 1 file
    the application itself by nginx 1.22.1-9: 2 files
    `build` by nginx 1.22.1-9: 1 file
    "#);
}

#[test]
fn a_site_becomes_an_image() {
    let first = site().build().unwrap();
    insta::assert_snapshot!(first, @r#"
    layer server launch: created
      root = public
      site = e7555b318c9eccea6e25
      text = 58625d0c42f4b600de83dbec8346157868f4eebbc6450afe94c2ba9df1c32cea
      serve* (1753 bytes)
      site.conf (2341 bytes)
    process web (default): /layers/wattle_static/server/serve
    package nginx 1.22.1-9
    package dash 0.5.12-2 (of the run image)
    package coreutils 9.1-1 (of the run image)
    | `public` by nginx 1.22.1-9: 1 file
    "#);
    assert!(first.layer("server").file("site.conf").contains("root \"/workspace/public\";"));
    assert!(first.layer("server").file("serve").starts_with("#!/bin/sh\n"));
    insta::assert_snapshot!(first.rebuild().unwrap(), @r#"
    layer server launch: kept
    process web (default): /layers/wattle_static/server/serve
    package nginx 1.22.1-9
    package dash 0.5.12-2 (of the run image)
    package coreutils 9.1-1 (of the run image)
    | `public` by nginx 1.22.1-9: 1 file
    "#);
}

#[test]
fn the_validator_changes_with_what_is_served_alone() {
    let first = site().build().unwrap();
    let state = |app: App| app.after(&first).build().unwrap().layer("server").state().clone();
    assert_eq!(state(site().file("README.md", "more").file("public/.env", "x")), LayerState::Kept);
    assert_ne!(state(site().file("public/index.html", "<h1>World</h1>")), LayerState::Kept);
    assert_ne!(state(site().file("public/b.html", "")), LayerState::Kept);
    assert_ne!(state(site().env("BP_WEB_SERVER_FORCE_HTTPS", "true")), LayerState::Kept);

    let linked = || site().file("data.txt", "1").link("public/data.txt", "../data.txt");
    let first = linked().build().unwrap();
    let state = |app: App| app.after(&first).build().unwrap().layer("server").state().clone();
    assert_eq!(state(linked()), LayerState::Kept);
    assert_ne!(state(linked().file("data.txt", "2")), LayerState::Kept);
}

#[test]
fn mistakes_are_pointed_at() {
    let unbuilt = project(r#"{"scripts": {"build": "vite build"}}"#, &["index.html"]);
    let cases = [
        site().env("BP_WEB_SERVER_ROOT", "dist"),
        site().env("BP_WEB_SERVER_ROOT", "README.md"),
        site().env("BP_WEB_SERVER_ROOT", "../public"),
        site().env("BP_WEB_SERVER_ROOT", "/srv/www"),
        site().file("a$b/index.html", "").env("BP_WEB_SERVER_ROOT", "a$b"),
        app([("x.html", "")]).env("BP_WEB_SERVER", "nginx"),
        unbuilt,
        site().env("BP_WEB_SERVER_FORCE_HTTPS", "yes, please"),
        site().file("x/a.html", "").env("BP_WEB_SERVER_ROOT", "x").env("BP_WEB_SERVER_ENABLE_PUSH_STATE", "TRUE"),
        site().env("BP_STATIC_CACHE_CONTROL", "*.pdf = public; /a = \"x\"; /b = { }"),
    ];
    insta::assert_snapshot!(cases.each_ref().map(error).join("\n\n"), @r#"
    static/root/unknown (user): `BP_WEB_SERVER_ROOT` names the folder `dist`, which is not there
    hint: name a folder of the application, such as `public`, or `.` for all of it
    hint: if a build step makes it, run that first, and see that no ignore file leaves the result out

    static/root/unknown (user): `BP_WEB_SERVER_ROOT` names the folder `README.md`, which is a file
    hint: name a folder of the application, such as `public`, or `.` for all of it
    hint: if a build step makes it, run that first, and see that no ignore file leaves the result out

    static/root/outside (user): `BP_WEB_SERVER_ROOT` is `../public`, which leads out of the application
    hint: name a folder of the application, such as `public`

    static/root/outside (user): `BP_WEB_SERVER_ROOT` is `/srv/www`, which leads out of the application
    hint: name a folder of the application, such as `public`

    static/root/name (user): `BP_WEB_SERVER_ROOT` names the folder `a$b`, which has `$` in its name: nginx cannot serve it
    hint: rename the folder

    static/root/missing (user): nothing to serve: there is no `index.html` in the application, `public`, `dist`, `build`, `_site`, `out`, `site` or `www`
    hint: name the folder that has it: `BP_WEB_SERVER_ROOT=target/site`
    hint: if it is there, an ignore file may leave it out: `!public` in `.wattleignore` brings it back

    static/root/not-built (user): the site is not built: `package.json` has a `build` script, and no `index.html` is in `public`, `dist`, `build`, `_site`, `out`, `site` or `www`
    hint: build it first: `npm run build`
    hint: if the folder is there, `.gitignore` may leave it out: write `!dist` into `.wattleignore`
    hint: or name another folder: `BP_WEB_SERVER_ROOT=target/site`

    static/setting/switch (user): `BP_WEB_SERVER_FORCE_HTTPS` is `yes, please`: expected `true` or `false`
    hint: write `BP_WEB_SERVER_FORCE_HTTPS=true`, or leave it out

    static/push-state/no-index (user): `BP_WEB_SERVER_ENABLE_PUSH_STATE` is set, but `x` has no `index.html` to serve
    hint: name the folder that has it: `BP_WEB_SERVER_ROOT=dist`
    hint: or leave out `BP_WEB_SERVER_ENABLE_PUSH_STATE`

    static/cache-control/malformed (user): entry 2 of `BP_STATIC_CACHE_CONTROL`, `/a = "x"`, has `"x"` in its value: expected `immutable`, `must-revalidate`, `must-understand`, `no-cache`, `no-store`, `no-transform`, `private`, `proxy-revalidate`, `public`, or a number of seconds for `max-age`, `s-maxage`, `stale-if-error`, `stale-while-revalidate`
    hint: write `pattern = value`, one a line or with `;` between, such as `/downloads/ = public, max-age=86400`
    "#);
}
