//! New layers and new settings on top of a base image.

use crate::media::{self, Compression};
use crate::{
    Config, Descriptor, Document, DocumentError, History, Image, ImageConfig, ImageError, Layer, MAX_LAYERS, Manifest,
};
use std::collections::BTreeMap;

/// What container runtimes take for `PATH` when an image does not set it. Since we set it, we have to say it.
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A layer and how it came to be.
#[derive(Debug, Clone)]
pub struct Addition {
    /// The layer.
    pub layer: Layer,
    /// What its history says.
    pub created_by: String,
}

/// What is put on a base image.
#[derive(Debug, Clone)]
pub struct Additions {
    /// When the image is said to be made, in the notation of RFC 3339. It goes into the history too.
    pub created: String,
    /// New layers, the lowest first.
    pub layers: Vec<Addition>,
    /// Variables, set in this order.
    pub environment: Vec<(String, String)>,
    /// Directories that `PATH` is to begin with.
    pub path: Vec<String>,
    /// Who the process runs as, if not the user of the base.
    pub user: Option<String>,
    /// Directory in which the process starts.
    pub working_dir: String,
    /// The program. The base's arguments (`Cmd`) go with the base's program.
    pub entrypoint: Vec<String>,
    /// Labels, in place of those of the base with the same key.
    pub labels: BTreeMap<String, String>,
}

/// Additions that make no image.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// A name that no environment can have.
    #[error("`{0}` cannot be the name of an environment variable")]
    Variable(String),
    /// Text that no container can be given.
    #[error("the {what} `{name}` has a NUL byte in it")]
    Nul {
        /// `label`, or the like.
        what: &'static str,
        /// Which.
        name: String,
    },
    /// Not to be written as JSON.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// What came out goes beyond what we ourselves would read.
    #[error("the image would not be readable")]
    Image(#[from] ImageError),
}

/// Puts `additions` on `base`. Everything of the base stays as it was where nothing is said about it, the bytes of its
/// layers among it, which need not be here. The result is an OCI image throughout, whatever the base was: some tools
/// refuse a mixture of media types.
pub fn compose(base: &Image, additions: Additions) -> Result<Image, ComposeError> {
    check(&additions)?;
    let mut layers = base.layers().to_vec();
    let mut config = base.config().value().clone();
    config.history = base_history(&config);
    for Addition { layer, created_by } in additions.layers {
        let created = Some(additions.created.clone());
        config.history.push(History { created, created_by: Some(created_by), ..History::default() });
        config.rootfs.diff_ids.push(layer.diff_id);
        layers.push(layer);
    }
    if layers.len() > MAX_LAYERS {
        return Err(ImageError::TooManyLayers(layers.len()).into());
    }
    config.created = Some(additions.created);
    // The container that the base was once committed from is not this image's.
    config.other.remove("container");
    let settings = &mut config.config;
    set_environment(settings, &additions.environment, &additions.path);
    if let Some(user) = additions.user {
        settings.user = user;
    }
    settings.working_dir = additions.working_dir;
    settings.entrypoint = additions.entrypoint;
    settings.cmd = Vec::new();
    settings.labels.extend(additions.labels);
    assemble(base.manifest().value().annotations.clone(), config, &layers)
}

fn check(additions: &Additions) -> Result<(), ComposeError> {
    let nul = |what, name: &str, text: &str| {
        let found = name.contains('\0') || text.contains('\0');
        if found { Err(ComposeError::Nul { what, name: name.replace('\0', "\u{fffd}") }) } else { Ok(()) }
    };
    for (name, value) in &additions.environment {
        nul("variable", name, value)?;
        if name.is_empty() || name.contains('=') {
            return Err(ComposeError::Variable(name.clone()));
        }
    }
    additions.labels.iter().try_for_each(|(key, value)| nul("label", key, value))?;
    additions.entrypoint.iter().try_for_each(|word| nul("entrypoint", word, ""))?;
    additions.user.iter().try_for_each(|user| nul("user", user, ""))?;
    nul("working directory", &additions.working_dir, "")
}

/// One entry a layer, or else `pack rebase` takes the wrong ones: the base's own if they are that, or blank ones.
pub(crate) fn base_history(config: &ImageConfig) -> Vec<History> {
    let count = config.rootfs.diff_ids.len();
    let kept: Vec<History> = config.history.iter().filter(|entry| !entry.empty_layer).cloned().collect();
    if kept.len() == count { kept } else { vec![History::default(); count] }
}

fn set_environment(config: &mut Config, environment: &[(String, String)], path: &[String]) {
    for (name, value) in environment {
        config.set_variable(name, value);
    }
    if !path.is_empty() {
        let rest = config.variable("PATH").unwrap_or(DEFAULT_PATH);
        let parts = path.iter().map(String::as_str).chain(Some(rest).filter(|rest| !rest.is_empty()));
        let value = parts.collect::<Vec<_>>().join(":");
        config.set_variable("PATH", &value);
    }
}

/// Writes configuration and manifest, and reads them as anybody else would.
pub(crate) fn assemble(
    annotations: BTreeMap<String, String>,
    config: ImageConfig,
    layers: &[Layer],
) -> Result<Image, ComposeError> {
    let config = Document::write(config, "the configuration of an image")?;
    let descriptors = layers.iter().map(|layer| as_oci(&layer.descriptor)).collect();
    let mut manifest = Manifest::new(config.descriptor(media::CONFIG), descriptors);
    manifest.annotations = annotations;
    let manifest = Document::write(manifest, "the manifest of an image")?;
    let image = Image::new(manifest.bytes(), config.bytes())?;
    let mut blobs = layers.iter().map(|layer| layer.blob.clone());
    Ok(image.with_blobs(|_| blobs.next().flatten()))
}

/// Docker's media types say the same as OCI's of other names.
fn as_oci(descriptor: &Descriptor) -> Descriptor {
    let mut descriptor = descriptor.clone();
    if let Some(compression) = Compression::of(&descriptor.media_type) {
        compression.layer().clone_into(&mut descriptor.media_type);
    }
    descriptor
}
