//! What can go wrong with a registry.

use crate::auth::AuthError;
use crate::content::ContentError;
use crate::select::SelectError;
use std::error::Error;
use wattle_oci::ImageError;

/// A registry that does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It has no such image or blob, or says so to those who may not know.
    #[error("there is no {what}")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// It does not let us.
    #[error("the registry `{registry}` refuses to {what}{}: {message}", if *.anonymous { " without credentials" } else { "" })]
    Denied {
        /// The registry.
        registry: String,
        /// What was attempted.
        what: String,
        /// True if it was not told who we are.
        anonymous: bool,
        /// Its reason.
        message: String,
        /// Why no credentials were shown, where that might surprise.
        note: Option<String>,
    },
    /// No connection, or one that broke, as often as it was tried.
    #[error("could not {what}: no answer from the registry `{registry}`")]
    Unreachable {
        /// The registry.
        registry: String,
        /// What was attempted.
        what: String,
        /// What happened.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It answered with an error.
    #[error("could not {what}: the registry `{registry}` answered {status}: {message}")]
    Refused {
        /// The registry.
        registry: String,
        /// What was attempted.
        what: String,
        /// The status of its answer (RFC 9110, section 15).
        status: u16,
        /// Its reason.
        message: String,
    },
    /// It answered with something that the specification does not allow.
    #[error("could not {what}: the registry `{registry}` answered in a way that is not understood: {reason}")]
    Protocol {
        /// The registry.
        registry: String,
        /// What was attempted.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// It sent us somewhere where we do not go.
    #[error("the registry `{registry}` points to `{to}`, which is not followed: {reason}")]
    Address {
        /// The registry.
        registry: String,
        /// Scheme and host of where it sent us.
        to: String,
        /// What speaks against it.
        reason: &'static str,
    },
    /// Credentials that cannot be had.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// Bytes that are not what they should be.
    #[error("could not move a blob from or to `{repository}`")]
    Content {
        /// Registry and repository.
        repository: String,
        /// How.
        source: ContentError,
    },
    /// An index that does not lead to an image.
    #[error("could not find the image `{reference}`")]
    Select {
        /// The image.
        reference: String,
        /// Why.
        source: Box<SelectError>,
    },
    /// Parts that are no image.
    #[error("could not read the image `{reference}`")]
    Image {
        /// The image.
        reference: String,
        /// Why.
        source: ImageError,
    },
    /// Settings that no connection can be made with.
    #[error("the settings for the network cannot be used: {what}")]
    Settings {
        /// Which, and why.
        what: String,
        /// More of it.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}

impl RegistryError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            RegistryError::NotFound { .. } => {
                Some("check the name; some registries also say this of images that you may not see".to_owned())
            }
            RegistryError::Denied { note: Some(note), .. } => Some(format!("credentials were not shown: {note}")),
            RegistryError::Denied { registry, anonymous: true, .. } => {
                Some(format!("log in, as with `docker login {registry}`, or set `CNB_REGISTRY_AUTH`"))
            }
            RegistryError::Denied { .. } => {
                Some("check that the name is right and that your account may do this".to_owned())
            }
            RegistryError::Unreachable { registry, .. } => Some(format!(
                "check the name `{registry}`, the proxy and the certificates. If it speaks plain HTTP, list it as insecure"
            )),
            RegistryError::Refused { status: 429, .. } => {
                Some("it wants fewer requests: wait a little; logging in often raises the limit".to_owned())
            }
            RegistryError::Refused { status: 500.., .. } => {
                Some("the fault is with the registry: try again later".to_owned())
            }
            RegistryError::Content { source, .. } => source.hint(),
            RegistryError::Auth(error) => error.hint(),
            _ => None,
        }
    }

    /// True if it may go better the next time.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            RegistryError::Unreachable { .. } => true,
            RegistryError::Refused { status, .. } => super::patience::is_passing(*status),
            _ => false,
        }
    }
}
