//! `wasi:filesystem` over the overlay. One preopened directory, `/`.

use super::streams::{Input, IoError, Output};
use super::{CHUNK, EPOCH};
use crate::generated::wasi::clocks::wall_clock::Datetime;
use crate::generated::wasi::filesystem::types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, Filesize, MetadataHashValue,
    NewTimestamp, OpenFlags, PathFlags,
};
use crate::generated::wasi::filesystem::{preopens, types};
use crate::state::State;
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::{Resource, ResourceTableError};
use wattle_tree::overlay::{Error, Inode, Kind, OpenOptions, Overlay, Status};

/// An open file or directory.
pub struct Descriptor {
    inode: Inode,
    flags: DescriptorFlags,
}

/// A directory being listed.
pub struct Entries {
    left: std::vec::IntoIter<(Arc<str>, Kind)>,
    held: usize,
}

/// What a call on files can end with.
pub enum FilesystemError {
    /// The guest sees an error.
    Code(Error),
    /// The guest sees that this handle was not opened for that.
    Descriptor,
    /// The guest broke a rule.
    Trap(wasmtime::Error),
}

impl From<Error> for FilesystemError {
    fn from(error: Error) -> FilesystemError {
        FilesystemError::Code(error)
    }
}

impl From<ResourceTableError> for FilesystemError {
    fn from(error: ResourceTableError) -> FilesystemError {
        FilesystemError::Trap(error.into())
    }
}

type Handle = Resource<Descriptor>;
type Files<T> = std::result::Result<T, FilesystemError>;

/// A buffer for at most one chunk.
pub(crate) fn buffer(len: u64) -> Vec<u8> {
    vec![0; usize::try_from(len.min(CHUNK)).unwrap_or(0)]
}

impl State {
    fn inode(&self, handle: &Handle) -> Files<Inode> {
        Ok(self.table.get(handle)?.inode)
    }

    fn directory(&self, handle: &Handle) -> Files<Inode> {
        let inode = self.inode(handle)?;
        match self.files.kind(inode) {
            Kind::Directory => Ok(inode),
            _ => Err(Error::NotADirectory.into()),
        }
    }

    /// A directory whose entries this handle may change.
    fn mutable(&self, handle: &Handle) -> Files<Inode> {
        let inode = self.directory(handle)?;
        if !self.table.get(handle)?.flags.contains(DescriptorFlags::MUTATE_DIRECTORY) {
            return Err(Error::ReadOnly.into());
        }
        Ok(inode)
    }

    fn regular(&self, handle: &Handle, needed: DescriptorFlags) -> Files<Inode> {
        let descriptor = self.table.get(handle)?;
        if self.files.kind(descriptor.inode) == Kind::Directory {
            return Err(Error::IsDirectory.into());
        }
        if !descriptor.flags.contains(needed) {
            return Err(FilesystemError::Descriptor);
        }
        Ok(descriptor.inode)
    }

    fn found(&mut self, handle: &Handle, flags: PathFlags, path: &str) -> Files<Inode> {
        let base = self.directory(handle)?;
        Ok(self.files.lookup(base, path, flags.contains(PathFlags::SYMLINK_FOLLOW))?)
    }

    /// A second owner of the open file: a stream.
    fn shared(&mut self, handle: &Handle, needed: DescriptorFlags) -> Files<Inode> {
        let inode = self.regular(handle, needed)?;
        self.files.retain(inode)?;
        Ok(inode)
    }
}

impl types::Host for State {
    fn convert_error_code(&mut self, error: FilesystemError) -> Result<ErrorCode> {
        match error {
            FilesystemError::Code(error) => Ok(code(error)),
            FilesystemError::Descriptor => Ok(ErrorCode::BadDescriptor),
            FilesystemError::Trap(trap) => Err(trap),
        }
    }

    fn filesystem_error_code(&mut self, error: Resource<IoError>) -> Result<Option<ErrorCode>> {
        Ok(Some(code(self.table.get(&error)?.0)))
    }
}

impl types::HostDescriptor for State {
    fn read_via_stream(&mut self, handle: Handle, position: Filesize) -> Files<Resource<Input>> {
        let inode = self.shared(&handle, DescriptorFlags::READ)?;
        Ok(self.table.push(Input::File { inode, position })?)
    }

    fn write_via_stream(&mut self, handle: Handle, position: Filesize) -> Files<Resource<Output>> {
        let inode = self.shared(&handle, DescriptorFlags::WRITE)?;
        Ok(self.table.push(Output::File { inode, position })?)
    }

    fn append_via_stream(&mut self, handle: Handle) -> Files<Resource<Output>> {
        let inode = self.shared(&handle, DescriptorFlags::WRITE)?;
        Ok(self.table.push(Output::Append { inode })?)
    }

