//! `wasi:io/streams`: reading and writing files and the console piece by piece. Nothing ever has to wait.

use super::clocks::Pollable;
use super::{CHUNK, filesystem};
use crate::generated::wasi::io::{error, streams};
use crate::grant::Stream;
use crate::state::State;
use wasmtime::Result;
use wasmtime::component::{Resource, ResourceTableError};
use wattle_tree::overlay::{self, Inode};

/// A stream to read from.
pub enum Input {
    /// A file, from here on.
    File { inode: Inode, position: u64 },
    /// Standard input.
    Empty,
}

/// A stream to write to.
pub enum Output {
    /// A file, from here on.
    File { inode: Inode, position: u64 },
    /// The end of a file, wherever it is.
    Append { inode: Inode },
    /// Standard output or standard error.
    Console(Stream),
}

/// `wasi:io/error`.
pub struct IoError(pub(crate) overlay::Error);

/// What reading or writing a stream can end with.
pub enum StreamError {
    /// There is no more.
    Closed,
    /// The file said no.
    Failed(overlay::Error),
    /// The guest broke a rule.
    Trap(wasmtime::Error),
}

impl From<ResourceTableError> for StreamError {
    fn from(error: ResourceTableError) -> StreamError {
        StreamError::Trap(error.into())
    }
}

impl From<overlay::Error> for StreamError {
    fn from(error: overlay::Error) -> StreamError {
        StreamError::Failed(error)
    }
}

type StreamResult<T> = std::result::Result<T, StreamError>;

impl State {
    fn read_stream(&mut self, stream: &Resource<Input>, len: u64) -> StreamResult<Vec<u8>> {
        match self.table.get_mut(stream)? {
            Input::Empty => Err(StreamError::Closed),
            Input::File { inode, position } => {
                let left = self.files.len(*inode).saturating_sub(*position);
                if left == 0 && len > 0 {
                    return Err(StreamError::Closed);
                }
                let mut bytes = filesystem::buffer(len.min(left));
                let count = self.files.read_at(*inode, &mut bytes, *position)?;
                *position += count as u64;
                bytes.truncate(count);
                Ok(bytes)
            }
        }
    }

    fn write_stream(&mut self, stream: &Resource<Output>, bytes: &[u8]) -> StreamResult<()> {
        match self.table.get_mut(stream)? {
            Output::File { inode, position } => {
                *position += self.files.write_at(*inode, bytes, *position)? as u64;
            }
            Output::Append { inode } => {
                let end = self.files.len(*inode);
                self.files.write_at(*inode, bytes, end)?;
            }
            Output::Console(stream) => self.console.write(*stream, bytes),
        }
        Ok(())
    }

    fn write_zeroes(&mut self, stream: &Resource<Output>, len: u64) -> StreamResult<()> {
        self.write_stream(stream, &filesystem::buffer(len))
    }
}

impl streams::Host for State {
    fn convert_stream_error(&mut self, error: StreamError) -> Result<streams::StreamError> {
        Ok(match error {
            StreamError::Closed => streams::StreamError::Closed,
            StreamError::Failed(error) => streams::StreamError::LastOperationFailed(self.table.push(IoError(error))?),
            StreamError::Trap(trap) => return Err(trap),
        })
    }
}

impl streams::HostInputStream for State {
    fn read(&mut self, stream: Resource<Input>, len: u64) -> StreamResult<Vec<u8>> {
        self.read_stream(&stream, len)
    }

    fn blocking_read(&mut self, stream: Resource<Input>, len: u64) -> StreamResult<Vec<u8>> {
        self.read_stream(&stream, len)
    }

    fn skip(&mut self, stream: Resource<Input>, len: u64) -> StreamResult<u64> {
        Ok(self.read_stream(&stream, len)?.len() as u64)
    }

    fn blocking_skip(&mut self, stream: Resource<Input>, len: u64) -> StreamResult<u64> {
        self.skip(stream, len)
    }

    fn subscribe(&mut self, stream: Resource<Input>) -> Result<Resource<Pollable>> {
        Ok(self.table.push_child(Pollable::READY, &stream)?)
    }

    fn drop(&mut self, stream: Resource<Input>) -> Result<()> {
        if let Input::File { inode, .. } = self.table.delete(stream)? {
            self.files.close(inode);
        }
        Ok(())
    }
}

impl streams::HostOutputStream for State {
    fn check_write(&mut self, stream: Resource<Output>) -> StreamResult<u64> {
        self.table.get(&stream)?;
        Ok(CHUNK)
    }

    fn write(&mut self, stream: Resource<Output>, bytes: Vec<u8>) -> StreamResult<()> {
        self.write_stream(&stream, &bytes)
    }

    fn blocking_write_and_flush(&mut self, stream: Resource<Output>, bytes: Vec<u8>) -> StreamResult<()> {
        self.write_stream(&stream, &bytes)
    }

    fn flush(&mut self, stream: Resource<Output>) -> StreamResult<()> {
        self.table.get(&stream)?;
        Ok(())
    }

    fn blocking_flush(&mut self, stream: Resource<Output>) -> StreamResult<()> {
        self.flush(stream)
    }

    fn subscribe(&mut self, stream: Resource<Output>) -> Result<Resource<Pollable>> {
        Ok(self.table.push_child(Pollable::READY, &stream)?)
    }

    fn write_zeroes(&mut self, stream: Resource<Output>, len: u64) -> StreamResult<()> {
        if len > CHUNK {
            return Err(StreamError::Trap(wasmtime::format_err!(
                "more zeroes were written than `check-write` allowed"
            )));
        }
        State::write_zeroes(self, &stream, len)
    }

    fn blocking_write_zeroes_and_flush(&mut self, stream: Resource<Output>, len: u64) -> StreamResult<()> {
        streams::HostOutputStream::write_zeroes(self, stream, len)
    }

    fn splice(&mut self, stream: Resource<Output>, source: Resource<Input>, len: u64) -> StreamResult<u64> {
        let bytes = self.read_stream(&source, len)?;
        self.write_stream(&stream, &bytes)?;
        Ok(bytes.len() as u64)
    }

    fn blocking_splice(&mut self, stream: Resource<Output>, source: Resource<Input>, len: u64) -> StreamResult<u64> {
        self.splice(stream, source, len)
    }

    fn drop(&mut self, stream: Resource<Output>) -> Result<()> {
        if let Output::File { inode, .. } | Output::Append { inode } = self.table.delete(stream)? {
            self.files.close(inode);
        }
        Ok(())
    }
}

impl error::Host for State {}

impl error::HostError for State {
    fn to_debug_string(&mut self, error: Resource<IoError>) -> Result<String> {
        Ok(self.table.get(&error)?.0.to_string())
    }

    fn drop(&mut self, error: Resource<IoError>) -> Result<()> {
        self.table.delete(error)?;
        Ok(())
    }
}
