//! A buildpack that makes every call of the SDK: the application's file `call` says which, and the log says what came of it.

use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use wattle_buildpack::{
    Build, Buildpack, Detect, Detection, Error, Launch, Layer, Placement, Process, Request, Result, Sbom, Scope,
    register,
};

struct Calls;

#[derive(Serialize, Deserialize, Debug)]
struct Wanted {
    version: String,
}

impl Buildpack for Calls {
    fn detect(&self, cx: &Detect) -> Result<Detection> {
        match call(cx)?.as_str() {
            "write in detect" => {
                fs::write(cx.app("new"), "")?;
                Ok(Detection::pass())
            }
            "leave" => Ok(Detection::pass().provides("left").requires("left")),
            "plan" => {
                Ok(Detection::pass().provides("a").requires(("a", &Wanted { version: "1".into() })).provides("b"))
            }
            "alternatives" => Ok(Detection::pass().provides("a").requires("other").or().provides("b").requires("b")),
            _ => Ok(Detection::pass()),
        }
    }

    fn build(&self, cx: &Build) -> Result<Launch> {
        match call(cx)?.as_str() {
            "context" => context(cx),
            "plan" | "alternatives" => Ok(plan(cx)),
            "environment" => environment(cx),
            "keyed layers" => keyed_layers(cx),
            "open layer" => open_layer(cx),
            "change a kept layer" => change_a_kept_layer(cx),
            "refused" => refused(cx),
            "executable" => executable(cx),
            "programs" => programs(cx),
            "artifacts" => artifacts(cx),
            "unpack" => unpack(cx),
            "packages" => packages(cx),
            "platform" => platform(cx),
            "leave" => leave(cx),
            "store" => store(cx),
            "sboms" => sboms(cx),
            "exec.d" => exec_d(cx),
            "slices" => Ok(slices(cx)?),
            "launch" => Ok(launch()),
            "label" => Ok(Launch::new().label("io.buildpacks.lifecycle.metadata", "{}")),
            "process" => Ok(Launch::new().process(Process::new("a b", ["x"]))),
            "errors" => Err(errors()),
            "files" => files(cx),
            other => Err(Error::user("calls/unknown", format!("`{other}` is no call that is known here"))),
        }
    }
}

register!(Calls);

fn call(cx: &wattle_buildpack::Context) -> Result<String> {
    Ok(fs::read_to_string(cx.app("call"))?.lines().next().unwrap_or_default().to_owned())
}

#[expect(clippy::print_stdout, reason = "standard output is the build log")]
fn say(what: impl std::fmt::Debug) {
    println!("{what:?}");
}

fn context(cx: &Build) -> Result<Launch> {
    say((cx.id(), cx.version(), cx.app(""), cx.buildpack("")));
    say(cx.target());
    say(cx.environment());
    say(fs::read_dir("/layers")?.map(|entry| Ok(entry?.file_name())).collect::<Result<Vec<_>>>()?);
    say((cx.env("COLOUR"), cx.env("NOTHING"), std::env::var("COLOUR").ok(), std::env::var("NOTHING").ok()));
    say(fs::read_to_string(cx.buildpack("buildpack.toml"))?.lines().next());
    Ok(Launch::new())
}

/// What the user says beside the application.
fn platform(cx: &Build) -> Result<Launch> {
    say(cx.execution_environment());
    for binding in cx.bindings() {
        say((&binding.name, &binding.kind, &binding.provider, binding.entries()?));
        say(fs::write(binding.entry("new"), "").map_err(|error| error.kind()));
    }
    let entries = cx.bindings_of("CA-certificates").map(|it| Ok(fs::read_to_string(it.entry("ca.pem"))?));
    say(entries.collect::<Result<Vec<_>>>()?);
    for directory in ["/platform/env", "/platform/bindings"] {
        say(fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name())).collect::<Result<Vec<_>>>()?);
    }
    say((fs::read_to_string("/platform/env/COLOUR").ok(), cx.env("COLOUR"), cx.env("SERVICE_BINDING_ROOT")));
    Ok(Launch::new())
}

fn leave(cx: &Build) -> Result<Launch> {
    say(cx.leave("nothing"));
    cx.leave("left")?;
    Ok(Launch::new())
}

fn store(cx: &Build) -> Result<Launch> {
    #[derive(Serialize, Deserialize, Default, Debug)]
    #[serde(default)]
    struct Stored {
        builds: u32,
    }
    let stored: Stored = cx.stored()?;
    say(&stored);
    say(cx.store(&[1]));
    // Every second build leaves what is there.
    if stored.builds == 0 || cx.app("again").exists() {
        cx.store(&Stored { builds: stored.builds + 1 })?;
    }
    Ok(Launch::new())
}

