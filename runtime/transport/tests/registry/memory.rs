//! What is moved is never all in memory.

use crate::images::{image, read, write};
use crate::real::Registry;
use std::io;
use wattle_transport::Outcome::Sent;
use wattle_tree::{Blob, ReadAt};

const LEN: u64 = 200 << 20;
/// What the whole process may grow by; other tests run meanwhile.
const MOST: u64 = 64 << 20;

/// Bytes that are nowhere.
struct Endless;

impl ReadAt for Endless {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        for (at, byte) in (offset..).zip(buffer) {
            *byte = (at >> 12).to_le_bytes()[0];
        }
        Ok(())
    }
}

/// Most memory that the process had at once, where the host tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}

#[test]
fn a_large_layer_streams_there_and_back() {
    let (registry, directory) = (Registry::start(), tempfile::TempDir::new().unwrap());
    let image = image(&[Blob::new(LEN, Endless)]);
    let to = format!("{}/large", registry.host);
    let before = peak();
    assert_eq!(write(&image, None, &to).unwrap().1, [Sent]);
    let source = read(&to).unwrap();
    let layout = format!("oci:{}", directory.path().join("large").display());
    assert_eq!(write(&source.image, Some(&source), &layout).unwrap().1, [Sent]);
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after - before < MOST, "grew by {} MiB", (after - before) >> 20);
    }
}
