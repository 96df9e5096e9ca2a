//! The label that says where the run image ends, read with care and changed with more.

use super::RebaseError;
use crate::cnb::{LIFECYCLE_METADATA, LabelError, LifecycleMetadata, RunImage, RunImageName, Sha};
use crate::{Digest, Image};
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use std::fmt;

/// Longest label that is read, in bytes. What buildpacks note of their layers is in it.
const MAX_LABEL: usize = 4 << 20;
/// Longest name of a run image, in bytes.
const MAX_NAME: usize = 1 << 10;
/// Most mirrors of a run image.
const MAX_MIRRORS: usize = 64;

/// `io.buildpacks.lifecycle.metadata` of an image.
pub(super) struct Lifecycle<'a> {
    text: &'a str,
    metadata: LifecycleMetadata,
}

impl Lifecycle<'_> {
    /// Reads it.
    pub(super) fn of(image: &Image) -> Result<Lifecycle<'_>, RebaseError> {
        let text = image.config().label(LIFECYCLE_METADATA).ok_or(RebaseError::NotBuildpacks)?;
        at_most("bytes", text.len(), MAX_LABEL)?;
        let members = Members::read(text)?;
        members.at("runImage").map(Members::read).transpose()?;
        let metadata: LifecycleMetadata = serde_json::from_str(text).map_err(wrong)?;
        let names = [&metadata.run_image.image, &metadata.run_image.reference, &metadata.stack.run_image.image];
        let mirrors = metadata.run_image.mirrors.iter().chain(&metadata.stack.run_image.mirrors);
        names
            .into_iter()
            .chain(mirrors.clone())
            .try_for_each(|name| at_most("bytes in a name", name.len(), MAX_NAME))?;
        at_most("mirrors", mirrors.count(), 2 * MAX_MIRRORS)?;
        Ok(Lifecycle { text, metadata })
    }

    /// What it says of the run image.
    pub(super) fn run_image(&self) -> &RunImage {
        &self.metadata.run_image
    }

    /// The run image's names, the main one first; older images have them in `stack`.
    pub(super) fn names(&self) -> RunImageName {
        self.metadata.run_image_name()
    }

    /// How many of the image's layers are the run image's.
    pub(super) fn cut(&self, image: &Image) -> Result<usize, RebaseError> {
        let top = self.run_image().top_layer.ok_or(RebaseError::NoTopLayer)?;
        let layers: Vec<Digest> = image.layers().iter().map(|layer| layer.diff_id).collect();
        let cut = match layers.iter().filter(|layer| **layer == top).count() {
            0 => return Err(RebaseError::TopLayerAbsent(top)),
            1 => layers.iter().take_while(|layer| **layer != top).count() + 1,
            count => return Err(RebaseError::TopLayerTwice { digest: top, count }),
        };
        let (below, above) = layers.split_at(cut);
        // A layer without contents may be anywhere.
        let lost = |layer: &Digest| below.contains(layer) && !above.contains(layer);
        match self.own().into_iter().find(|(_, layer)| lost(layer)) {
            Some((what, _)) => Err(RebaseError::OwnLayerBelow { what, top }),
            None => Ok(cut),
        }
    }

    /// Every layer that the label says is not the run image's.
    fn own(&self) -> Vec<(String, Digest)> {
        let metadata = &self.metadata;
        let named = |what: &str, sha: &Sha| sha.sha.map(|digest| (what.to_owned(), digest));
        let mut own: Vec<_> = metadata.app.iter().filter_map(|sha| named("the application", sha)).collect();
        own.extend(metadata.sbom.iter().filter_map(|sha| named("the bill of materials", sha)));
        own.extend(named("the configuration", &metadata.config));
        own.extend(named("the launcher", &metadata.launcher));
        own.extend(named("the process types", &metadata.process_types));
        for buildpack in &metadata.buildpacks {
            let layers = buildpack.layers.values();
            own.extend(layers.map(|layer| (format!("the buildpack `{}`", buildpack.key), layer.sha)));
        }
        own
    }

    /// The same label for another run image. Only what is different is written anew: numbers and keys that we would write
    /// in another way, or do not know, stay as they are.
    pub(super) fn with(&self, run_image: &RunImage) -> Result<String, RebaseError> {
        let old = self.run_image();
        if old == run_image {
            return Ok(self.text.to_owned());
        }
        let renamed = (&old.image, &old.mirrors) != (&run_image.image, &run_image.mirrors);
        let top_layer = run_image.top_layer.map(|digest| digest.to_string()).unwrap_or_default();
        let mut members = Members::read(self.text)?;
        members.edit("runImage", |of| {
            of.set("topLayer", &top_layer)?;
            of.set("reference", &run_image.reference)?;
            if renamed { of.rename(&run_image.image, &run_image.mirrors) } else { Ok(()) }
        })?;
        if renamed {
            members
                .edit("stack", |stack| stack.edit("runImage", |of| of.rename(&run_image.image, &run_image.mirrors)))?;
        }
        serde_json::to_string(&members).map_err(wrong)
    }
}

fn wrong(source: serde_json::Error) -> RebaseError {
    RebaseError::Label(LabelError { key: LIFECYCLE_METADATA, source })
}

fn at_most(what: &'static str, found: usize, limit: usize) -> Result<(), RebaseError> {
    if found > limit { Err(RebaseError::Oversized { what, found, limit }) } else { Ok(()) }
}

/// The members of a JSON object, in their order, each as it is written.
#[derive(Default)]
struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// Reads an object that nobody can take for another one: the reference implementation reads keys whatever their case,
    /// and of several the last.
    fn read(text: &str) -> Result<Members, RebaseError> {
        let members: Members = serde_json::from_str(text).map_err(wrong)?;
        let mut keys: Vec<(String, &String)> =
            members.0.iter().map(|(key, _)| (key.to_ascii_lowercase(), key)).collect();
        keys.sort_by(|a, b| a.0.cmp(&b.0));
        match keys.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(RebaseError::AmbiguousKey(pair[0].1.clone(), pair[1].1.clone())),
            None => Ok(members),
        }
    }

    /// The value at `key`, as it is written.
    fn at(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == key).map(|(_, value)| value.get())
    }

    fn put(&mut self, key: &str, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(found, _)| found == key) {
            Some((_, found)) => *found = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    fn set(&mut self, key: &str, value: &impl Serialize) -> Result<(), RebaseError> {
        self.put(key, to_raw_value(value).map_err(wrong)?);
        Ok(())
    }

    fn rename(&mut self, image: &str, mirrors: &[String]) -> Result<(), RebaseError> {
        self.set("image", &image)?;
        self.0.retain(|(key, _)| key != "mirrors");
        if mirrors.is_empty() { Ok(()) } else { self.set("mirrors", &mirrors) }
    }

    /// Changes the object at `key`.
    fn edit(
        &mut self,
        key: &str,
        change: impl FnOnce(&mut Members) -> Result<(), RebaseError>,
    ) -> Result<(), RebaseError> {
        let mut object = self.at(key).map(Members::read).transpose()?.unwrap_or_default();
        change(&mut object)?;
        self.set(key, &object)
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Members::default();
                while let Some(member) = map.next_entry()? {
                    members.0.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}
