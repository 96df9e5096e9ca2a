//! In which phase of a build something failed, and by which exit code the reference implementation would say so (Platform
//! specification, "Exit Codes"). Wattle's own exit status says whose fault it was instead.

use crate::error::{EngineError, Fault};
use serde::Serialize;

/// A phase, as the Platform specification names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// What the image is put on, and what was there before.
    Analyze,
    /// Who would build the application.
    Detect,
    /// Buildpacks build.
    Build,
    /// Layers become an image, which is brought where it should be.
    Export,
    /// Images are put on another run image.
    Rebase,
}

/// Something failed that is no phase's own.
pub const FAILED: u8 = 1;
/// The command was called wrongly.
pub const INVALID_ARGUMENTS: u8 = 3;

impl Phase {
    /// The exit code for a failure in this phase that has no code of its own.
    pub fn platform_exit_code(self) -> u8 {
        match self {
            Phase::Analyze => 32,
            Phase::Detect => 22,
            Phase::Build => 52,
            Phase::Export => 62,
            Phase::Rebase => 72,
        }
    }
}

impl EngineError {
    /// The phase that failed; none if it is not one's own.
    pub fn phase(&self) -> Option<Phase> {
        Some(match self {
            EngineError::RunImage(_)
            | EngineError::RunImageIsApplication(_)
            | EngineError::RunImagePlatform { .. }
            | EngineError::ReadImage { .. } => Phase::Analyze,
            EngineError::Package(_) | EngineError::Order(_) | EngineError::NothingApplies { .. } => Phase::Detect,
            EngineError::Buildpack { phase, .. } => *phase,
            EngineError::RunImageLayers { .. } | EngineError::Packages(_) | EngineError::Slice { .. } => Phase::Build,
            EngineError::Launcher(_)
            | EngineError::DefaultProcess { .. }
            | EngineError::Pack { .. }
            | EngineError::Compose(_)
            | EngineError::WriteBom(_)
            | EngineError::Publish { .. }
            | EngineError::Tags(_) => Phase::Export,
            EngineError::Rebase(_) => Phase::Rebase,
            EngineError::Application { .. }
            | EngineError::Read { .. }
            | EngineError::Label { .. }
            | EngineError::Bom(_)
            | EngineError::Store(_)
            | EngineError::Interrupted => return None,
        })
    }

    /// The exit code by which the reference implementation says that this phase failed for this reason.
    pub fn platform_exit_code(&self) -> u8 {
        match self {
            EngineError::NothingApplies { unresolved, .. } if unresolved.has_failures() => 21,
            EngineError::NothingApplies { .. } => 20,
            // Whoever cannot say stands in the way, as if no group had passed.
            EngineError::Buildpack { phase: Phase::Detect, .. } => 21,
            EngineError::Buildpack { phase: Phase::Build, .. } | EngineError::Slice { .. } => 51,
            error => match error.phase() {
                Some(phase) => phase.platform_exit_code(),
                None if error.fault() == Fault::Usage => INVALID_ARGUMENTS,
                None => FAILED,
            },
        }
    }
}
