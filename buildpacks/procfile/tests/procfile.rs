//! The Procfile buildpack in the sandbox.

use wattle_buildpack_test::{App, LayerState, Sandbox};

fn app(procfile: &str) -> App {
    Sandbox::of_package("procfile-buildpack").app([("Procfile", procfile)])
}

#[test]
fn takes_part_where_there_is_a_procfile() {
    insta::assert_snapshot!(app("web: true").detect(), @"pass");
    insta::assert_snapshot!(app("").without("Procfile").detect(), @"skip: there is no `Procfile`");
}

#[test]
fn processes_become_those_of_the_image() {
    let built =
        app("# what runs\nweb: node server.js --name 'a b'\nworker: sleep 1 && node worker.js\n").build().unwrap();
    insta::assert_snapshot!(built, @r#"
    process web (default): node server.js --name "a b"
    process worker: /bin/sh -c "sleep 1 && node worker.js"
    | web: node server.js --name 'a b'
    | worker: sleep 1 && node worker.js (`&&` needs a shell)
    "#);
    insta::assert_snapshot!(app("clock: tick").build().unwrap(), @"
    process clock (default): tick
    | clock: tick
    ");
}

#[test]
fn variables_are_for_their_process_alone() {
    let first = app("web: PORT=80 MODE=fast serve\nworker: MODE=slow work\n").build().unwrap();
    insta::assert_snapshot!(first, @r#"
    layer environment launch: created
      web.MODE = fast
      web.PORT = 80
      worker.MODE = slow
      env.launch/web/MODE.override "fast"
      env.launch/web/PORT.override "80"
      env.launch/worker/MODE.override "slow"
    process web (default): serve
    process worker: work
    | web: serve
    | worker: work
    "#);
    insta::assert_debug_snapshot!((first.environment("web"), first.environment("worker")), @r#"
    (
        {
            "MODE": "fast",
            "PORT": "80",
        },
        {
            "MODE": "slow",
        },
    )
    "#);
    assert_eq!(first.rebuild().unwrap().layer("environment").state(), &LayerState::Kept);
    let changed = app("web: PORT=81 MODE=fast serve\nworker: MODE=slow work\n").after(&first).build().unwrap();
    assert_eq!(changed.environment("web")["PORT"], "81");
}

#[test]
fn scripts_of_npm_are_followed() {
    let root = r#"{ "workspaces": ["packages/*"], "scripts": { "start": "A=1 node server.js" } }"#;
    let api = r#"{ "name": "@shop/api", "scripts": { "prework": "x", "work": "worker" } }"#;
    let app = |procfile| {
        let app = app(procfile).file("package.json", root).file("packages/api/package.json", api);
        app.link("packages/api/node_modules", "/layers/elsewhere")
    };
    let built = app("web: npm start -- --port 80\nworker: B=2 npm run work -w @shop/api\n").build().unwrap();
    insta::assert_snapshot!(built, @r#"
    layer environment launch: created
      web.A = 1
      worker.B = 2
      env.launch/web/A.override "1"
      env.launch/worker/B.override "2"
      env.launch/worker/PATH.delim ":"
      env.launch/worker/PATH.prepend "/workspace/packages/api/node_modules/.bin"
    process web (default): node server.js --port 80
    process worker: worker in /workspace/packages/api
    | web: node server.js --port 80
    | worker: worker in `packages/api`
    |   `scripts.prework` in `packages/api/package.json` is not run
    "#);
    insta::assert_snapshot!(built.environment("worker")["PATH"], @"/workspace/packages/api/node_modules/.bin");
    insta::assert_snapshot!(app("web: npm start -w api").build().unwrap_err(), @r#"
    procfile/start/workspace (user): `web` in `Procfile` runs a script of the workspace `api`, and `package.json` has no such workspace
    hint: the nearest that exist are `@shop/api`
    "#);
    insta::assert_snapshot!(app("web: npm start").without("package.json").build().unwrap().process("web").command.join(" "), @"npm start");
}

#[test]
fn mistakes_are_pointed_at() {
    let cases = ["", "web node server.js", "web: node\nweb: node", "we b: node", "web:", "web: echo 'a"];
    let all: Vec<String> = cases.iter().map(|text| app(text).build().unwrap_err().to_string()).collect();
    insta::assert_snapshot!(all.join("\n\n"), @"
    procfile/malformed (user): `Procfile` has no process
    hint: write one process a line, as `type: command`, such as `web: node server.js`

    procfile/malformed (user): line 1 of `Procfile` should be `type: command`, but there is no colon in `web node server.js`
    hint: write one process a line, as `type: command`, such as `web: node server.js`

    procfile/malformed (user): line 2 of `Procfile` names the process `web` a second time
    hint: write one process a line, as `type: command`, such as `web: node server.js`

    procfile/malformed (user): line 1 of `Procfile` should start with a type of process made of letters, digits, `.`, `_` and `-`, but it is `we b`
    hint: write one process a line, as `type: command`, such as `web: node server.js`

    procfile/malformed (user): line 1 of `Procfile` has no command for `web`: there is no program to start
    hint: write one process a line, as `type: command`, such as `web: node server.js`

    procfile/malformed (user): line 1 of `Procfile` has no command for `web`: a quotation mark is not closed
    hint: write one process a line, as `type: command`, such as `web: node server.js`
    ");
}
