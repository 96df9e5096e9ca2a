//! What is in an image, whoever built it: an application, a builder, a package of buildpacks, or none of these.
//!
//! Configuration and labels say it; of the layers, that of the bills of materials is read, which is small. What an image
//! says of itself need not be true or even readable: an error is only what its kind rests on, of the rest it is said what
//! is wrong.

mod application;
mod builder;
mod layers;
mod model;
mod order;
mod package;
mod problems;
mod settings;
mod summary;

pub use model::*;

use crate::error::EngineError;
use crate::request::Engine;
use problems::Problems;
use summary::Summary;
use wattle_oci::cnb::{self, BuilderMetadata, LabelError, LifecycleMetadata, PackageMetadata};
use wattle_oci::{Image, Platform};
use wattle_transport::{Location, Source};

impl Engine {
    /// Reads an image, for whatever is to be done with it.
    pub(crate) async fn read_image(&self, location: &Location, platform: &Platform) -> Result<Source, EngineError> {
        self.transport.read(location, platform).await.map_err(EngineError::reading(location))
    }

    /// Says what is in the image at `location`. Of its layers, only that of the bills of materials is fetched, if it is small.
    pub async fn inspect(&self, location: &Location, platform: &Platform) -> Result<Inspection, EngineError> {
        let source = self.read_image(location, platform).await?;
        let understood = |source| EngineError::Label { location: location.to_string(), source };
        let lifecycle = LifecycleMetadata::of(&source.image).map_err(understood)?;
        let mut problems = Problems::default();
        let summary = match &lifecycle {
            Some(lifecycle) => self.summary(&source, lifecycle, &mut problems).await,
            None => Summary::default(),
        };
        describe(&source, summary, problems).map_err(understood)
    }
}

/// Everything that follows from an image's manifest, its configuration, and a summary of its bills of materials.
fn describe(source: &Source, summary: Summary, mut problems: Problems) -> Result<Inspection, LabelError> {
    let image = &source.image;
    let config = image.config().value();
    let builder = BuilderMetadata::of(image)?.map(|metadata| builder::of(image, &metadata, &mut problems));
    let package =
        PackageMetadata::of(image)?.map(|metadata| package::of(image, metadata, &mut problems)).transpose()?;
    let lifecycle = LifecycleMetadata::of(image)?;
    let packages = summary.packages.clone();
    let application = application::of(image, lifecycle.as_ref(), summary, &mut problems)?;
    let among = source.among.iter().flatten().map(ToString::to_string);
    Ok(Inspection {
        schema: 1,
        image: source.location.to_string(),
        kind: kind(image, builder.is_some(), package.as_ref(), application.is_some()),
        digest: source.digest.to_string(),
        media_type: image.descriptor().media_type,
        platform: config.platform().to_string(),
        platforms: among.collect(),
        created: config.created.clone(),
        size: image.layers().iter().map(|layer| layer.descriptor.size).sum(),
        settings: settings::of(image),
        base: settings::base(image, &mut problems),
        layers: layers::of(image, &lifecycle.unwrap_or_default(), packages),
        application,
        builder,
        package,
        problems: problems.into(),
    })
}

fn kind(image: &Image, builder: bool, package: Option<&InspectedBuildpackage>, application: bool) -> ImageKind {
    let says = |prefix: &str| image.config().value().config.labels.keys().any(|key| key.starts_with(prefix));
    match package {
        _ if builder => ImageKind::Builder,
        Some(package) if package.buildpacks.is_empty() && !package.extensions.is_empty() => ImageKind::ExtensionPackage,
        Some(_) => ImageKind::Buildpackage,
        None if application => ImageKind::Application,
        None if image.config().label(cnb::BUILD_METADATA).is_some() => ImageKind::Application,
        None if says("io.buildpacks.base.") || says("io.buildpacks.stack.") => ImageKind::Base,
        None => ImageKind::Other,
    }
}

#[cfg(test)]
mod tests;
