//! What stands in the way of another run image whichever that is.

use super::check::{REBASABLE, targets};
use super::label::Lifecycle;
use super::{RebaseError, of_layers};
use crate::Image;

/// Everything about `image` itself for which [`rebase`](super::rebase) would refuse to put it on another run image. Nothing
/// if it goes on any that fits.
pub fn rebase_obstacles(image: &Image) -> Vec<RebaseError> {
    let lifecycle = match Lifecycle::of(image) {
        Ok(lifecycle) => lifecycle,
        Err(error) => return vec![error],
    };
    let config = image.config();
    let (entries, layers) = (of_layers(&config.value().history).len(), image.layers().len());
    let history = (entries != 0 && entries != layers).then_some(RebaseError::History { entries, layers });
    let forbidden = (config.label(REBASABLE) == Some("false")).then_some(RebaseError::NotRebasable);
    let errors = [lifecycle.cut(image).err(), targets(image).err(), forbidden, history];
    errors.into_iter().flatten().collect()
}