    fn advise(&mut self, handle: Handle, _: Filesize, _: Filesize, _: Advice) -> Files<()> {
        self.inode(&handle).map(drop)
    }

    fn sync_data(&mut self, handle: Handle) -> Files<()> {
        self.inode(&handle).map(drop)
    }

    fn sync(&mut self, handle: Handle) -> Files<()> {
        self.inode(&handle).map(drop)
    }

    fn get_flags(&mut self, handle: Handle) -> Files<DescriptorFlags> {
        Ok(self.table.get(&handle)?.flags)
    }

    fn get_type(&mut self, handle: Handle) -> Files<DescriptorType> {
        Ok(kind(self.files.kind(self.inode(&handle)?)))
    }

    fn set_size(&mut self, handle: Handle, size: Filesize) -> Files<()> {
        let inode = self.regular(&handle, DescriptorFlags::WRITE)?;
        Ok(self.files.set_len(inode, size)?)
    }

    /// Times are constant; setting one succeeds, because programs that copy files insist, and changes nothing.
    fn set_times(&mut self, handle: Handle, _: NewTimestamp, _: NewTimestamp) -> Files<()> {
        self.inode(&handle).map(drop)
    }

    fn set_times_at(
        &mut self,
        handle: Handle,
        flags: PathFlags,
        path: String,
        _: NewTimestamp,
        _: NewTimestamp,
    ) -> Files<()> {
        self.found(&handle, flags, &path).map(drop)
    }

    fn read(&mut self, handle: Handle, len: Filesize, offset: Filesize) -> Files<(Vec<u8>, bool)> {
        let inode = self.regular(&handle, DescriptorFlags::READ)?;
        let left = self.files.len(inode).saturating_sub(offset);
        let mut bytes = buffer(len.min(left));
        let count = self.files.read_at(inode, &mut bytes, offset)?;
        bytes.truncate(count);
        Ok((bytes, count as u64 == left))
    }

    fn write(&mut self, handle: Handle, bytes: Vec<u8>, offset: Filesize) -> Files<Filesize> {
        let inode = self.regular(&handle, DescriptorFlags::WRITE)?;
        Ok(self.files.write_at(inode, &bytes, offset)? as u64)
    }

    fn read_directory(&mut self, handle: Handle) -> Files<Resource<Entries>> {
        let inode = self.directory(&handle)?;
        let entries = self.files.list(inode)?;
        let held = entries.len();
        self.files.hold(held)?;
        let pushed = self.table.push(Entries { left: entries.into_iter(), held });
        if pushed.is_err() {
            self.files.release(held);
        }
        Ok(pushed?)
    }

    fn create_directory_at(&mut self, handle: Handle, path: String) -> Files<()> {
        let base = self.mutable(&handle)?;
        Ok(self.files.create_directory(base, &path)?)
    }

    fn stat(&mut self, handle: Handle) -> Files<DescriptorStat> {
        let inode = self.inode(&handle)?;
        Ok(stat(&self.files.status(inode)))
    }

    fn stat_at(&mut self, handle: Handle, flags: PathFlags, path: String) -> Files<DescriptorStat> {
        let inode = self.found(&handle, flags, &path)?;
        Ok(stat(&self.files.status(inode)))
    }

    fn link_at(&mut self, old: Handle, flags: PathFlags, old_path: String, new: Handle, new_path: String) -> Files<()> {
        let (old, new) = (self.mutable(&old)?, self.mutable(&new)?);
        Ok(self.files.link(old, &old_path, flags.contains(PathFlags::SYMLINK_FOLLOW), new, &new_path)?)
    }

    fn open_at(
        &mut self,
        handle: Handle,
        flags: PathFlags,
        path: String,
        open: OpenFlags,
        wanted: DescriptorFlags,
    ) -> Files<Handle> {
        let base = self.directory(&handle)?;
        let parent = self.table.get(&handle)?.flags;
        let options = open_options(flags, open, wanted);
        let changes = options.write || options.create || wanted.contains(DescriptorFlags::MUTATE_DIRECTORY);
        if changes && !parent.contains(DescriptorFlags::MUTATE_DIRECTORY) {
            return Err(Error::ReadOnly.into());
        }
        let inode = self.files.open(base, &path, options)?;
        let inherited = match self.files.kind(inode) {
            Kind::Directory => parent & DescriptorFlags::MUTATE_DIRECTORY,
            _ => DescriptorFlags::empty(),
        };
        let pushed = self.table.push(Descriptor { inode, flags: wanted | inherited });
        if pushed.is_err() {
            self.files.close(inode);
        }
        Ok(pushed?)
    }

    fn readlink_at(&mut self, handle: Handle, path: String) -> Files<String> {
        let base = self.directory(&handle)?;
        Ok(self.files.read_link(base, &path)?.to_string())
    }

