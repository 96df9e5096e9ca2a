//! Images, unpacked by umoci and started by runc: no daemon, no storage, and nothing of ours in it.

use super::http::{Response, free_port, get};
use super::process::{Output, Process, run};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// An unpacked image, gone when this is dropped.
pub struct Bundle(TempDir);

impl Bundle {
    /// Unpacks the image of this tag of an OCI layout.
    #[track_caller]
    pub fn unpack(layout: &Path, tag: &str) -> Bundle {
        let directory = tempfile::Builder::new().prefix("wattle-test-").tempdir().expect("a temporary directory");
        let bundle = Bundle(directory);
        let image = format!("{}:{tag}", layout.display());
        run("umoci", ["unpack", "--image", &image, &bundle.path("bundle").to_string_lossy()]);
        bundle
    }

    /// The root directory of the image.
    pub fn root(&self) -> PathBuf {
        self.path("bundle/rootfs")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What runc is told, changed as `change` says.
    fn configure(&self, change: impl FnOnce(&mut Value)) {
        let path = self.path("bundle/config.json");
        let text = fs::read_to_string(&path).expect("umoci writes `config.json`");
        let mut configuration = serde_json::from_str(&text).expect("umoci writes JSON");
        change(&mut configuration);
        fs::write(&path, configuration.to_string()).expect("`config.json` can be written");
    }

    /// Starts the image, with `PORT` in its environment, and waits until something listens there.
    #[track_caller]
    pub fn start(self) -> Container {
        let port = free_port();
        self.configure(|configuration| confine(configuration, port));
        let process = self.runc(&["run", "--bundle", &self.path("bundle").to_string_lossy(), &self.id()]);
        let mut container = Container { bundle: self, process, port };
        container.wait();
        container
    }

    /// Gives it a `/tmp` of its own, as servers need that keep files there.
    #[must_use]
    pub fn with_tmp(self) -> Bundle {
        let options = ["nosuid", "nodev", "mode=1777"];
        self.mount(json!({ "destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": options }))
    }

    /// Shows it a directory of this machine, which it cannot change.
    #[must_use]
    pub fn with_directory(self, source: &Path, destination: &str) -> Bundle {
        let options = ["rbind", "ro"];
        self.mount(json!({ "destination": destination, "type": "bind", "source": source, "options": options }))
    }

    fn mount(self, mount: Value) -> Bundle {
        self.configure(|configuration| {
            if let Some(mounts) = configuration["mounts"].as_array_mut() {
                mounts.push(mount);
            }
        });
        self
    }

    /// Leaves out what would be mounted there.
    #[must_use]
    pub fn without_mount(self, destination: &str) -> Bundle {
        self.configure(|configuration| {
            if let Some(mounts) = configuration["mounts"].as_array_mut() {
                mounts.retain(|mount| mount["destination"] != destination);
            }
        });
        self
    }

    /// Has it run as this user and group, whom the image does not know.
    #[must_use]
    pub fn with_user(self, id: u32) -> Bundle {
        self.configure(|configuration| configuration["process"]["user"] = json!({ "uid": id, "gid": id }));
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn with_variable(self, name: &str, value: &str) -> Bundle {
        self.configure(|configuration| {
            if let Some(environment) = configuration["process"]["env"].as_array_mut() {
                environment.push(json!(format!("{name}={value}")));
            }
        });
        self
    }

    /// The program and the arguments that it starts with, unless it is told others.
    pub fn entry_point(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.configure(|configuration| {
            let words = configuration["process"]["args"].as_array().into_iter().flatten();
            found = words.filter_map(Value::as_str).map(str::to_owned).collect();
        });
        found
    }

    /// Runs a program of it to its end, as its user.
    #[track_caller]
    pub fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Output {
        let args: Vec<&str> = args.into_iter().collect();
        self.configure(|configuration| {
            confine(configuration, 0);
            if !args.is_empty() {
                configuration["process"]["args"] = json!(args);
            }
        });
        self.runc(&["run", "--bundle", &self.path("bundle").to_string_lossy(), &self.id()]).finish()
    }

    /// Runs a program of it, whose architecture is arm64, on a machine of another one.
    #[track_caller]
    pub fn emulate<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Output {
        let emulator = self.root().join("emulator");
        run("cp", [&which("qemu-aarch64-static"), &*emulator.to_string_lossy()]);
        let mut command = Command::new("chroot");
        command.args(["--userspec", "65534:65534"]).arg(self.root()).arg("/emulator").args(args);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        Process::start(command).finish()
    }

    fn id(&self) -> String {
        let name = self.0.path().file_name().expect("a temporary directory has a name");
        name.to_string_lossy().replace('.', "")
    }

    fn runc(&self, args: &[&str]) -> Process {
        let mut command = Command::new("runc");
        command.arg("--root").arg(self.path("runc")).args(args);
        Process::start(command)
    }
}

/// As strict as images should bear: a root directory that cannot be written. The network is this machine's, so that
/// loopback leads to the image.
fn confine(configuration: &mut Value, port: u16) {
    configuration["process"]["terminal"] = json!(false);
    configuration["root"]["readonly"] = json!(true);
    let user = &configuration["process"]["user"]["uid"];
    assert_ne!(*user, json!(0), "the image would run as root");
    if let Some(environment) = configuration["process"]["env"].as_array_mut() {
        environment.push(json!(format!("PORT={port}")));
    }
    if let Some(namespaces) = configuration["linux"]["namespaces"].as_array_mut() {
        namespaces.retain(|namespace| namespace["type"] != "network");
    }
}

/// Where a program is.
fn which(program: &str) -> String {
    run("sh", ["-c", "command -v \"$0\"", program]).trim().to_owned()
}

/// A started image, stopped and gone when this is dropped.
pub struct Container {
    bundle: Bundle,
    process: Process,
    port: u16,
}

impl Container {
    /// Asks it for a path.
    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        get(self.port, path).unwrap_or_else(|error| panic!("`{path}` of the image does not answer: {error}"))
    }

    /// What it has written so far.
    pub fn written(&self) -> String {
        self.process.written()
    }

    /// Sends a signal to its first process, and waits for the end of all: the exit code.
    #[track_caller]
    pub fn end_by(mut self, signal: &str) -> i32 {
        let _ = self.bundle.runc(&["kill", &self.bundle.id(), signal]).finish().succeeds();
        self.process.wait()
    }

    #[track_caller]
    fn wait(&mut self) {
        for _ in 0..1200 {
            if get(self.port, "/").is_ok() {
                return;
            }
            assert!(self.process.is_running(), "the image ended:\n{}", self.written());
            thread::sleep(Duration::from_millis(50));
        }
        panic!("the image does not answer:\n{}", self.written());
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.bundle.runc(&["delete", "--force", &self.bundle.id()]).finish();
    }
}
