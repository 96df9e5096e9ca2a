//! What kinds of hosts do differently with files: the executable bit, links and names.

#[cfg(unix)]
pub(crate) use unix::{creating, is_executable, link_target, symlink, unusable};
#[cfg(windows)]
pub(crate) use windows::{creating, is_executable, link_target, symlink, unusable};

#[cfg(unix)]
mod unix {
    use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
    use std::fs::Metadata;
    use std::io;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    /// Whether anybody may execute it.
    pub(crate) fn is_executable(metadata: &Metadata) -> bool {
        metadata.permissions().mode() & 0o111 != 0
    }

    /// A link's target as text.
    pub(crate) fn link_target(target: PathBuf) -> Option<String> {
        target.into_os_string().into_string().ok()
    }

    /// How a new file is made.
    pub(crate) fn creating(executable: bool) -> OpenOptions {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(if executable { 0o777 } else { 0o666 });
        options
    }

    /// Makes a link that is not looked at.
    pub(crate) fn symlink(directory: &Dir, target: &str, name: &str) -> io::Result<()> {
        directory.symlink_contents(target, name)
    }

    /// Why this host cannot have a file of this name.
    pub(crate) fn unusable(_name: &str) -> Option<&'static str> {
        None
    }
}

#[cfg(windows)]
mod windows {
    use cap_std::fs::{Dir, OpenOptions};
    use std::fs::Metadata;
    use std::io;
    use std::path::PathBuf;

    /// Windows has no such permission.
    pub(crate) fn is_executable(_metadata: &Metadata) -> bool {
        false
    }

    /// A link's target as text, with the separators that images have.
    pub(crate) fn link_target(target: PathBuf) -> Option<String> {
        target.into_os_string().into_string().ok().map(|target| target.replace('\\', "/"))
    }

    /// How a new file is made.
    pub(crate) fn creating(_executable: bool) -> OpenOptions {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        options
    }

    /// To make a link takes a privilege that most people lack, and a target whose kind is known.
    pub(crate) fn symlink(_directory: &Dir, _target: &str, _name: &str) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "symbolic links are not written on Windows"))
    }

    /// Why this host cannot have a file of this name.
    pub(crate) fn unusable(name: &str) -> Option<&'static str> {
        let forbidden = |c: char| c.is_control() || matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
        let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_uppercase();
        let (device, number) = stem.split_at(stem.len().min(3));
        let numbered = matches!(device, "COM" | "LPT") && number.len() == 1 && number != "0";
        if name.contains(forbidden) {
            Some("Windows does not allow one of its characters")
        } else if name.ends_with(['.', ' ']) {
            Some("Windows does not allow a name to end with a dot or a space")
        } else if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered {
            Some("Windows keeps it for a device")
        } else {
            None
        }
    }
}
