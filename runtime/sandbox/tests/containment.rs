//! Guests that do what they should not, and what becomes of them.

#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use std::{fs, io};
use wattle_sandbox::{
    Artifact, Artifacts, BuildGrant, Cancel, Component, Failure, Fault, Grant, GuestError, Identity, Limits, Log,
    Platform, Request, Sandbox, Stream, Target,
};
use wattle_test_support::component;
use wattle_tree::{Blob, Node, ReadAt, Scratch, Tree};

static MISBEHAVING: LazyLock<Component> = LazyLock::new(|| {
    let wasm = fs::read(component("misbehaving-buildpack")).unwrap();
    Sandbox::new().unwrap().compile_and_load(&wasm).unwrap()
});

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Log for Lines {
    fn line(&self, _: Stream, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

struct Refusing;

impl Artifacts for Refusing {
    fn fetch(&self, requests: &[Request]) -> Result<Vec<Artifact>, GuestError> {
        Err(GuestError {
            code: "artifacts/not-granted".to_owned(),
            fault: Fault::Buildpack,
            summary: format!("`{}` is not granted", requests[0].source),
            detail: None,
            hints: Vec::new(),
        })
    }
}

/// Has one archive, of three files of 1 KiB each.
struct OneArchive;

impl Artifacts for OneArchive {
    fn fetch(&self, requests: &[Request]) -> Result<Vec<Artifact>, GuestError> {
        let mut tar = tar::Builder::new(Vec::new());
        for name in ["a", "b", "c"] {
            let mut header = tar::Header::new_ustar();
            header.set_size(1024);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, &[7; 1024][..]).unwrap();
        }
        let blob = Blob::from(tar.into_inner().unwrap());
        let artifact = Artifact { digest: blob.digest().unwrap(), blob, address: requests[0].source.clone() };
        Ok(vec![artifact])
    }
}

/// A file whose disk is gone.
struct Gone;

impl ReadAt for Gone {
    fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
        Err(io::Error::other("the disk is gone"))
    }
}

fn grant(how: &str, limits: Limits, log: Arc<Lines>, cancel: Cancel) -> Grant {
    let mut application = Tree::new();
    application.insert("misbehave", Node::file(how)).unwrap();
    application.insert("link", Node::symlink("/etc/passwd")).unwrap();
    application.insert("unreadable", Node::file(Blob::new(4, Gone))).unwrap();
    Grant {
        buildpack: Identity {
            id: "test/misbehaving".into(),
            version: "0.1.0".into(),
            directory: "test_misbehaving".into(),
        },
        target: Target { os: "linux".into(), architecture: "amd64".into(), variant: None, distribution: None },
        environment: BTreeMap::new(),
        platform: Platform::default(),
        application,
        files: Tree::new(),
        limits,
        scratch: Scratch::new(tempfile::tempfile().unwrap()),
        log,
        cancel,
    }
}

fn build_grant() -> BuildGrant {
    BuildGrant { artifacts: Arc::new(Refusing), ..BuildGrant::nothing() }
}

fn unpacking_ends(set: impl FnOnce(&mut Limits), expected: &str) {
    let mut limits = Limits::build();
    set(&mut limits);
    let granted = BuildGrant { artifacts: Arc::new(OneArchive), ..build_grant() };
    let grant = grant("unpack", limits, Arc::default(), Cancel::default());
    assert_eq!(MISBEHAVING.build(grant, granted).unwrap_err().to_string(), expected);
}

/// Lets the guest misbehave in `build` and says what it came to: code and text of the failure, and the last line printed.
fn check(how: &str, limits: Limits) -> (String, String, String) {
    let log = Arc::new(Lines::default());
    let failure = MISBEHAVING.build(grant(how, limits, log.clone(), Cancel::default()), build_grant()).unwrap_err();
    let last = log.0.lock().unwrap().last().cloned().unwrap_or_default();
    (failure.code(), failure.to_string(), last)
}

fn contained(how: &str) {
    let (code, text, _) = check(how, Limits::build());
    assert_eq!(code, "misbehave/contained", "{text}");
}

#[test]
fn files_of_the_host_do_not_exist() {
    contained("read host files");
}

#[test]
fn nothing_outside_can_be_written() {
    contained("escape");
}

#[test]
fn a_component_that_wants_sockets_does_not_load() {
    let wasm = fs::read(component("socket-buildpack")).unwrap();
    let error = Sandbox::new().unwrap().compile_and_load(&wasm).err().unwrap().to_string();
    assert!(error.contains("`wasi:sockets/tcp`") && error.contains("not offered"), "{error}");
}

