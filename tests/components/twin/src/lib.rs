//! What the scripts in `bin/` do for the reference implementation: the same layers, byte for byte, the same processes and
//! labels.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use wattle_buildpack::{
    Build, Buildpack, Detect, Detection, Launch, Layer, Process, Result, Sbom, Scope, State, register,
};

struct Twin;

#[derive(Serialize)]
struct Key {
    version: String,
}

impl Key {
    /// As it is stored.
    fn fields(&self) -> BTreeMap<String, String> {
        [("version".to_owned(), self.version.clone())].into()
    }
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Stored {
    builds: u64,
}

impl Buildpack for Twin {
    fn detect(&self, cx: &Detect) -> Result<Detection> {
        if !cx.app("tree").is_dir() {
            return Ok(Detection::skip("there is no directory `tree`"));
        }
        Ok(Detection::pass())
    }

    #[expect(clippy::print_stdout, reason = "standard output is the build log")]
    fn build(&self, cx: &Build) -> Result<Launch> {
        let key = Key { version: fs::read_to_string(cx.app("version"))?.trim_end().to_owned() };
        // Whoever made it: a buildpack is asked before layers of other programs than itself are taken over.
        let mut tree = cx.layer("tree").launch().open()?;
        let is_kept = *tree.state() == State::Kept && tree.stored_key() == Some(key.fields());
        if !is_kept {
            tree.clear()?;
            tree.sbom(&bill("leaf"))?;
            copy(&cx.app("tree"), &tree, "")?;
        }
        tree.set_key(&key)?;
        println!("tree: {}", if is_kept { "kept" } else { "made" });
        cx.layer("variables").launch().cache().cached_by(&key).or_create(variables)?;
        let Stored { builds } = cx.stored()?;
        println!("builds before: {builds}");
        cx.store(&Stored { builds: builds + 1 })?;
        Ok(launch(cx))
    }
}

register!(Twin);

/// Copies what is below a directory into a layer. Whether a file may be executed, WASI does not say: the one that is called
/// `run` may.
fn copy(from: &Path, layer: &Layer, below: &str) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        let (kind, to) = (entry.file_type()?, layer.join(&path));
        if kind.is_dir() {
            fs::create_dir(to)?;
            copy(&entry.path(), layer, &format!("{path}/"))?;
        } else if kind.is_symlink() {
            link(&fs::read_link(entry.path())?, &to)?;
        } else {
            fs::copy(entry.path(), to)?;
            layer.set_executable(&path, path == "run")?;
        }
    }
    Ok(())
}

#[expect(deprecated, reason = "the only stable function that makes a link on WASI")]
fn link(target: &Path, path: &Path) -> Result<()> {
    Ok(fs::soft_link(target, path)?)
}

fn variables(layer: &Layer) -> Result<()> {
    fs::create_dir(layer.join("bin"))?;
    fs::write(layer.join("bin/environ"), "#!/bin/sh\nexec cat /proc/self/environ\n")?;
    layer.set_executable("bin/environ", true)?;
    for (name, scope) in [("ALL", Scope::All), ("LAUNCH", Scope::Launch), ("WEB", Scope::Process("web".to_owned()))] {
        layer
            .env(scope)
            .set(&format!("{name}_SET"), format!("set for {name}"))?
            .default(&format!("{name}_DEFAULT"), format!("default for {name}"))?
            .append("SEEN", name, ",")?
            .prepend("FIRST", name, " ")?;
    }
    for (kind, name) in [(None, "execd"), (Some("web"), "web")] {
        layer.exec_d(kind, "seen", format!("#!/bin/sh\necho \"IN_{name} = \\\"$SEEN\\\"\" >&3\n"))?;
    }
    Ok(())
}

fn bill(of: &str) -> Sbom {
    let component = format!(r#"{{"type":"library","name":"{of}","version":"1.0.0"}}"#);
    Sbom::CycloneDx(format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"components":[{component}]}}"#
    ))
}

fn launch(cx: &Build) -> Launch {
    Launch::web(["environ"])
        .process(Process::new("arguments", ["cat", "/proc/self/cmdline"]).args(["/proc/self/environ"]))
        .process(Process::new("replaceable", ["echo"]).args(["replaced", "or not"]))
        .process(Process::new("below", ["pwd"]).working_directory(cx.app("tree")))
        .slice(["tree/a*", "version"])
        .slice(["tree/*/*/file", "tree/none"])
        .sbom(bill("whole"))
        .label("org.example.team", "shop <&> Co")
}
