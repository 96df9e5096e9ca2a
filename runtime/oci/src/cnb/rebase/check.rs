//! Whether an image can work on a run image.

use super::label::Lifecycle;
use super::names::{Verdict, judge};
use super::{NewBase, RebaseError};
use crate::cnb::{LabelError, RunImageName};
use crate::{Image, Platform};
use std::collections::BTreeSet;

pub(super) const REBASABLE: &str = "io.buildpacks.rebasable";
const DISTRO_NAME: &str = "io.buildpacks.base.distro.name";
const DISTRO_VERSION: &str = "io.buildpacks.base.distro.version";
const STACK_ID: &str = "io.buildpacks.stack.id";
const STACK_MIXINS: &str = "io.buildpacks.stack.mixins";
/// The Platform API from which on targets are compared, and no stacks.
const TARGETS: (u64, u64) = (0, 12);

/// What was refused so far, and whether that ends it.
pub(super) struct Checks {
    force: bool,
    /// What would have ended it.
    pub(super) overridden: Vec<RebaseError>,
}

impl Checks {
    pub(super) fn new(force: bool) -> Checks {
        Checks { force, overridden: Vec::new() }
    }

    /// Ends it, unless it may go on.
    pub(super) fn refuse(&mut self, error: RebaseError) -> Result<(), RebaseError> {
        if !self.force || !error.may_be_forced() {
            return Err(error);
        }
        self.overridden.push(error);
        Ok(())
    }
}

/// All that can be said before anything is done. Gives the names that the image is to record, if they are others.
pub(super) fn all(
    checks: &mut Checks,
    image: &Image,
    base: &NewBase<'_>,
    lifecycle: &Lifecycle<'_>,
) -> Result<Option<RunImageName>, RebaseError> {
    platform(checks, image, base.image)?;
    if targets(image)? {
        distribution(checks, image, base.image)?;
    } else {
        stack(checks, image, base.image)?;
    }
    if image.config().label(REBASABLE) == Some("false") {
        checks.refuse(RebaseError::NotRebasable)?;
    }
    let recorded = lifecycle.names();
    match judge(&recorded, &base.name) {
        Verdict::Named => Ok(None),
        Verdict::Renamed(names) => Ok(Some(names)),
        Verdict::Stranger(names) => {
            let recorded = recorded.all().map(str::to_owned).collect();
            checks.refuse(RebaseError::OtherRunImage { name: base.name.to_string(), recorded })?;
            Ok(Some(names))
        }
    }
}

fn platform(checks: &mut Checks, image: &Image, base: &Image) -> Result<(), RebaseError> {
    let [image, base] = [image, base].map(|image| image.config().value().platform());
    if image.fits(&base) {
        return Ok(());
    }
    let machine = |platform: &Platform| (platform.os.clone(), platform.architecture.clone());
    let same_machine = machine(&image) == machine(&base);
    let (image, base) = (image.to_string(), base.to_string());
    checks.refuse(if same_machine {
        RebaseError::Variant { image, base }
    } else {
        RebaseError::Platform { image, base }
    })
}

/// Whether targets are to be compared, or stacks, as it was before.
pub(super) fn targets(image: &Image) -> Result<bool, RebaseError> {
    let Some(api) = image.config().value().config.variable("CNB_PLATFORM_API") else { return Ok(false) };
    let number = |text: &str| text.parse::<u64>().ok();
    let version = match api.split_once('.') {
        Some((major, minor)) => number(major).zip(number(minor)),
        None => number(api).map(|major| (major, 0)),
    };
    version.map(|version| version >= TARGETS).ok_or_else(|| RebaseError::PlatformApi(api.to_owned()))
}

/// What is unknown on one side only is not the same; what one side leaves open is.
fn distribution(checks: &mut Checks, image: &Image, base: &Image) -> Result<(), RebaseError> {
    let [ours, theirs] = [image, base]
        .map(|image| [DISTRO_NAME, DISTRO_VERSION].map(|key| image.config().label(key).unwrap_or_default().to_owned()));
    let said = |distribution: &[String; 2]| distribution.iter().any(|part| !part.is_empty());
    let open = |(ours, theirs): (&String, &String)| ours.is_empty() || theirs.is_empty() || ours == theirs;
    if said(&ours) == said(&theirs) && ours.iter().zip(&theirs).all(open) {
        return Ok(());
    }
    let text = |distribution: [String; 2]| match distribution.join(" ").trim() {
        "" => "an unknown distribution".to_owned(),
        text => format!("`{text}`"),
    };
    checks.refuse(RebaseError::Distribution { image: text(ours), base: text(theirs) })
}

fn stack(checks: &mut Checks, image: &Image, base: &Image) -> Result<(), RebaseError> {
    let [ours, theirs] = [image, base].map(|image| image.config().label(STACK_ID).unwrap_or_default().to_owned());
    if ours.is_empty() || ours != theirs {
        return checks.refuse(RebaseError::Stack { image: ours, base: theirs });
    }
    let (ours, theirs) = (mixins(image)?, mixins(base)?);
    let missing: Vec<String> = ours.difference(&theirs).cloned().collect();
    if missing.is_empty() { Ok(()) } else { checks.refuse(RebaseError::Mixins(missing)) }
}

/// The mixins of a run image, whichever stage they are said to be for.
fn mixins(image: &Image) -> Result<BTreeSet<String>, RebaseError> {
    let text = image.config().label(STACK_MIXINS).unwrap_or("null");
    let mixins: Option<Vec<String>> =
        serde_json::from_str(text).map_err(|source| LabelError { key: STACK_MIXINS, source })?;
    let plain = |mixin: String| {
        let stage = ["build:", "run:"].iter().find_map(|stage| mixin.strip_prefix(stage));
        stage.map(str::to_owned).unwrap_or(mixin)
    };
    Ok(mixins.unwrap_or_default().into_iter().map(plain).collect())
}
