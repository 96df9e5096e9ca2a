//! The page: which item is shown by which test.

use super::items::{Differs, Id, Item, Items, NotOurs};
use super::{Shown, Test};
use std::collections::BTreeMap;
use std::fmt;

/// What the letters stand for, in the order of the checklist.
const LETTERS: [(char, &str); 9] = [
    ('B', "Buildpack API 0.12"),
    ('P', "Platform API 0.15"),
    ('I', "Images"),
    ('D', "Distribution"),
    ('J', "project.toml"),
    ('L', "Launcher"),
    ('X', "Image extensions"),
    ('W', "Where others went wrong"),
    ('A', "Choices between specification and reference"),
];
/// The four states of an item, as columns.
const STATES: [&str; 4] = ["tested", "differs", "not ours", "open"];

const HEAD: &str = "\
# Conformance with Cloud Native Buildpacks

What interchange with [Cloud Native Buildpacks](https://buildpacks.io) takes, item by item, and the tests that show it. The
items are read from the specification (Buildpack API 0.12, Platform API 0.15, Distribution API 0.3, Project Descriptor 0.2)
and from the reference implementation, lifecycle 0.21 and pack 0.40.

This page is generated: `cargo xtask conformance` makes it of [cnb-conformance.toml](cnb-conformance.toml) and of the names
of tests, which begin with the ids of what they show. *Tested*: there is such a test. *Differs*: Wattle does it otherwise, on
purpose. *Not ours*: Wattle has no such part. *Open*: no test shows it yet.
";

pub(crate) struct Page<'a> {
    pub(crate) items: &'a Items,
    pub(crate) shown: &'a Shown,
}

impl Page<'_> {
    /// How many items are in which state, in a line.
    pub(crate) fn counts(&self) -> String {
        let counts = self.tally(|_| true);
        let states = STATES.iter().zip(counts).map(|(state, count)| format!("{count} {state}"));
        states.collect::<Vec<_>>().join(", ")
    }

    fn tally(&self, counts: impl Fn(char) -> bool) -> [usize; STATES.len()] {
        let mut tally = [0; STATES.len()];
        for (id, item) in self.items.all().filter(|(id, _)| counts(id.letter())) {
            tally[self.state(*id, item)] += 1;
        }
        tally
    }

    /// The state of an item, as a place in [`STATES`].
    fn state(&self, id: Id, item: &Item) -> usize {
        match item {
            Item::Tested(_) if self.shown.contains_key(&id) => 0,
            Item::Differs(_) => 1,
            Item::NotOurs(_) => 2,
            Item::Tested(_) => 3,
        }
    }

    fn summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| | items | {} |\n|---|{}", STATES.join(" | "), "--:|".repeat(STATES.len() + 1))?;
        let mut row = |name: &str, tally: [usize; STATES.len()]| {
            let counts = tally.map(|count| count.to_string()).join(" | ");
            writeln!(f, "| {name} | {} | {counts} |", tally.iter().sum::<usize>())
        };
        for (letter, name) in LETTERS {
            row(&format!("{letter}: {name}"), self.tally(|of| of == letter))?;
        }
        row("**all**", self.tally(|_| true))
    }

    /// Why it is not to be tested, and what shows it.
    fn evidence(&self, id: Id, item: &Item) -> String {
        let reason = match item {
            Item::Tested(_) => None,
            Item::NotOurs(NotOurs { why, .. }) => Some(why.clone()),
            Item::Differs(Differs { how, decision, .. }) => {
                let page = self.items.decisions.get(decision).map(String::as_str).unwrap_or_default();
                Some(format!("{how} ([{decision}](decisions/{page}))"))
            }
        };
        let tests = self.shown.get(&id).into_iter().flatten();
        let links = tests.map(|Test { name, file }| format!("[`{name}`](../{file})"));
        reason.into_iter().chain(links).collect::<Vec<_>>().join("<br>")
    }
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        self.summary(f)?;
        for section in &self.items.sections {
            write!(f, "\n## {}\n\n| item | what | status | test, or reason |\n|---|---|---|---|\n", section.title)?;
            let items: &BTreeMap<Id, Item> = &section.items;
            for (id, item) in items {
                let (state, evidence) = (STATES[self.state(*id, item)], self.evidence(*id, item));
                writeln!(f, "| {id} | {} | {state} | {evidence} |", item.what())?;
            }
        }
        Ok(())
    }
}
