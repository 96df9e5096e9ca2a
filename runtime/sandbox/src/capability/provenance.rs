//! Where what was fetched went: what each layer is made of.

use crate::contribution::{Fetched, Placed};
use wattle_tree::Tree;

/// Everything that a buildpack fetched, in order.
#[derive(Default)]
pub(crate) struct Provenance(Vec<Entry>);

struct Entry {
    fetched: Fetched,
    /// True if these very bytes were asked for. What was asked for by name alone and only read is a list to choose from.
    pinned: bool,
    /// The layer that was being made meanwhile.
    during: Option<usize>,
    read: bool,
    /// Into which layers it was unpacked, as what and where there.
    unpacked: Vec<(usize, (Tree, String))>,
}

/// Everything that was fetched, and what of it is part of the image.
pub(crate) struct Traced {
    pub(crate) fetched: Vec<Fetched>,
    /// By the layer that it is in, or in none.
    pub(crate) placed: Vec<(Option<usize>, Placed)>,
}

impl Provenance {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Notes that something was fetched; gives its place here.
    pub(crate) fn fetched(&mut self, fetched: Fetched, pinned: bool, during: Option<usize>) -> usize {
        self.0.push(Entry { fetched, pinned, during, read: false, unpacked: Vec::new() });
        self.0.len() - 1
    }

    pub(crate) fn read(&mut self, place: usize) {
        self.0[place].read = true;
    }

    pub(crate) fn unpacked(&mut self, place: usize, layer: usize, contents: Tree, path: String) {
        self.0[place].unpacked.push((layer, (contents, path)));
    }

    /// Notes that a layer was emptied.
    pub(crate) fn cleared(&mut self, layer: usize) {
        for entry in &mut self.0 {
            entry.unpacked.retain(|(into, _)| *into != layer);
        }
    }

    /// What was unpacked is where it was unpacked to. What was only read, the buildpack itself has written somewhere: most
    /// likely into the layer that it was making.
    pub(crate) fn finish(self) -> Traced {
        let mut traced = Traced { fetched: Vec::with_capacity(self.0.len()), placed: Vec::new() };
        for Entry { fetched, pinned, during, read, unpacked } in self.0 {
            let placed = |unpacked| Placed { fetched: fetched.clone(), unpacked };
            if unpacked.is_empty() && read && pinned {
                traced.placed.push((during, placed(None)));
            }
            traced.placed.extend(unpacked.into_iter().map(|(layer, what)| (Some(layer), placed(Some(what)))));
            traced.fetched.push(fetched);
        }
        traced
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wattle_tree::Digest;

    #[test]
    fn what_went_into_the_image_is_told_from_what_was_read_to_decide() {
        let mut provenance = Provenance::default();
        let mut fetch = |source: &str, pinned, during| {
            let fetched =
                Fetched { source: source.to_owned(), address: String::new(), digest: Digest::of(b""), size: 0 };
            provenance.fetched(fetched, pinned, during)
        };
        let [index, twice, written, loose, emptied] = [
            fetch("index", false, Some(0)),
            fetch("twice", true, Some(0)),
            fetch("written", true, Some(1)),
            fetch("loose", true, None),
            fetch("emptied", true, Some(2)),
        ];
        fetch("unused", true, Some(0));
        for place in [index, twice, written, loose] {
            provenance.read(place);
        }
        provenance.unpacked(twice, 0, Tree::new(), String::new());
        provenance.unpacked(twice, 1, Tree::new(), String::new());
        provenance.unpacked(emptied, 2, Tree::new(), String::new());
        provenance.cleared(2);
        let traced = provenance.finish();
        let line = |(layer, placed): &(Option<usize>, Placed)| format!("{} {layer:?}", placed.fetched.source);
        assert_eq!(traced.fetched.len(), 6);
        let lines: Vec<_> = traced.placed.iter().map(line).collect();
        assert_eq!(lines, ["twice Some(0)", "twice Some(1)", "written Some(1)", "loose None"]);
    }
}
