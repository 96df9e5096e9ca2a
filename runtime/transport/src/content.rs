//! Bytes on their way, hashed as they pass, never all of them in memory.

use crate::registry::RegistryError;
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _, try_unfold};
use std::io::{self, Write};
use tokio::sync::mpsc;
use wattle_oci::{Descriptor, Digest};
use wattle_tree::{Blob, Hasher};

/// How much of a blob is read at a time.
const PIECE: usize = 256 << 10;
/// Pieces that wait for a slow writer.
const WAITING: usize = 8;

/// Bytes that are not what they should be, or cannot be moved.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// Other bytes than the digest promises.
    #[error("the bytes that came for `{expected}` are not it: they hash to `{found}`")]
    Digest {
        /// What was wanted.
        expected: Digest,
        /// What the bytes hash to.
        found: Box<Digest>,
    },
    /// More or fewer bytes than promised.
    #[error("the bytes that came for `{digest}` are not it: there are {found} of them instead of {expected}")]
    Size {
        /// What was wanted.
        digest: Digest,
        /// Length that was promised.
        expected: u64,
        /// Length found; there may be more where it is greater.
        found: u64,
    },
    /// The host could not read.
    #[error("could not read `{digest}`")]
    Read {
        /// What was read.
        digest: Digest,
        /// Why.
        source: io::Error,
    },
    /// A registry did not give them.
    #[error("could not get `{digest}`")]
    Download {
        /// What was read.
        digest: Digest,
        /// Why.
        source: Box<RegistryError>,
    },
    /// The receiver failed.
    #[error("could not write `{digest}`")]
    Write {
        /// What was written.
        digest: Digest,
        /// Why.
        source: io::Error,
    },
}

impl ContentError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            ContentError::Download { source, .. } => source.hint(),
            ContentError::Write { source, .. } => disk_hint(source),
            ContentError::Read { .. } => None,
            ContentError::Digest { .. } | ContentError::Size { .. } => Some(
                "try again. If it stays so, what they come from is damaged, or something on the way changes them"
                    .to_owned(),
            ),
        }
    }
}

/// What can be done about a filesystem that says no.
pub(crate) fn disk_hint(error: &io::Error) -> Option<String> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("the disk is full: free some space, or name another directory".to_owned())
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Some("you may not write there: change the permissions, or name another directory".to_owned())
        }
        _ => None,
    }
}

/// The bytes of one blob, in pieces.
pub(crate) type Pieces = BoxStream<'static, Result<Bytes, ContentError>>;

/// The pieces of `blob`, whose digest is `digest`.
pub(crate) fn pieces(blob: &Blob, digest: Digest) -> Pieces {
    let blob = blob.clone();
    let next = move |offset: u64| {
        let blob = blob.clone();
        async move {
            if offset >= blob.len() {
                return Ok(None);
            }
            let read = move || {
                let mut buffer = vec![0; PIECE];
                let count = blob.read_at(&mut buffer, offset)?;
                buffer.truncate(count);
                Ok(buffer)
            };
            let bytes = blocking(read, |ending| ending).await;
            let bytes = bytes.map_err(|source| ContentError::Read { digest, source })?;
            let end = offset + bytes.len() as u64;
            Ok(Some((Bytes::from(bytes), end)))
        }
    };
    try_unfold(0, next).boxed()
}

/// The same pieces; the end is an error if they were not what `descriptor` says.
pub(crate) fn verified(pieces: Pieces, descriptor: &Descriptor) -> Pieces {
    let state = Some((pieces, Check::new(descriptor)));
    let next = |state: Option<(Pieces, Check)>| async move {
        let Some((mut pieces, mut check)) = state else { return Ok(None) };
        match pieces.try_next().await? {
            Some(piece) => {
                check.update(&piece)?;
                Ok(Some((piece, Some((pieces, check)))))
            }
            None => check.finish().map(|()| None),
        }
    };
    try_unfold(state, next).boxed()
}

