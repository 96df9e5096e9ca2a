//! Why an image stays on the run image that it is on.

use crate::error::{EngineError, Fault};
use wattle_oci::cnb::RebaseError;

/// An image that stays as it is.
#[derive(Debug, thiserror::Error)]
#[error("the image `{image}` cannot be rebased")]
pub struct RebaseFailed {
    /// Its name.
    pub image: String,
    /// Why.
    #[source]
    pub reason: RebaseReason,
}

/// Why it does.
#[derive(Debug, thiserror::Error)]
pub enum RebaseReason {
    /// It would not work, or nobody would know.
    #[error(transparent)]
    Refused(#[from] RebaseError),
    /// Nobody said what to put it on, and neither does it.
    #[error("it does not name its run image")]
    Unnamed,
    /// It was built on a run image in a directory, which is not to be found by a name.
    #[error("its run image `{0}` was a directory of the machine that built it")]
    Directory(String),
    /// Written under the same name, it would take the place of the images for other platforms.
    #[error("it is one of several, for other platforms, under one name")]
    OneOfSeveral,
}

impl RebaseReason {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            RebaseReason::Refused(error) => error.code(),
            RebaseReason::Unnamed | RebaseReason::Directory(_) => "rebase/run-image-unknown",
            RebaseReason::OneOfSeveral => "rebase/one-of-several",
        }
    }

    pub(crate) fn fault(&self) -> Fault {
        match self {
            RebaseReason::Refused(_) => Fault::Application,
            RebaseReason::Unnamed | RebaseReason::Directory(_) | RebaseReason::OneOfSeveral => Fault::Usage,
        }
    }

    pub(crate) fn hints(&self) -> Vec<String> {
        let hint = match self {
            RebaseReason::Refused(error) => error.hint(),
            RebaseReason::Unnamed | RebaseReason::Directory(_) => "name one with `--run-image`",
            RebaseReason::OneOfSeveral => {
                "read it with `--previous-image` and `--platform`, and write it to another name"
            }
        };
        vec![hint.to_owned()]
    }
}

impl From<RebaseFailed> for EngineError {
    fn from(error: RebaseFailed) -> EngineError {
        EngineError::Rebase(Box::new(error))
    }
}
