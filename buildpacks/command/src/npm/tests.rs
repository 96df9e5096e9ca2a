//! Scripts of an application of two packages, and of one that has neither.

use super::*;
use std::collections::BTreeMap;

struct Application(BTreeMap<&'static str, String>);

impl Files for Application {
    fn read(&self, path: &str) -> Option<String> {
        self.0.get(path).cloned()
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let below = package::child(directory, "");
        let names = self.0.keys().filter_map(|path| path.strip_prefix(&below)?.split('/').next());
        names.collect::<std::collections::BTreeSet<_>>().into_iter().map(str::to_owned).collect()
    }

    fn exists(&self, path: &str) -> bool {
        self.0.keys().any(|it| *it == path || it.starts_with(&format!("{path}/")))
    }
}

fn application(workspaces: &str) -> Application {
    let root = format!(
        r#"{{ "name": "shop", "workspaces": {workspaces}, "scripts": {{
            "serve": "PORT=80 node server.js", "preserve": "x", "spin": "npm run spin", "shell": "node server.js $X",
            "api": "npm start -w @shop/api -- --fast", "chain": "A=1 B=1 npm run api"
        }} }}"#
    );
    Application(BTreeMap::from([
        ("package.json", root),
        ("server.js", String::new()),
        (
            "packages/api/package.json",
            r#"{ "name": "@shop/api", "scripts": { "start": "B=2 npm run main", "main": "node main.js", "up": "npm --prefix .. run x" } }"#.to_owned(),
        ),
        ("packages/web/package.json", "\u{feff}{}".to_owned()),
        ("packages/web/server.js", String::new()),
        ("packages/old/package.json", r#"{ "name": "old" }"#.to_owned()),
        ("packages/readme", String::new()),
        ("tools/deep/er/package.json", r#"{ "scripts": { "start": "tool" } }"#.to_owned()),
        ("broken/package.json", "[".to_owned()),
    ]))
}

fn shown(start: Result<Start, ScriptError>) -> String {
    match start {
        Ok(Start { command, environment, directory, notes, .. }) => {
            let variables = environment.iter().map(|(name, value)| format!("{name}={value}"));
            let words = variables.chain([format!("{:?}", command.words())]).collect::<Vec<_>>().join(" ");
            let place = if directory.is_empty() { words } else { format!("{words} in {directory}") };
            [place].into_iter().chain(notes).collect::<Vec<_>>().join("\n  ")
        }
        Err(error) => format!("{}: {error}\nhint: {}", error.code(), error.hint()),
    }
}

fn check_in(workspaces: &str, line: &str) -> String {
    shown(follow(line, "`web` in `Procfile`", &application(workspaces)))
}

fn check(line: &str) -> String {
    check_in(r#"["packages/*", "!packages/old", "tools/**"]"#, line)
}

#[test]
fn scripts_are_followed() {
    insta::assert_snapshot!(check("npm run serve"), @r#"
    PORT=80 ["node", "server.js"]
      `scripts.preserve` in `package.json` is not run
    "#);
    insta::assert_snapshot!(check("A=1 npm run -s serve -- --fast"), @r#"
    A=1 PORT=80 ["node", "server.js", "--fast"]
      `scripts.preserve` in `package.json` is not run
    "#);
    insta::assert_snapshot!(check("npm run serve --silent fast"), @r#"
    PORT=80 ["node", "server.js", "fast"]
      `scripts.preserve` in `package.json` is not run
    "#);
    insta::assert_snapshot!(check("npm start x"), @r#"["node", "server.js", "x"]"#);
    insta::assert_snapshot!(check("npm run shell -- 'a b'"), @r#"["/bin/sh", "-c", "exec node server.js $X 'a b'"]"#);
    insta::assert_snapshot!(check("npm run spin"), @r#"
    start/circular: `scripts.spin` in `package.json` runs `spin`, which leads back to it
    hint: let one of them name the program
    "#);
    insta::assert_snapshot!(check("npm run serves"), @r#"
    start/unknown: `web` in `Procfile` runs the script `serves`, which `package.json` does not have
    hint: the nearest that exist are `serve`, `preserve`, `shell`, `spin`, `api`
    "#);
}

#[test]
fn workspaces_are_named_by_package_or_directory() {
    let all = [
        "npm start -w @shop/api",
        "npm start --workspace=packages/api",
        "npm -w ./packages/api/ run main -- x",
        "npm run --workspace @shop/api start",
        "npm --prefix packages/api start",
        "npm -C packages/api run main",
        "npm start -w web",
        "npm start -w tools/deep/er",
        "npm run chain",
        "yarn workspace @shop/api start",
        "yarn --cwd packages/api main --x",
        "pnpm --filter @shop/api run main",
        "pnpm -C packages/api start",
        "bun run --filter=@shop/api main",
    ];
    let all: Vec<String> = all.into_iter().map(|line| format!("{line}: {}", check(line))).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    npm start -w @shop/api: B=2 ["node", "main.js"] in packages/api
    npm start --workspace=packages/api: B=2 ["node", "main.js"] in packages/api
    npm -w ./packages/api/ run main -- x: ["node", "main.js", "x"] in packages/api
    npm run --workspace @shop/api start: B=2 ["node", "main.js"] in packages/api
    npm --prefix packages/api start: B=2 ["node", "main.js"] in packages/api
    npm -C packages/api run main: ["node", "main.js"] in packages/api
    npm start -w web: ["node", "server.js"] in packages/web
    npm start -w tools/deep/er: ["tool"] in tools/deep/er
    npm run chain: A=1 B=1 B=2 ["node", "main.js", "--fast"] in packages/api
    yarn workspace @shop/api start: B=2 ["node", "main.js"] in packages/api
    yarn --cwd packages/api main --x: ["node", "main.js", "--x"] in packages/api
    pnpm --filter @shop/api run main: ["node", "main.js"] in packages/api
    pnpm -C packages/api start: B=2 ["node", "main.js"] in packages/api
    bun run --filter=@shop/api main: ["node", "main.js"] in packages/api
    "#);
    insta::assert_snapshot!(check_in(r#"{ "packages": ["packages/api"] }"#, "npm start -w packages/api"), @r#"B=2 ["node", "main.js"] in packages/api"#);
}

#[test]
fn what_cannot_be_followed_says_why() {
    let all = [
        "npm start -w api",
        "npm start -w old",
        "npm start -w @shop/api -w web",
        "npm start --workspaces",
        "npm -C .. start",
        "npm -C packages/api run up",
        "npm -C nowhere start",
        "npm -C broken start",
        "npm run main -w packages/web",
        "node 'x",
    ];
    let all: Vec<String> = all.into_iter().map(|line| format!("{line}\n{}", check(line))).collect();
    insta::assert_snapshot!(all.join("\n\n"), @r#"
    npm start -w api
    start/workspace: `web` in `Procfile` runs a script of the workspace `api`, and `package.json` has no such workspace
    hint: the nearest that exist are `@shop/api`, `er`, `web`

    npm start -w old
    start/workspace: `web` in `Procfile` runs a script of the workspace `old`, and `package.json` has no such workspace
    hint: the nearest that exist are `@shop/api`, `er`, `web`

    npm start -w @shop/api -w web
    start/several: `web` in `Procfile` runs `start` of several workspaces, and a process is one program
    hint: name one workspace, and write a line for each of the others into a `Procfile`

    npm start --workspaces
    start/several: `web` in `Procfile` runs `start` of several workspaces, and a process is one program
    hint: name one workspace, and write a line for each of the others into a `Procfile`

    npm -C .. start
    start/outside: `web` in `Procfile` runs a script in `..`, which is outside the application
    hint: build from the directory that holds both

    npm -C packages/api run up
    start/workspace: `scripts.up` in `packages/api/package.json` runs a script in `packages`, where no `package.json` is
    hint: see whether an ignore file leaves `packages` out

    npm -C nowhere start
    start/workspace: `web` in `Procfile` runs a script in `nowhere`, where no `package.json` is
    hint: see whether an ignore file leaves `nowhere` out

    npm -C broken start
    json/malformed: could not read the scripts of `broken/package.json`
    hint: correct `broken/package.json`

    npm run main -w packages/web
    start/unknown: `web` in `Procfile` runs the script `main`, which `packages/web/package.json` does not have
    hint: add it: `npm pkg set scripts.main="node server.js"`

    node 'x
    start/malformed: could not read `web` in `Procfile`, `node 'x`
    hint: write it as a program and its arguments, such as `node server.js`
    "#);
    insta::assert_snapshot!(check_in("[]", "npm start -w api"), @r#"
    start/workspace: `web` in `Procfile` runs a script of the workspace `api`, and `package.json` has no such workspace
    hint: name its directory under `workspaces` in `package.json`, and see that no ignore file leaves it out
    "#);
}

#[test]
fn programs_of_packages() {
    let all = [
        "npx next start",
        "npx --yes serve@14 -s dist",
        "npx @acme/tool@2 x",
        "npm exec -- next start",
        "yarn next start",
        "pnpm exec next start",
        "bunx next",
        "npx -p a b",
        "npm ci",
        "yarn",
        "pnpm install",
        "bun index.ts",
    ];
    let all: Vec<String> = all.into_iter().map(|line| format!("{line}: {}", check(line))).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    npx next start: ["next", "start"]
    npx --yes serve@14 -s dist: ["serve", "-s", "dist"]
    npx @acme/tool@2 x: ["@acme/tool", "x"]
    npm exec -- next start: ["next", "start"]
    yarn next start: ["next", "start"]
    pnpm exec next start: ["next", "start"]
    bunx next: ["next"]
    npx -p a b: ["npx", "-p", "a", "b"]
    npm ci: ["npm", "ci"]
    yarn: ["yarn"]
    pnpm install: ["pnpm", "install"]
    bun index.ts: ["bun", "index.ts"]
    "#);
}

#[test]
fn an_application_starts_by_its_script() {
    let start = |text: &str| start(&Application(BTreeMap::from([("package.json", text.to_owned())])));
    assert_eq!(start("{}").unwrap(), None);
    assert_eq!(start(r#"{ "scripts": { "start": " " } }"#).unwrap(), None);
    let found = start(r#"{ "scripts": { "start": "node x" } }"#).unwrap().unwrap();
    assert_eq!(
        (found.origin.as_str(), found.command.words()),
        ("`scripts.start` in `package.json`", vec!["node".into(), "x".into()])
    );
}
