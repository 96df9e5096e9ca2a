//! Reading and writing through an overlay agrees with a vector of bytes, whatever the contents were made of and wherever
//! they went; and so do the frozen contents.

#![expect(clippy::unwrap_used, reason = "it fails the test")]

use proptest::prelude::*;
use wattle_tree::overlay::{Access, Inode, Limits, OpenOptions, Overlay};
use wattle_tree::{Node, Scratch, Tree};

#[derive(Debug, Clone)]
enum Step {
    Write { offset: u64, len: usize },
    SetLen(u64),
    Read { offset: u64, len: usize },
    Reopen,
}

/// Sizes around the edges of pages, from a few bytes to several pages.
fn size() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..2000_u64,
        (0..6_u64, 0..5_u64).prop_map(|(page, beside)| (page * 65536 + beside).saturating_sub(2)),
        0..400_000_u64
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let len = || size().prop_map(|len| usize::try_from(len / 2).unwrap());
    prop_oneof![
        4 => (size(), len()).prop_map(|(offset, len)| Step::Write { offset, len }),
        2 => size().prop_map(Step::SetLen),
        2 => (size(), len()).prop_map(|(offset, len)| Step::Read { offset, len }),
        1 => Just(Step::Reopen),
    ]
}

const BOTH: OpenOptions = OpenOptions {
    create: true,
    exclusive: false,
    directory: false,
    truncate: false,
    follow: true,
    read: true,
    write: true,
};

/// One file, and what it should hold. The second one only stirs the places that the first one gets.
struct Pair {
    overlay: Overlay,
    file: Inode,
    other: Inode,
    model: Vec<u8>,
    salt: u8,
}

impl Pair {
    fn new(base: Option<u64>, memory: usize) -> Pair {
        let mut lower = Tree::new();
        let model: Vec<u8> = (0..base.unwrap_or(0)).map(|at| u8::try_from(at % 251).unwrap()).collect();
        if base.is_some() {
            lower.insert("file", Node::program(model.clone())).unwrap();
        }
        let scratch = Scratch::new(tempfile::tempfile().unwrap());
        let mut overlay = Overlay::new(lower, scratch, Limits { memory, ..Limits::default() });
        overlay.set_access("", Access::Writable).unwrap();
        let file = overlay.open(Overlay::ROOT, "file", BOTH).unwrap();
        let other = overlay.open(Overlay::ROOT, "other", BOTH).unwrap();
        Pair { overlay, file, other, model, salt: 0 }
    }

    fn step(&mut self, step: &Step) {
        self.salt = self.salt.wrapping_add(1);
        match *step {
            Step::Write { offset, len } => {
                let data = vec![self.salt | 128; len];
                assert_eq!(self.overlay.write_at(self.file, &data, offset), Ok(len));
                self.overlay.write_at(self.other, &vec![77; len], offset / 2).unwrap();
                let start = usize::try_from(offset).unwrap();
                if len > 0 {
                    self.model.resize(self.model.len().max(start + len), 0);
                    self.model[start..start + len].copy_from_slice(&data);
                }
            }
            Step::SetLen(len) => {
                self.overlay.set_len(self.file, len).unwrap();
                self.overlay.set_len(self.other, len / 3).unwrap();
                self.model.resize(usize::try_from(len).unwrap(), 0);
            }
            Step::Read { offset, len } => {
                let mut buffer = vec![9; len];
                let count = self.overlay.read_at(self.file, &mut buffer, offset).unwrap();
                let start = self.model.len().min(usize::try_from(offset).unwrap());
                let expected = &self.model[start..self.model.len().min(start + len)];
                assert!(buffer[..count] == *expected, "{count} bytes at {offset}");
            }
            Step::Reopen => {
                self.overlay.close(self.file);
                self.file = self.overlay.open(Overlay::ROOT, "file", BOTH).unwrap();
            }
        }
        assert_eq!(self.overlay.len(self.file), self.model.len() as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn contents_agree_with_a_vector(
        base in proptest::option::of(size()),
        in_memory in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let mut pair = Pair::new(base, if in_memory { 32 << 20 } else { 0 });
        for step in &steps {
            pair.step(step);
        }
        let charged = pair.overlay.usage().bytes;
        let untouched = steps.iter().all(|step| matches!(step, Step::Read { .. } | Step::Reopen | Step::Write { len: 0, .. }));
        if !untouched {
            prop_assert_eq!(charged, pair.overlay.len(pair.file) + pair.overlay.len(pair.other));
        }
        let frozen = pair.overlay.freeze().unwrap();
        let file = frozen.file("file").unwrap();
        prop_assert!(file.blob.to_vec().unwrap() == pair.model, "frozen");
        prop_assert_eq!(file.executable, base.is_some(), "the executable bit survives");
    }
}