/// Writes all pieces into `into`, which is handed back when they were what `descriptor` says. Hashing and writing happen
/// on a thread that may block. If this is dropped, that thread drops `into` soon.
pub(crate) async fn drain<W: Write + Send + 'static>(
    mut pieces: Pieces,
    descriptor: &Descriptor,
    mut into: W,
    mut advanced: impl FnMut(u64),
) -> Result<W, ContentError> {
    let digest = descriptor.digest;
    let mut check = Check::new(descriptor);
    let (sender, mut receiver) = mpsc::channel::<Bytes>(WAITING);
    let writer = tokio::task::spawn_blocking(move || {
        while let Some(piece) = receiver.blocking_recv() {
            check.update(&piece)?;
            into.write_all(&piece).map_err(|source| ContentError::Write { digest, source })?;
        }
        check.finish()?;
        into.flush().map_err(|source| ContentError::Write { digest, source })?;
        Ok(into)
    });
    let mut position = 0;
    while let Some(piece) = pieces.try_next().await? {
        position += piece.len() as u64;
        if sender.send(piece).await.is_err() {
            break; // It gave up, and says below why.
        }
        advanced(position);
    }
    drop(sender);
    joined(writer.await).map_err(|source| ContentError::Write { digest, source })?
}

/// Compares bytes with their descriptor as they pass.
pub(crate) struct Check {
    hasher: Hasher,
    seen: u64,
    expected: Digest,
    size: u64,
}

impl Check {
    pub(crate) fn new(descriptor: &Descriptor) -> Check {
        let (expected, size) = (descriptor.digest, descriptor.size);
        Check { hasher: Hasher::new(expected.algorithm()), seen: 0, expected, size }
    }

    /// Takes more bytes in; at once an error when they are too many.
    pub(crate) fn update(&mut self, bytes: &[u8]) -> Result<(), ContentError> {
        self.seen += bytes.len() as u64;
        if self.seen > self.size {
            return Err(self.wrong_size());
        }
        self.hasher.update(bytes);
        Ok(())
    }

    /// An error unless it was all.
    pub(crate) fn finish(self) -> Result<(), ContentError> {
        if self.seen != self.size {
            return Err(self.wrong_size());
        }
        let (expected, found) = (self.expected, self.hasher.finish());
        if found == expected { Ok(()) } else { Err(ContentError::Digest { expected, found: found.into() }) }
    }

    fn wrong_size(&self) -> ContentError {
        ContentError::Size { digest: self.expected, expected: self.size, found: self.seen }
    }
}

/// Compares bytes that are all there with their digest.
pub(crate) fn check(bytes: &[u8], descriptor: &Descriptor) -> Result<(), ContentError> {
    let mut check = Check::new(descriptor);
    check.update(bytes)?;
    check.finish()
}

/// Runs what waits for a disk where it holds nobody up. `ending` makes the error for a runtime that ends meanwhile.
pub(crate) async fn blocking<T, E>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ending: impl FnOnce(io::Error) -> E,
) -> Result<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    joined(tokio::task::spawn_blocking(work).await).map_err(ending)?
}

fn joined<T>(result: Result<T, tokio::task::JoinError>) -> io::Result<T> {
    match result.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(value) => Ok(value),
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => Err(io::Error::other("the program is ending")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_drain(bytes: &str, promised: &str, size: u64) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let descriptor = Descriptor::new("", Digest::of(promised.as_bytes()), size);
        let blob = Blob::from(bytes);
        let mut last = 0;
        let drained = drain(pieces(&blob, descriptor.digest), &descriptor, Vec::new(), |position| last = position);
        let drained = runtime.block_on(drained);
        let through = runtime.block_on(verified(pieces(&blob, descriptor.digest), &descriptor).try_collect::<Vec<_>>());
        assert_eq!(drained.is_ok(), through.is_ok(), "both ways agree");
        match drained {
            Ok(written) => format!("{} {last}", String::from_utf8(written).unwrap()),
            Err(error) => error.to_string().split("not it: ").last().unwrap_or_default().to_owned(),
        }
    }

    #[test]
    fn nothing_else_than_what_was_promised_gets_through() {
        assert_eq!(check_drain("hello", "hello", 5), "hello 5");
        assert_eq!(check_drain("", "", 0), " 0");
        assert!(check_drain("hellO", "hello", 5).starts_with("they hash to `sha256:"));
        assert_eq!(check_drain("hello", "hello", 4), "there are 5 of them instead of 4");
        assert_eq!(check_drain("hello", "hello", 6), "there are 5 of them instead of 6");
    }

    #[test]
    fn long_blobs_come_in_pieces() {
        let bytes: Vec<u8> = (0..3 * PIECE + 17).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let descriptor = Descriptor::new("", Digest::of(&bytes), bytes.len() as u64);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let drained = drain(pieces(&bytes.clone().into(), descriptor.digest), &descriptor, Vec::new(), |_| {});
        assert!(runtime.block_on(drained).unwrap() == bytes);
    }
}
