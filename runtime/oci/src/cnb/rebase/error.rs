//! Why an image cannot be rebased.

use crate::cnb::{LIFECYCLE_METADATA, LabelError};
use crate::{ComposeError, Digest};

/// Why an image cannot be put on a run image.
#[derive(Debug, thiserror::Error)]
pub enum RebaseError {
    /// Nobody knows where its run image ends.
    #[error("it has no label `{LIFECYCLE_METADATA}`: it was not built by buildpacks")]
    NotBuildpacks,
    /// A label does not say what its key promises.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// Two readers of the label would see two things.
    #[error("its label `{LIFECYCLE_METADATA}` has both `{0}` and `{1}`, which some tools take for the same")]
    AmbiguousKey(String, String),
    /// More than any build writes.
    #[error("its label `{LIFECYCLE_METADATA}` has {found} {what}; {limit} is the most that is read")]
    Oversized {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: usize,
        /// What it may be.
        limit: usize,
    },
    /// The label does not say where the run image ends.
    #[error("its label `{LIFECYCLE_METADATA}` names no `runImage.topLayer`")]
    NoTopLayer,
    /// The layer where the run image ends is not there.
    #[error("`{0}`, by its label the top layer of its run image, is not one of its layers")]
    TopLayerAbsent(Digest),
    /// There are several layers where the run image might end.
    #[error("`{digest}`, by its label the top layer of its run image, is {count} of its layers")]
    TopLayerTwice {
        /// The layer.
        digest: Digest,
        /// How often it is there.
        count: usize,
    },
    /// By the label, the image's own layers belong to the run image and would go with it.
    #[error("the layer of {what} is below `{top}`, by its label the top layer of its run image")]
    OwnLayerBelow {
        /// `the application`, or the like.
        what: String,
        /// Where the run image is said to end.
        top: Digest,
    },
    /// Its history is not that of its layers.
    #[error("its history has {entries} entries for {layers} layers")]
    History {
        /// Entries that tell of a layer.
        entries: usize,
        /// Layers.
        layers: usize,
    },
    /// It says that it must not be rebased.
    #[error("its label `io.buildpacks.rebasable` is `false`")]
    NotRebasable,
    /// The run image is for another machine.
    #[error("it is for `{image}`, and the run image for `{base}`")]
    Platform {
        /// What the image is for.
        image: String,
        /// What the run image is for.
        base: String,
    },
    /// The run image is for another variant of the machine.
    #[error("it is for `{image}`, and the run image for `{base}`")]
    Variant {
        /// What the image is for.
        image: String,
        /// What the run image is for.
        base: String,
    },
    /// The run image is of another distribution, or does not say of which.
    #[error("it is made for {image}, and the run image is {base}")]
    Distribution {
        /// `debian 12`.
        image: String,
        /// `debian 13`.
        base: String,
    },
    /// The run image is of another stack (images made for a Platform API before 0.12).
    #[error("it is made for the stack `{image}`, and the run image is of `{base}`")]
    Stack {
        /// The image's.
        image: String,
        /// The run image's.
        base: String,
    },
    /// The run image lacks parts of the stack (images made for a Platform API before 0.12).
    #[error("the run image lacks mixins that it relies on: {}", .0.join(", "))]
    Mixins(Vec<String>),
    /// What decides which rules hold cannot be read.
    #[error("its variable `CNB_PLATFORM_API` is `{0}`, which is no version of the Platform API")]
    PlatformApi(String),
    /// The run image is not one that the image says it may stand on.
    #[error("the run image `{name}` is none that it names: {}", list(recorded))]
    OtherRunImage {
        /// The run image.
        name: String,
        /// What the image names.
        recorded: Vec<String>,
    },
    /// A run image without layers: there would be nothing to find it by the next time.
    #[error("the run image has no layers")]
    EmptyBase,
    /// The parts do not make an image.
    #[error("it cannot be put together")]
    Compose(#[from] ComposeError),
}

impl RebaseError {
    /// True if `force` goes on in spite of it. Never where the image could not work: on another machine, or cut at the
    /// wrong place.
    pub fn may_be_forced(&self) -> bool {
        matches!(
            self,
            RebaseError::NotRebasable
                | RebaseError::History { .. }
                | RebaseError::Variant { .. }
                | RebaseError::Distribution { .. }
                | RebaseError::Stack { .. }
                | RebaseError::Mixins(_)
                | RebaseError::OtherRunImage { .. }
        )
    }

    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            RebaseError::NotBuildpacks => "rebase/not-buildpacks",
            RebaseError::Label(_) | RebaseError::AmbiguousKey(..) | RebaseError::Oversized { .. } => "rebase/label",
            RebaseError::NoTopLayer
            | RebaseError::TopLayerAbsent(_)
            | RebaseError::TopLayerTwice { .. }
            | RebaseError::OwnLayerBelow { .. } => "rebase/top-layer",
            RebaseError::History { .. } => "rebase/history",
            RebaseError::NotRebasable => "rebase/not-rebasable",
            RebaseError::Platform { .. } | RebaseError::Variant { .. } => "rebase/platform",
            RebaseError::Distribution { .. } => "rebase/distribution",
            RebaseError::Stack { .. } | RebaseError::Mixins(_) => "rebase/stack",
            RebaseError::PlatformApi(_) => "rebase/platform-api",
            RebaseError::OtherRunImage { .. } => "rebase/other-run-image",
            RebaseError::EmptyBase => "rebase/empty-run-image",
            RebaseError::Compose(_) => "rebase/compose",
        }
    }

    /// What can be done about it.
    pub fn hint(&self) -> &'static str {
        match self {
            RebaseError::NotBuildpacks => "rebase images that `wattle build` or another buildpacks platform made",
            RebaseError::History { .. } => {
                "another tool has changed the image: build it again, or go on with `--force`, which gives it a blank history"
            }
            RebaseError::NotRebasable => {
                "who made it says that it only works on the run image that it has: build it again, or go on with `--force`"
            }
            RebaseError::Platform { .. } => "name a run image for its platform with `--run-image`",
            RebaseError::Variant { .. } => {
                "name a run image for its variant with `--run-image`, or go on with `--force`"
            }
            RebaseError::Distribution { .. } | RebaseError::Stack { .. } | RebaseError::Mixins(_) => {
                "its programs may need what this run image has not: build it again on that run image; `--force` goes on \
                 without asking"
            }
            RebaseError::OtherRunImage { .. } => {
                "name one that it names with `--run-image`, or go on with `--force`, which records the new name"
            }
            RebaseError::EmptyBase => "name another run image with `--run-image`",
            _ => "build it again: what it says of itself cannot be relied on",
        }
    }
}

fn list(recorded: &[String]) -> String {
    let names: Vec<String> = recorded.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "it names none".to_owned() } else { names.join(", ") }
}
