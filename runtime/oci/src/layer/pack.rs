//! From a source to compressed bytes, in one pass.
//!
//! ```text
//! entries -> tar, cut in blocks -+-> digest (diff-id)
//!                                +-> compress, on many threads -> in order again -> digest, out
//! ```
//! Each block becomes a gzip member of its own, so that what comes out does not depend on who compressed what. Every
//! queue is bounded: a slow writer holds up the reader, and memory is a few blocks a thread.

use super::source::Source;
use super::tar;
use flate2::{Compression, GzBuilder};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use wattle_tree::{Algorithm, Digest, Hasher};

/// How much of the tar stream makes a gzip member, in bytes. Part of what the compressed form depends on.
const BLOCK: usize = 1 << 20;
/// Twice as fast as the next level for a tenth more bytes. Part of what the compressed form depends on.
const LEVEL: u32 = 2;
/// By what the compressed form is known: whoever keeps layers that are packed keeps them by this too, or what comes out would
/// depend on when it was packed. To be raised with whatever changes the bytes, a new version of the compressor among it; a
/// test says when.
pub const FORMAT: &str = "gzip-2";
/// "Unknown" (RFC 1952, section 2.3): the host that compressed is not to show.
const GZIP_OS: u8 = 255;

/// What came out of [`pack`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed {
    /// Digest of the tar stream.
    pub diff_id: Digest,
    /// Digest of the compressed bytes.
    pub digest: Digest,
    /// Length of the compressed bytes.
    pub size: u64,
    /// Length of the tar stream.
    pub uncompressed: u64,
}

/// A block on its way to be compressed, and where its compressed form is awaited.
struct Job {
    block: Arc<Vec<u8>>,
    done: SyncSender<io::Result<Vec<u8>>>,
}

/// Writes `source` to `out` as a gzip-compressed tar stream, compressing on `threads` threads. The bytes are the same for
/// any number of them. Fails as reading a blob or writing to `out` does, and with [`io::ErrorKind::InvalidInput`] for a name
/// that no layer can have.
pub fn pack(source: &Source, out: &mut dyn Write, threads: NonZeroUsize) -> io::Result<Packed> {
    let threads = threads.get();
    let (hash, to_hash) = sync_channel::<Arc<Vec<u8>>>(threads + 1);
    let (jobs, to_compress) = sync_channel::<Job>(threads + 1);
    let (order, in_order) = sync_channel(threads + 1);
    let to_compress = Mutex::new(to_compress);
    thread::scope(|scope| {
        let reader = scope.spawn(move || write_tar(source, Blocks { hash, jobs, order, block: Vec::new() }));
        let hasher = scope.spawn(move || hash_blocks(&to_hash));
        for _ in 0..threads {
            scope.spawn(|| compress_blocks(&to_compress));
        }
        let written = write_in_order(in_order, out);
        let read = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let (diff_id, uncompressed) = hasher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // If writing failed, then reading failed because of it.
        let (digest, size) = written?;
        read?;
        Ok(Packed { diff_id, digest, size, uncompressed })
    })
}

fn write_tar(source: &Source, mut blocks: Blocks) -> io::Result<()> {
    for entry in source.entries() {
        if entry.path.rsplit('/').next().is_some_and(|name| name.starts_with(super::WHITEOUT)) {
            let reason = "in an image, a name that begins with `.wh.` removes what has the rest of the name";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{}`: {reason}", entry.path)));
        }
        tar::write_entry(&mut blocks, &entry)
            .map_err(|error| io::Error::new(error.kind(), format!("`{}`: {error}", entry.path)))?;
    }
    tar::write_end(&mut blocks)?;
    blocks.send()
}

/// Cuts what is written to it into blocks, and passes them on.
struct Blocks {
    hash: SyncSender<Arc<Vec<u8>>>,
    jobs: SyncSender<Job>,
    order: SyncSender<Receiver<io::Result<Vec<u8>>>>,
    block: Vec<u8>,
}

impl Blocks {
    /// Passes on what there is. Nobody to take it means that the writer has failed.
    fn send(&mut self) -> io::Result<()> {
        let block = Arc::new(std::mem::take(&mut self.block));
        let (done, result) = sync_channel(1);
        let sent = self.order.send(result).is_ok()
            && self.hash.send(block.clone()).is_ok()
            && self.jobs.send(Job { block, done }).is_ok();
        if sent { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }
}

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.capacity() == 0 {
            self.block.reserve_exact(BLOCK);
        }
        let count = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..count]);
        if self.block.len() == BLOCK {
            self.send()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hash_blocks(blocks: &Receiver<Arc<Vec<u8>>>) -> (Digest, u64) {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut len = 0;
    for block in blocks {
        hasher.update(&block);
        len += block.len() as u64;
    }
    (hasher.finish(), len)
}

fn compress_blocks(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { block, done }) = job else { return };
        // Nobody waits for it if the writer has failed.
        let _ = done.send(compress(&block));
    }
}

fn compress(block: &[u8]) -> io::Result<Vec<u8>> {
    let out = Vec::with_capacity(block.len() / 2);
    let mut encoder = GzBuilder::new().mtime(0).operating_system(GZIP_OS).write(out, Compression::new(LEVEL));
    encoder.write_all(block)?;
    encoder.finish()
}

fn write_in_order(results: Receiver<Receiver<io::Result<Vec<u8>>>>, out: &mut dyn Write) -> io::Result<(Digest, u64)> {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut size = 0;
    for result in results {
        // The reader stopped between announcing a block and passing it on: it tells why.
        let Ok(bytes) = result.recv() else { break };
        let bytes = bytes?;
        out.write_all(&bytes)?;
        hasher.update(&bytes);
        size += bytes.len() as u64;
    }
    Ok((hasher.finish(), size))
}
