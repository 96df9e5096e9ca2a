//! What can go wrong on the way.

use crate::auth::AuthError;
use crate::content::ContentError;
use crate::layout::LayoutError;
use crate::location::Location;
use crate::registry::RegistryError;
use crate::select::SelectError;
use wattle_oci::Digest;

/// An image that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Credentials that cannot be used.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// A directory.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Bytes on their way.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// A layer that is neither here nor where the base image came from.
    #[error("the bytes of the layer `{0}` are neither here nor where the base image came from")]
    MissingLayer(Digest),
    /// An image cannot be written under a digest that it is yet to get.
    #[error("`{0}` can be read, but not written: what is written gets its own digest")]
    Pinned(Box<Location>),
    /// Archives are only read.
    #[error("`{0}` can be read, but not written: images go to a directory or a registry")]
    ReadOnly(Box<Location>),
    /// An index that cannot be written as JSON.
    #[error(transparent)]
    Index(wattle_oci::DocumentError),
}

/// What went wrong, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is no such image, blob or directory.
    NotFound,
    /// We may not.
    Unauthorised,
    /// There is no connection, or the registry is out of order.
    Unreachable,
    /// Bytes are not what they should be.
    Damaged,
    /// The host's filesystem says no.
    Disk,
    /// Anything else.
    Other,
}

impl TransportError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            TransportError::Auth(error) => error.hint(),
            TransportError::Layout(error) => error.hint(),
            TransportError::Registry(error) => error.hint(),
            TransportError::Content(error) => error.hint(),
            TransportError::MissingLayer(_) => Some("copy the base image again, with all of its layers".to_owned()),
            TransportError::Pinned(_) => Some("name a tag instead".to_owned()),
            TransportError::ReadOnly(_) => {
                Some("write to a directory, `oci:DIR`, and make an archive of it: `tar -cf FILE -C DIR .`".to_owned())
            }
            TransportError::Index(_) => None,
        }
    }

    /// What went wrong, in one word.
    pub fn fault(&self) -> Fault {
        match self {
            TransportError::Layout(error) => of_layout(error),
            TransportError::Registry(error) => of_registry(error),
            TransportError::Content(error) => of_content(error),
            TransportError::MissingLayer(_) => Fault::NotFound,
            TransportError::Auth(_)
            | TransportError::Pinned(_)
            | TransportError::ReadOnly(_)
            | TransportError::Index(_) => Fault::Other,
        }
    }
}

fn of_layout(error: &LayoutError) -> Fault {
    match error {
        LayoutError::Absent(_)
        | LayoutError::AbsentArchive(_)
        | LayoutError::Archive { .. }
        | LayoutError::Other { .. }
        | LayoutError::InTheWay { .. }
        | LayoutError::NoImage { .. }
        | LayoutError::Ambiguous { .. }
        | LayoutError::NoBlob { .. } => Fault::NotFound,
        LayoutError::Content { source, .. } => of_content(source),
        LayoutError::Select { source, .. } => of_select(source),
        LayoutError::Disk { .. } => Fault::Disk,
        LayoutError::Image { .. } => Fault::Other,
    }
}

fn of_registry(error: &RegistryError) -> Fault {
    match error {
        RegistryError::NotFound { .. } => Fault::NotFound,
        RegistryError::Denied { .. } => Fault::Unauthorised,
        RegistryError::Unreachable { .. } | RegistryError::Refused { status: 429 | 500.., .. } => Fault::Unreachable,
        RegistryError::Content { source, .. } => of_content(source),
        RegistryError::Select { source, .. } => of_select(source),
        _ => Fault::Other,
    }
}

fn of_select(error: &SelectError) -> Fault {
    match error {
        SelectError::Content(error) => of_content(error),
        SelectError::Platform { .. } => Fault::NotFound,
        _ => Fault::Other,
    }
}

fn of_content(error: &ContentError) -> Fault {
    match error {
        ContentError::Digest { .. } | ContentError::Size { .. } => Fault::Damaged,
        ContentError::Write { .. } | ContentError::Read { .. } => Fault::Disk,
        ContentError::Download { source, .. } => of_registry(source),
    }
}