#[test]
fn what_was_not_granted_is_not_fetched() {
    let (code, text, _) = check("fetch", Limits::build());
    assert_eq!(
        (code.as_str(), text.as_str()),
        ("artifacts/not-granted", "`https://metadata.invalid/latest` is not granted")
    );
}

#[test]
fn a_loop_ends_at_the_time_limit() {
    let (code, text, _) = check("loop", Limits { time: Duration::from_millis(300), ..Limits::build() });
    assert_eq!((code.as_str(), text.as_str()), ("sandbox/limit/time", "it reached the `time` limit of 0.3 s"));
}

#[test]
fn a_loop_in_detect_ends_at_the_time_limit() {
    let limits = Limits { time: Duration::from_millis(200), ..Limits::detect() };
    let failure = MISBEHAVING.detect(grant("loop in detect", limits, Arc::default(), Cancel::default())).unwrap_err();
    assert_eq!(failure.code(), "sandbox/limit/time");
}

#[test]
fn memory_ends_at_the_memory_limit() {
    let (code, text, _) = check("allocate", Limits { memory: 64 << 20, ..Limits::build() });
    assert_eq!((code.as_str(), text.as_str()), ("sandbox/limit/memory", "it reached the `memory` limit of 64 MiB"));
}

#[test]
fn files_end_at_the_files_limit() {
    let mut limits = Limits::build();
    limits.files.files = 1000;
    let (code, text, _) = check("write files", limits);
    assert_eq!((code.as_str(), text.as_str()), ("sandbox/limit/files", "it reached the `files` limit of 1000"));
}

#[test]
fn bytes_end_at_the_bytes_limit() {
    let mut limits = Limits::build();
    limits.files.bytes = 20 << 20;
    let (code, text, _) = check("write bytes", limits);
    assert_eq!((code.as_str(), text.as_str()), ("sandbox/limit/bytes", "it reached the `bytes` limit of 20 MiB"));
}

#[test]
fn what_is_unpacked_counts_while_it_is_unpacked() {
    unpacking_ends(|limits| limits.files.files = 100, "it reached the `files` limit of 100");
    unpacking_ends(|limits| limits.files.bytes = 100 << 10, "it reached the `bytes` limit of 100 KiB");
}

#[test]
fn contributions_end_at_their_limit() {
    let (code, text, _) = check("contribute", Limits::build());
    assert_eq!(code, "sandbox/limit/contribution-bytes");
    assert_eq!(text, "it reached the `contribution-bytes` limit of 1 MiB");
}

/// Or the image would be one that only this machine makes.
#[test]
fn a_guest_that_gets_over_an_error_of_the_host_has_failed() {
    let (code, text, _) = check("read", Limits::build());
    assert_eq!((code.as_str(), text.as_str()), ("sandbox/scratch", "its files cannot be read or kept"));
}

#[test]
fn output_past_the_limit_is_dropped_and_that_is_said() {
    let (code, _, last) = check("print", Limits { log: 1 << 20, ..Limits::build() });
    assert_eq!(code, "misbehave/contained");
    assert_eq!(last, "(the `log-bytes` limit of 1048576 bytes was reached: 1072693259 bytes dropped)");
}

#[test]
fn a_panic_is_reported_with_its_message_and_place() {
    let log = Arc::new(Lines::default());
    let failure =
        MISBEHAVING.build(grant("panic", Limits::build(), log, Cancel::default()), build_grant()).unwrap_err();
    assert_eq!(failure.code(), "sandbox/trap");
    let details = failure.details().join("\n");
    assert!(details.contains("the author did not expect this"), "{details}");
}

#[test]
fn recursion_ends_at_the_stack_limit() {
    let (code, text, _) = check("recurse", Limits::build());
    assert_eq!((code.as_str(), text.as_str()), ("sandbox/limit/stack", "it reached the `stack` limit of 1 MiB"));
}

#[test]
fn an_exit_is_no_result() {
    let (code, text, _) = check("exit", Limits::build());
    assert_eq!(
        (code.as_str(), text.as_str()),
        ("sandbox/exit", "it called `exit` with status 1 instead of returning a result")
    );
}

#[test]
fn a_guest_ends_when_told_to() {
    let cancel = Cancel::default();
    cancel.cancel();
    let failure = MISBEHAVING.build(grant("loop", Limits::build(), Arc::default(), cancel), build_grant()).unwrap_err();
    assert!(matches!(failure, Failure::Cancelled));
}

#[test]
fn what_is_no_component_does_not_load() {
    let sandbox = Sandbox::new().unwrap();
    assert!(sandbox.compile_and_load(b"\0asm").is_err());
}