    fn remove_directory_at(&mut self, handle: Handle, path: String) -> Files<()> {
        let base = self.mutable(&handle)?;
        Ok(self.files.remove_directory(base, &path)?)
    }

    fn rename_at(&mut self, old: Handle, old_path: String, new: Handle, new_path: String) -> Files<()> {
        let (old, new) = (self.mutable(&old)?, self.mutable(&new)?);
        Ok(self.files.rename(old, &old_path, new, &new_path)?)
    }

    fn symlink_at(&mut self, handle: Handle, target: String, path: String) -> Files<()> {
        let base = self.mutable(&handle)?;
        Ok(self.files.symlink(&target, base, &path)?)
    }

    fn unlink_file_at(&mut self, handle: Handle, path: String) -> Files<()> {
        let base = self.mutable(&handle)?;
        Ok(self.files.unlink(base, &path)?)
    }

    fn is_same_object(&mut self, one: Handle, other: Handle) -> Result<bool> {
        Ok(self.table.get(&one)?.inode == self.table.get(&other)?.inode)
    }

    fn metadata_hash(&mut self, handle: Handle) -> Files<MetadataHashValue> {
        let inode = self.inode(&handle)?;
        Ok(hash(inode))
    }

    fn metadata_hash_at(&mut self, handle: Handle, flags: PathFlags, path: String) -> Files<MetadataHashValue> {
        Ok(hash(self.found(&handle, flags, &path)?))
    }

    fn drop(&mut self, handle: Handle) -> Result<()> {
        let descriptor = self.table.delete(handle)?;
        self.files.close(descriptor.inode);
        Ok(())
    }
}

impl types::HostDirectoryEntryStream for State {
    fn read_directory_entry(&mut self, stream: Resource<Entries>) -> Files<Option<DirectoryEntry>> {
        let entry = self.table.get_mut(&stream)?.left.next();
        Ok(entry.map(|(name, of)| DirectoryEntry { type_: kind(of), name: name.to_string() }))
    }

    fn drop(&mut self, stream: Resource<Entries>) -> Result<()> {
        let entries = self.table.delete(stream)?;
        self.files.release(entries.held);
        Ok(())
    }
}

impl preopens::Host for State {
    fn get_directories(&mut self) -> Result<Vec<(Handle, String)>> {
        self.files.retain(Overlay::ROOT)?;
        let flags = DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY;
        Ok(vec![(self.table.push(Descriptor { inode: Overlay::ROOT, flags })?, "/".to_owned())])
    }
}

fn open_options(flags: PathFlags, open: OpenFlags, wanted: DescriptorFlags) -> OpenOptions {
    OpenOptions {
        create: open.contains(OpenFlags::CREATE),
        exclusive: open.contains(OpenFlags::EXCLUSIVE),
        directory: open.contains(OpenFlags::DIRECTORY),
        truncate: open.contains(OpenFlags::TRUNCATE),
        follow: flags.contains(PathFlags::SYMLINK_FOLLOW),
        read: wanted.contains(DescriptorFlags::READ),
        write: wanted.contains(DescriptorFlags::WRITE) || open.contains(OpenFlags::TRUNCATE),
    }
}

fn kind(kind: Kind) -> DescriptorType {
    match kind {
        Kind::Directory => DescriptorType::Directory,
        Kind::File => DescriptorType::RegularFile,
        Kind::Symlink => DescriptorType::SymbolicLink,
    }
}

fn stat(status: &Status) -> DescriptorStat {
    let time = Some(Datetime { seconds: EPOCH, nanoseconds: 0 });
    DescriptorStat {
        type_: kind(status.kind),
        link_count: u64::from(status.links),
        size: status.size,
        data_access_timestamp: time,
        data_modification_timestamp: time,
        status_change_timestamp: time,
    }
}

fn hash(inode: Inode) -> MetadataHashValue {
    MetadataHashValue { lower: inode.number(), upper: 0 }
}

fn code(error: Error) -> ErrorCode {
    match error {
        Error::Exists => ErrorCode::Exist,
        Error::FileTooLarge => ErrorCode::FileTooLarge,
        Error::Invalid => ErrorCode::Invalid,
        Error::Io => ErrorCode::Io,
        Error::IsDirectory => ErrorCode::IsDirectory,
        Error::Loop => ErrorCode::Loop,
        Error::NameTooLong => ErrorCode::NameTooLong,
        Error::NoSpace => ErrorCode::InsufficientSpace,
        Error::NotADirectory => ErrorCode::NotDirectory,
        Error::NotEmpty => ErrorCode::NotEmpty,
        Error::NotFound => ErrorCode::NoEntry,
        Error::NotPermitted => ErrorCode::NotPermitted,
        Error::ReadOnly => ErrorCode::ReadOnly,
        // WASI 0.2 has no code for too many open files.
        Error::TooManyOpen => ErrorCode::InsufficientMemory,
    }
}
