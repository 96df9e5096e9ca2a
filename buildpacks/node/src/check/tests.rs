//! Start scripts of an application that has packages for running and for developing.

use super::*;
use crate::json;
use std::collections::BTreeMap;

struct Application(BTreeMap<&'static str, &'static str>);

impl Files for Application {
    fn read(&self, path: &str) -> Option<String> {
        self.0.get(path).map(|text| (*text).to_owned())
    }

    fn list(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn exists(&self, path: &str) -> bool {
        self.0.keys().any(|it| *it == path || it.starts_with(&format!("{path}/")))
    }
}

const LOCK: &str = r#"{ "lockfileVersion": 3, "packages": {
    "node_modules/next": { "version": "15.0.0", "bin": { "next": "x.js" } },
    "node_modules/cross-env": { "version": "7.0.0", "bin": "x.js" },
    "node_modules/both": { "version": "1.0.0", "dev": true, "bin": { "next": "x.js", "serve": "y.js" } },
    "node_modules/typescript": { "version": "5.0.0", "dev": true, "bin": { "tsc": "x.js" } },
    "node_modules/@swc/node": { "version": "1.0.0", "dev": true },
    "node_modules/tsx": { "version": "4.0.0", "dev": true, "bin": "x.js" }
} }"#;

fn check_with(files: &[(&'static str, &'static str)], line: &str) -> String {
    let manifest: Manifest = json::parse(r#"{ "devDependencies": { "nodemon": "^3.0.0" } }"#, "package.json").unwrap();
    let lock = Lock::parse(LOCK, "package-lock.json").unwrap();
    let files = Application(files.iter().copied().chain([("server.js", ""), ("bin/www", "")]).collect());
    let start = npm::follow(line, "`scripts.start` in `package.json`", &files).unwrap();
    match (Check { manifest: &manifest, lock: Some(&lock), files: &files }).start(&start) {
        Ok(warnings) if warnings.is_empty() => format!("{line}: good"),
        Ok(warnings) => format!("{line}\n  {}", warnings.join("\n  ")),
        Err(error) => format!("{line}\n  {}", format!("{error:?}").replace('\n', "\n  ")),
    }
}

fn check(lines: &[&str]) -> String {
    lines.iter().map(|line| check_with(&[], line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_can_start() {
    let lines = [
        "node server.js",
        "node -r dotenv/config --env-file .env server",
        "node node_modules/next/dist/bin/next start",
        "node --run start",
        "bin/www",
        "cross-env NODE_ENV=production node .",
        "cross-env NODE_ENV=production node server.js --port $PORT",
        "sleep 1 && [ -n \"$X\" ] && exec node server.js > log 2>&1",
        "cd web && node main.js",
        "$RUNNER server.js",
        "/opt/tool x",
    ];
    insta::assert_snapshot!(check(&lines), @r#"
    node server.js: good
    node -r dotenv/config --env-file .env server: good
    node node_modules/next/dist/bin/next start: good
    node --run start: good
    bin/www: good
    cross-env NODE_ENV=production node .: good
    cross-env NODE_ENV=production node server.js --port $PORT: good
    sleep 1 && [ -n "$X" ] && exec node server.js > log 2>&1: good
    cd web && node main.js: good
    $RUNNER server.js: good
    /opt/tool x: good
    "#);
}

#[test]
fn programs_that_are_not_in_the_image() {
    let lines = [
        "npm run build && node server.js",
        "npx -p a b",
        "bun index.ts",
        "cross-env A=1 nodemon server.js",
        "tsc && node server.js",
        "serve -s dist",
        "node --import tsx server.js",
        "node -r @swc/node/register server.js",
        "ffmpeg -i x",
        "node server.js | pino-pretty",
    ];
    insta::assert_snapshot!(check(&lines), @r#"
    npm run build && node server.js
      node/start/tool: `scripts.start` in `package.json` runs `npm run build`, and `npm` is not in the image
      hint: write what it would run in its place, such as `node server.js`, or its path if a run image of your own has it
      hint: what builds the application is run before `wattle build`: let the script only start it
    npx -p a b
      node/start/tool: `scripts.start` in `package.json` runs `npx -p a b`, and `npx` is not in the image
      hint: write what it would run in its place, such as `node server.js`, or its path if a run image of your own has it
      hint: what builds the application is run before `wattle build`: let the script only start it
    bun index.ts
      node/start/tool: `scripts.start` in `package.json` runs `bun index.ts`, and `bun` is not in the image
      hint: write what it would run in its place, such as `node server.js`, or its path if a run image of your own has it
      hint: what builds the application is run before `wattle build`: let the script only start it
    cross-env A=1 nodemon server.js
      node/start/development: `scripts.start` in `package.json` needs `nodemon` of the development dependency `nodemon@^3.0.0`, and those are not installed
      hint: make it a dependency, `npm install --save-prod nodemon`, or start without it, as by `node server.js`
      hint: what builds the application is run before `wattle build`: let the script only start it
    tsc && node server.js
      node/start/development: `scripts.start` in `package.json` needs `tsc` of the development dependency `typescript@5.0.0`, and those are not installed
      hint: make it a dependency, `npm install --save-prod typescript`, or start without it, as by `node server.js`
      hint: what builds the application is run before `wattle build`: let the script only start it
    serve -s dist
      node/start/development: `scripts.start` in `package.json` needs `serve` of the development dependency `both@1.0.0`, and those are not installed
      hint: make it a dependency, `npm install --save-prod both`, or start without it, as by `node server.js`
      hint: what builds the application is run before `wattle build`: let the script only start it
    node --import tsx server.js
      node/start/development: `scripts.start` in `package.json` needs `tsx` of the development dependency `tsx@4.0.0`, and those are not installed
      hint: make it a dependency, `npm install --save-prod tsx`, or start without it, as by `node server.js`
      hint: what builds the application is run before `wattle build`: let the script only start it
    node -r @swc/node/register server.js
      node/start/development: `scripts.start` in `package.json` needs `@swc/node/register` of the development dependency `@swc/node@1.0.0`, and those are not installed
      hint: make it a dependency, `npm install --save-prod @swc/node`, or start without it, as by `node server.js`
      hint: what builds the application is run before `wattle build`: let the script only start it
    ffmpeg -i x
      `ffmpeg` is a program neither of a package nor of the default run image: the run image must have it
    node server.js | pino-pretty
      `pino-pretty` is a program neither of a package nor of the default run image: the run image must have it
    "#);
}

#[test]
fn files_that_are_not_in_the_application() {
    let lines = ["node dist/server.js", "./start.sh", "cross-env A=$X node dist/server.js", "next start -p $PORT"];
    insta::assert_snapshot!(check(&lines), @r#"
    node dist/server.js
      node/start/missing-file: `scripts.start` in `package.json` runs `dist/server.js`, which is not in the application
      hint: if a build step makes it, run that before `wattle build`; if an ignore file leaves it out, write `!dist` into `.wattleignore`
    ./start.sh
      node/start/missing-file: `scripts.start` in `package.json` runs `./start.sh`, which is not in the application
      hint: if a build step makes it, run that before `wattle build`; if an ignore file leaves it out, write `!start.sh` into `.wattleignore`
    cross-env A=$X node dist/server.js
      node/start/missing-file: `scripts.start` in `package.json` runs `dist/server.js`, which is not in the application
      hint: if a build step makes it, run that before `wattle build`; if an ignore file leaves it out, write `!dist` into `.wattleignore`
    next start -p $PORT
      node/start/not-built: `scripts.start` in `package.json` runs `next start`, which needs what `next build` makes in `.next`, and that is not in the application
      hint: if a build step makes it, run that before `wattle build`; if an ignore file leaves it out, write `!.next` into `.wattleignore`
    "#);
    let git = (".gitignore", "# made\n/dist/\n.next");
    insta::assert_snapshot!(check_with(&[git], "node dist/server.js"), @r#"
    node dist/server.js
      node/start/missing-file: `scripts.start` in `package.json` runs `dist/server.js`, which is not in the application
      hint: make it before `wattle build`, and bring it back by the line `!/dist/` in `.wattleignore`: `.gitignore` leaves out `/dist/`
    "#);
    insta::assert_snapshot!(check_with(&[git, ("web/next.config.js", "")], "next start web"), @r#"
    next start web
      node/start/not-built: `scripts.start` in `package.json` runs `next start`, which needs what `next build` makes in `.next`, and that is not in the application
      hint: make it before `wattle build`, and bring it back by the line `!.next` in `.wattleignore`: `.gitignore` leaves out `.next`
    "#);
    for built in [(".next/BUILD_ID", ""), ("next.config.ts", "export default { distDir: 'out' }")] {
        assert_eq!(check_with(&[built], "next start"), "next start: good");
    }
}
