//! A registry of images on this machine.

use super::http::{free_port, get};
use super::process::Process;
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
        format!("127.0.0.1:{}/{name}", self.port)
    }
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