fn sboms(cx: &Build) -> Result<Launch> {
    let document = |name: &str| Sbom::CycloneDx(format!(r#"{{"bomFormat":"CycloneDX","name":"{name}"}}"#));
    let layer = cx.layer("described").launch().cached_by(&Wanted { version: "1".into() }).or_create(|_| Ok(()))?;
    layer.sbom(&document("replaced"))?;
    layer.sbom(&document("layer"))?;
    say(layer.sbom(&Sbom::CycloneDx("{}".into())));
    say(layer.sbom(&Sbom::Syft(r#"{"artifacts":[]}"#.into())));
    Ok(Launch::new().sbom(document("launch")).build_sbom(document("build")))
}

fn exec_d(cx: &Build) -> Result<Launch> {
    let layer = cx.layer("programs").launch().open()?;
    layer.exec_d(None, "all", "#!/bin/sh\n")?;
    layer.exec_d(Some("web"), "web", "#!/bin/sh\n")?;
    Ok(Launch::new())
}

fn slices(cx: &Build) -> Result<Launch> {
    let patterns = fs::read_to_string(cx.app("call"))?;
    let slices = patterns.lines().skip(1).map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>());
    Ok(slices.fold(Launch::new(), Launch::slice))
}

fn packages(cx: &Build) -> Result<Launch> {
    let installed = cx.require_packages(["nginx", "libc6", "nginx=1.22.1-9"])?;
    say(installed.iter().map(|it| (it.name(), it.version(), it.in_run_image())).collect::<Vec<_>>());
    for refused in ["curl", "nginx=1.0", "Nginx", "../nginx"] {
        say(cx.require_packages([refused]).map(|_| ()).map_err(|error| error.to_string()));
    }
    Ok(Launch::new())
}

fn plan(cx: &Build) -> Launch {
    for entry in cx.plan() {
        say((entry.name(), entry.metadata::<Wanted>().map_err(|error| error.to_string())));
    }
    Launch::new()
}

/// Every kind of edit in every scope.
fn environment(cx: &Build) -> Result<Launch> {
    let layer = cx.layer("environment").build().launch().open()?;
    for (scope, name) in
        [(Scope::All, "ALL"), (Scope::Build, "BUILD"), (Scope::Launch, "LAUNCH"), (Scope::Process("web".into()), "WEB")]
    {
        layer
            .env(scope)
            .set(&format!("{name}_SET"), "new")?
            .default(&format!("{name}_DEFAULT"), "new")?
            .append(&format!("{name}_APPEND"), "new", ":")?
            .prepend(&format!("{name}_PREPEND"), "new", "")?;
    }
    fs::create_dir(layer.join("bin"))?;
    Ok(Launch::web(["true"]))
}

fn keyed_layers(cx: &Build) -> Result<Launch> {
    let key = Wanted { version: fs::read_to_string(cx.app("version"))? };
    for (name, request) in [
        ("cached", cx.layer("cached").cache()),
        ("built", cx.layer("built").build()),
        ("launched", cx.layer("launched").launch()),
        ("none", cx.layer("none")),
    ] {
        let layer = request.cached_by(&key).or_create(|layer| Ok(fs::write(layer.join("made"), &key.version)?))?;
        layer.env(Scope::All).set("MADE", fs::read_to_string(cx.app("when"))?)?;
        let here = fs::read_to_string(layer.join("made")).ok();
        say((name, layer.state(), layer.stored_key(), here, write(&layer, "more")));
    }
    Ok(Launch::new())
}

/// What a build finds, and what it can do with that.
fn open_layer(cx: &Build) -> Result<Launch> {
    let how = fs::read_to_string(cx.app("how"))?;
    let mut layer = cx.layer("open").launch().cache().open()?;
    say((layer.state(), layer.is_empty(), layer.stored_key(), names(&layer)?));
    match how.as_str() {
        "add" => fs::write(layer.join("added"), "")?,
        "clear" => {
            layer.env(Scope::Launch).set("GONE", "")?;
            layer.clear()?;
            say((layer.state(), names(&layer)?));
            fs::write(layer.join("after"), "")?;
        }
        _ => {}
    }
    layer.set_key(&Wanted { version: how })?;
    Ok(Launch::new())
}

/// A layer that is only in the image: nothing to see, nothing to change, until it is cleared.
fn change_a_kept_layer(cx: &Build) -> Result<Launch> {
    let mut layer = cx.layer("kept").launch().open()?;
    say((layer.state(), write(&layer, "file")));
    if !layer.is_empty() {
        layer.env(Scope::Launch).set("IGNORED", "1")?;
        say(layer.set_executable("file", true));
        say(layer.unpack(&[] as &[wattle_buildpack::Artifact]));
        layer.clear()?;
        say((layer.state(), write(&layer, "anew")));
    }
    Ok(Launch::new())
}

fn refused(cx: &Build) -> Result<Launch> {
    for name in ["", "a/b", "..", "build", "launch", "store", "a b", "é"] {
        say(cx.layer(name).launch().open().map(|_| ()));
    }
    let layer = cx.layer("once").launch().open()?;
    say(cx.layer("once").launch().open().map(|_| ()));
    for (name, value) in [("", ""), ("A=B", ""), ("A.B", ""), ("A/B", ""), ("A", "\0")] {
        say(layer.env(Scope::All).set(name, value).map(|_| ()));
    }
    Ok(Launch::new())
}

fn executable(cx: &Build) -> Result<Launch> {
    let layer = cx.layer("tools").launch().open()?;
    fs::create_dir(layer.join("bin"))?;
    for name in ["bin/on", "bin/off", "bin/twice"] {
        fs::write(layer.join(name), "#!")?;
    }
    link("on", &layer.join("bin/link"))?;
    layer.set_executable("bin/link", true)?;
    layer.set_executable("bin/twice", true)?;
    layer.set_executable("bin/twice", false)?;
    for path in ["bin/none", "bin", "../other"] {
        say(layer.set_executable(path, true));
    }
    Ok(Launch::new())
}

/// Programs that run before every process, and before `web`.
fn programs(cx: &Build) -> Result<Launch> {
    let layer = cx.layer("programs").launch().open()?;
    fs::create_dir_all(layer.join("exec.d/web"))?;
    for (program, path) in [("all", "exec.d/all"), ("web", "exec.d/web/only")] {
        fs::write(layer.join(path), fs::read(cx.app(program))?)?;
        layer.set_executable(path, true)?;
    }
    layer.env(Scope::Launch).set("SEEN", "layer")?;
    let worker = Process::new("worker", ["say", "fixed"]).args(["default"]).working_directory("/");
    Ok(Launch::new().process(Process::new("web", ["say"]).args(["default"]).default()).process(worker))
}

fn artifacts(cx: &Build) -> Result<Launch> {
    let requests = fs::read_to_string(cx.app("call"))?;
    let requests = requests.lines().skip(1).map(|line| match line.split_once(' ') {
        Some((source, digest)) => Request::new(source).digest(digest),
        None => Request::new(line),
    });
    match cx.fetch(requests) {
        Ok(artifacts) => {
            for artifact in artifacts {
                let wanted = artifact.json::<Wanted>().map_err(|error| error.to_string());
                say((artifact.digest(), artifact.size(), artifact.read()?.len(), wanted));
            }
            Ok(Launch::new())
        }
        Err(error) => Err(error),
    }
}

fn unpack(cx: &Build) -> Result<Launch> {
    let artifacts = cx.fetch(["npm:a.tgz", "https://files.test/b.tar"])?;
    let layer = cx.layer("unpacked").launch().open()?;
    layer.unpack(&artifacts)?;
    layer.unpack(artifacts.iter().map(|it| Placement::new(it).below("stripped").strip(1).without_links()))?;
    say(layer.unpack([Placement::new(&artifacts[0]).below("../outside")]));
    let text = cx.fetch(["npm:text"])?;
    say(layer.unpack(&text));
    Ok(Launch::new())
}

fn launch() -> Launch {
    Launch::web(["replaced"])
        .process(Process::new("web", ["node", "a b.js"]).args(["--port", "80"]).working_directory("/workspace/sub"))
        .process(Process::new("worker.1_a-b", ["work"]).default())
        .process(Process::new("other", ["x"]).default().execution_environments(["test", "*"]))
        .label("org.example.team", "first")
        .label("org.example.team", "shop")
}

fn errors() -> Error {
    Error::platform("calls/platform", "it is the machine").detail("more\nlines").hint("wait").hint("try again")
}

/// What the rest of the file system is to a buildpack.
fn files(cx: &Build) -> Result<Launch> {
    let root = fs::read_dir("/")?.map(|entry| Ok(entry?.file_name())).collect::<Result<Vec<_>>>()?;
    say(root);
    fs::write("/tmp/scratch", "x")?;
    say(fs::write(cx.buildpack("new"), "").map_err(|error| error.kind()));
    say(fs::write("/new", "").map_err(|error| error.kind()));
    fs::write(cx.app("new"), "new")?;
    fs::remove_file(cx.app("old"))?;
    fs::create_dir_all(cx.app("empty/inner"))?;
    link("/layers", &cx.app("link"))?;
    Ok(Launch::new())
}

#[expect(deprecated, reason = "the only stable function that makes a link on WASI")]
fn link(target: &str, path: &Path) -> Result<()> {
    Ok(fs::soft_link(target, path)?)
}

fn write(layer: &Layer, name: &str) -> std::result::Result<(), std::io::ErrorKind> {
    fs::write(layer.join(name), "").map_err(|error| error.kind())
}

fn names(layer: &Layer) -> Result<Vec<std::ffi::OsString>> {
    fs::read_dir(layer.path())?.map(|entry| Ok(entry?.file_name())).collect()
}
