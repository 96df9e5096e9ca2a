//! What differs from host to host. The only place of this crate with calls that are not portable.

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
