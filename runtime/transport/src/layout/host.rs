//! What differs from host to host. The only place of this crate with calls that are not portable.

use std::fs::Metadata;
use tempfile::Builder;

/// Makes what `builder` creates as accessible as anything else that the user creates, rather than private.
#[cfg(unix)]
pub(super) fn shared<'a, 'b>(builder: &'a mut Builder<'b, 'b>, is_directory: bool) -> &'a mut Builder<'b, 'b> {
    use std::os::unix::fs::PermissionsExt as _;
    // The process's mask takes away what the user does not want to share.
    let mode = if is_directory { 0o777 } else { 0o666 };
    builder.permissions(std::fs::Permissions::from_mode(mode))
}

/// Files take the permissions of their directory.
#[cfg(not(unix))]
pub(super) fn shared<'a, 'b>(builder: &'a mut Builder<'b, 'b>, _is_directory: bool) -> &'a mut Builder<'b, 'b> {
    builder
}

/// True if both files belong to one user.
#[cfg(unix)]
pub(super) fn same_owner(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    one.uid() == other.uid()
}

/// The standard library does not say, and directories that everybody writes to are not common.
#[cfg(not(unix))]
pub(super) fn same_owner(_one: &Metadata, _other: &Metadata) -> bool {
    true
}
