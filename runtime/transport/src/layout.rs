//! Images in a directory, or in an archive of one (OCI image layout specification).

mod archive;
mod host;
mod read;
mod stage;
mod write;

pub(crate) use read::Layout;
pub use stage::STAGES;
pub(crate) use write::Writer;

use crate::content::{ContentError, disk_hint};
use crate::select::SelectError;
use std::io;
use std::path::{Path, PathBuf};
use wattle_oci::{Descriptor, Digest, ImageError};

/// The file that says that a directory is a layout.
const MARK: &str = "oci-layout";
/// What stands in it.
const MARK_TEXT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
/// The file that names the images.
const INDEX: &str = "index.json";
/// The annotation that holds the name of an image (OCI image specification, "Pre-Defined Annotation Keys").
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// A directory that images cannot be read from or written to.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// There is nothing of that name.
    #[error("there is no directory `{0}`")]
    Absent(PathBuf),
    /// There is no archive of that name.
    #[error("there is no file `{0}`")]
    AbsentArchive(PathBuf),
    /// A file that is no archive of a layout.
    #[error("`{path}` is not an archive of an OCI image layout")]
    Archive {
        /// The file.
        path: PathBuf,
        /// What speaks against it.
        source: io::Error,
    },
    /// A directory or file that is something else.
    #[error("`{path}` is not an OCI image layout: {reason}")]
    Other {
        /// The directory.
        path: PathBuf,
        /// What speaks against it.
        reason: String,
    },
    /// A directory or file that is something else, where a layout is to be written.
    #[error("`{path}` is not an OCI image layout: {reason}")]
    InTheWay {
        /// The directory.
        path: PathBuf,
        /// What speaks against it.
        reason: String,
    },
    /// None of the images is the one that was wanted.
    #[error("the layout `{path}` has no image `{wanted}`{}", offer(offered))]
    NoImage {
        /// The directory.
        path: PathBuf,
        /// The tag or digest.
        wanted: String,
        /// The tags that there are.
        offered: Vec<String>,
    },
    /// Several images, and no word which.
    #[error("the layout `{path}` has several images, none of them called `latest`{}", offer(offered))]
    Ambiguous {
        /// The directory.
        path: PathBuf,
        /// The tags that there are.
        offered: Vec<String>,
    },
    /// An index that does not lead to an image.
    #[error("could not find the image in the layout `{path}`")]
    Select {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: Box<SelectError>,
    },
    /// Parts that are no image.
    #[error("could not read the image in the layout `{path}`")]
    Image {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: ImageError,
    },
    /// A blob that is damaged.
    #[error("a blob of the layout `{path}` is damaged")]
    Content {
        /// The directory.
        path: PathBuf,
        /// How.
        source: ContentError,
    },
    /// A blob that is not there.
    #[error("the layout `{path}` lacks the blob `{digest}`")]
    NoBlob {
        /// The directory.
        path: PathBuf,
        /// Its digest.
        digest: Digest,
    },
    /// The host's filesystem says no.
    #[error("could not {what} `{path}`")]
    Disk {
        /// What was attempted.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// The host's answer.
        source: io::Error,
    },
}

impl LayoutError {
    /// What it means that there is something else, for one who wants to write there.
    fn in_the_way(self) -> LayoutError {
        match self {
            LayoutError::Other { path, reason } => LayoutError::InTheWay { path, reason },
            error => error,
        }
    }

    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            LayoutError::Absent(path) => {
                Some(format!("write an image there first, as with `--output oci:{}`", path.display()))
            }
            LayoutError::Archive { .. } => Some(
                "name a buildpackage, `FILE.cnb`, or an image that was saved as an OCI archive, in a tar that may be \
                 compressed with gzip"
                    .to_owned(),
            ),
            LayoutError::Other { .. } => {
                Some("name the directory of an image, as `wattle build --output oci:DIR` makes one".to_owned())
            }
            LayoutError::InTheWay { .. } => Some("name another directory: nothing was changed in this one".to_owned()),
            LayoutError::NoImage { path, offered, .. } | LayoutError::Ambiguous { path, offered } => {
                let scheme = if path.is_file() { "oci-archive" } else { "oci" };
                offered.first().map(|tag| format!("name one of them, as in `{scheme}:{}:{tag}`", path.display()))
            }
            LayoutError::Content { .. } | LayoutError::NoBlob { .. } => {
                Some("copy the image there again from where it came from".to_owned())
            }
            LayoutError::Disk { source, .. } => disk_hint(source),
            LayoutError::AbsentArchive(_) | LayoutError::Select { .. } | LayoutError::Image { .. } => None,
        }
    }
}

fn offer(offered: &[String]) -> String {
    let names: Vec<String> = offered.iter().map(|tag| format!("`{tag}`")).collect();
    if names.is_empty() { String::new() } else { format!("; there are {}", names.join(", ")) }
}

/// Where a layout keeps a blob.
fn blob_path(root: &Path, digest: &Digest) -> PathBuf {
    root.join("blobs").join(digest.algorithm().name()).join(digest.hex())
}

/// The same, as a name in the layout.
fn blob_name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}

/// The name of an image in the index of a layout.
fn tag_of(descriptor: &Descriptor) -> Option<&str> {
    descriptor.annotations.get(REF_NAME).map(String::as_str)
}

/// Gives an error of the host its path.
fn disk(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LayoutError {
    move |source| LayoutError::Disk { what, path: path.to_owned(), source }
}
