//! What a guest can be told. The paths are the guest's own, who knows them; so these are codes.

use std::io;

/// Why an operation was refused: one for each code of WASI that a filesystem without permissions needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Error {
    /// `EEXIST`.
    #[error("it exists already")]
    Exists,
    /// `EINVAL`.
    #[error("the argument is invalid")]
    Invalid,
    /// `EIO`: the host could not read or write; [`Overlay::failure`](super::Overlay::failure) has the cause.
    #[error("the host failed to read or write")]
    Io,
    /// `EISDIR`.
    #[error("it is a directory")]
    IsDirectory,
    /// `ELOOP`: too many symbolic links, or one where none was expected.
    #[error("there are too many symbolic links")]
    Loop,
    /// `ENAMETOOLONG`: a name, a path or the way from the root.
    #[error("the name or path is too long")]
    NameTooLong,
    /// `ENOENT`.
    #[error("there is no such file or directory")]
    NotFound,
    /// `ENOSPC`: a limit, or the disk.
    #[error("there is no space left")]
    NoSpace,
    /// `ENOTDIR`.
    #[error("it is not a directory")]
    NotADirectory,
    /// `ENOTEMPTY`.
    #[error("the directory is not empty")]
    NotEmpty,
    /// `EPERM`: the path leaves the directory that it is relative to, or a directory was to get a second name.
    #[error("it is not permitted")]
    NotPermitted,
    /// `EROFS`.
    #[error("it is read-only")]
    ReadOnly,
    /// `EFBIG`.
    #[error("the file would be too large")]
    FileTooLarge,
    /// `EMFILE`.
    #[error("too many files are open")]
    TooManyOpen,
}

impl From<&io::Error> for Error {
    fn from(error: &io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::NoSpace,
            _ => Error::Io,
        }
    }
}
