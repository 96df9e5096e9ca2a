//! A registry of images on this machine.

use super::http::{ask, free_port, get};
use super::image::digest;
use super::process::Process;
use serde_json::Value;
use std::process::Command;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// Debian's `docker-registry` on loopback, gone when this is dropped.
pub struct Registry {
    port: u16,
    _process: Process,
    _storage: TempDir,
}

impl Registry {
    /// Starts one with nothing in it.
    #[expect(clippy::new_without_default, reason = "a server is not a default value")]
    pub fn new() -> Registry {
        let storage = tempfile::tempdir().expect("a temporary directory can be made");
        let port = free_port();
        let root = storage.path().display();
        let configuration = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: '{root}/images'}}}}\n\
             http: {{addr: '127.0.0.1:{port}'}}\n"
        );
        let file = storage.path().join("config.yml");
        std::fs::write(&file, configuration).expect("a temporary file can be written");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(file);
        let mut process = Process::start(command);
        wait(&mut process, port);
        Registry { port, _process: process, _storage: storage }
    }

    /// The name of an image in it.
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.host())
    }

    /// Digest and manifest of an image in it, as they are: images whose parts do not fit each other cannot be copied by others.
    #[track_caller]
    pub fn manifest(&self, name: &str) -> (String, Value) {
        let bytes = self.get(&manifest(name));
        (digest(&mut &*bytes), serde_json::from_slice(&bytes).expect("a manifest is JSON"))
    }

    /// The configuration of an image in it.
    #[track_caller]
    pub fn configuration(&self, name: &str) -> Value {
        let (repository, _) = name.rsplit_once(':').expect("the name has a tag");
        let digest = &self.manifest(name).1["config"]["digest"];
        let bytes = self.get(&format!("/v2/{repository}/blobs/{}", digest.as_str().expect("it has a configuration")));
        serde_json::from_slice(&bytes).expect("a configuration is JSON")
    }

    /// Puts a manifest under a name, whose parts are there already.
    #[track_caller]
    pub fn put(&self, name: &str, value: &Value) {
        let kind = value["mediaType"].as_str().expect("a manifest says what it is");
        let put = ask(&self.host(), "PUT", &manifest(name), kind, value.to_string().as_bytes());
        let _ = put.unwrap_or_else(|error| panic!("`{name}` cannot be written: {error}"));
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let answer = ask(&self.host(), "GET", path, "", &[]);
        answer.unwrap_or_else(|error| panic!("`{path}` cannot be read: {error}")).1
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// Where the manifest of `repository:tag` is.
fn manifest(name: &str) -> String {
    let (repository, tag) = name.rsplit_once(':').expect("the name has a tag");
    format!("/v2/{repository}/manifests/{tag}")
}

fn wait(process: &mut Process, port: u16) {
    for _ in 0..600 {
        if get(port, "/v2/").is_ok_and(|response| response.status == 200) {
            return;
        }
        assert!(process.is_running(), "`docker-registry` ended:\n{}", process.written());
        thread::sleep(Duration::from_millis(50));
    }
    panic!("`docker-registry` does not answer:\n{}", process.written());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_their_own() {
        let (one, other) = (Registry::new(), Registry::new());
        assert_ne!(one.image("x"), other.image("x"));
        assert_eq!(get(one.port, "/v2/_catalog").unwrap().body, "{\"repositories\":[]}\n");
    }
}
