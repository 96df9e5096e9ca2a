//! The items, and what is said of those that no test decides.

use super::Shown;
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

/// An item's id, such as `B40`; sorted by letter and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Id {
    letter: char,
    number: u32,
}

/// All items.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Items {
    #[serde(rename = "section")]
    pub(crate) sections: Vec<Section>,
    /// File names of decisions, by number.
    #[serde(skip)]
    pub(crate) decisions: BTreeMap<u32, String>,
}

/// Items that belong together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) items: BTreeMap<Id, Item>,
}

/// What there is to be shown.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected what it is, or a table of `what` with `not-ours`, or with `differs` and `decision`"
)]
pub(crate) enum Item {
    /// To be shown by a test.
    Tested(String),
    /// Nothing for us.
    NotOurs(NotOurs),
    /// Otherwise here.
    Differs(Differs),
}

/// See [`Item::NotOurs`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotOurs {
    what: String,
    #[serde(rename = "not-ours")]
    pub(crate) why: String,
}

/// See [`Item::Differs`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Differs {
    what: String,
    #[serde(rename = "differs")]
    pub(crate) how: String,
    pub(crate) decision: u32,
}

impl Items {
    /// Reads them from `file`, and which decisions stand beside it.
    pub(crate) fn read(root: &Path, file: &str) -> Result<Items> {
        let text = fs::read_to_string(root.join(file)).with_context(|| format!("`{file}` cannot be read"))?;
        let mut items = Items::parse(&text).with_context(|| format!("`{file}` is not as it should be"))?;
        for entry in fs::read_dir(root.join("docs/decisions"))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if let Some(number) = name.get(..4).and_then(|number| number.parse().ok()) {
                items.decisions.insert(number, name);
            }
        }
        for (id, item) in items.all() {
            if let Item::Differs(Differs { decision, .. }) = item
                && !items.decisions.contains_key(decision)
            {
                bail!("`{file}`: `{id}` names decision {decision}, which is not in `docs/decisions`");
            }
        }
        Ok(items)
    }

    fn parse(text: &str) -> Result<Items> {
        let items: Items = toml::from_str(text)?;
        let mut seen = BTreeSet::new();
        if let Some((id, _)) = items.all().find(|(id, _)| !seen.insert(**id)) {
            bail!("`{id}` is in two sections");
        }
        Ok(items)
    }

    /// Every item.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Id, &Item)> {
        self.sections.iter().flat_map(|section| &section.items)
    }

    /// The items that a test of this name shows: those that it begins with. Words of another form end them; what has the form
    /// of an id, and is none, is an error.
    pub(crate) fn shown_by(&self, test: &str) -> Result<BTreeSet<Id>, Id> {
        let mut ids = BTreeSet::new();
        for word in test.split('_') {
            // Other letters are no ids, whatever follows them: `utf8_names`.
            let Some(id) = Id::of_word(word).filter(|id| self.all().any(|(known, _)| known.letter == id.letter)) else {
                break;
            };
            if !self.all().any(|(known, _)| *known == id) {
                return Err(id);
            }
            ids.insert(id);
        }
        Ok(ids)
    }

    /// What cannot be true: tests that show what we do not have.
    pub(crate) fn contradictions(&self, shown: &Shown) -> Vec<String> {
        let not_ours = self.all().filter(|(_, item)| matches!(item, Item::NotOurs(_)));
        let tests = not_ours.flat_map(|(id, _)| shown.get(id).into_iter().flatten().map(move |test| (id, test)));
        tests.map(|(id, test)| format!("{}: `{}`: `{id}` is said to be not ours", test.file, test.name)).collect()
    }
}

impl Item {
    /// What it is about.
    pub(crate) fn what(&self) -> &str {
        match self {
            Item::Tested(what) | Item::NotOurs(NotOurs { what, .. }) | Item::Differs(Differs { what, .. }) => what,
        }
    }
}

impl Id {
    /// The id as it stands in the name of a test: `b40`.
    fn of_word(word: &str) -> Option<Id> {
        let is_lower = word.starts_with(|first: char| first.is_ascii_lowercase());
        is_lower.then(|| word.to_ascii_uppercase().parse().ok()).flatten()
    }

    /// The letter, which says what the item is about.
    pub(crate) fn letter(self) -> char {
        self.letter
    }
}

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Id, String> {
        let error = || format!("`{text}` is no id: expected a letter and a number, such as `B40`");
        let letter = text.chars().next().filter(char::is_ascii_uppercase).ok_or_else(error)?;
        let digits = &text[1..];
        let number = digits.parse().ok().filter(|number: &u32| number.to_string() == digits).ok_or_else(error)?;
        Ok(Id { letter, number })
    }
}

impl TryFrom<String> for Id {
    type Error = String;

    fn try_from(text: String) -> Result<Id, String> {
        text.parse()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.letter, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEMS: &str =
        "[[section]]\ntitle = 'One'\n[section.items]\nB1 = 'x'\nB12 = 'y'\nP7 = { what = 'z', not-ours = 'no' }";

    #[test]
    fn a_test_shows_the_items_that_its_name_begins_with() {
        let items = Items::parse(ITEMS).unwrap();
        let check = |name: &str| match items.shown_by(name) {
            Ok(ids) => ids.iter().map(Id::to_string).collect::<Vec<_>>().join(" "),
            Err(unknown) => format!("no {unknown}"),
        };
        for (name, expected) in [
            ("b1_versions", "B1"),
            ("b12_p7_b1_more_b12", "B1 B12 P7"),
            ("b12", "B12"),
            ("b2_unknown", "no B2"),
            ("b1_p70_unknown", "no P70"),
            ("b1_b_2", "B1"),
            ("versions_b1", ""),
            ("ab1_versions", ""),
            ("b1x_versions", ""),
            ("b01_versions", ""),
            ("x86_is_no_item_where_no_item_has_that_letter", ""),
            ("utf8_names", ""),
            ("b_1", ""),
            ("", ""),
        ] {
            assert_eq!(check(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_wrong_in_the_list_is_said() {
        let check = |text: &str| format!("{:#}", Items::parse(text).err().unwrap());
        let section = |items: &str| format!("[[section]]\ntitle = 'One'\n[section.items]\n{items}");
        assert!(check(&section("b1 = 'x'")).contains("`b1` is no id"));
        assert!(check(&section("B1 = { what = 'x', differs = 'y' }")).contains("expected what it is, or a table of"));
        assert!(check(&section("B1 = { what = 'x', not-our = 'y' }")).contains("expected what it is, or a table of"));
        assert_eq!(check(&format!("{ITEMS}\n[[section]]\ntitle = 'Two'\nitems.B12 = 'x'")), "`B12` is in two sections");
    }

    #[test]
    fn what_is_not_ours_is_not_shown_by_a_test() {
        let items = Items::parse(ITEMS).unwrap();
        let test = super::super::Test { name: "p7_root".into(), file: "a.rs".into() };
        let shown = Shown::from([("P7".parse().unwrap(), vec![test])]);
        assert_eq!(items.contradictions(&shown), ["a.rs: `p7_root`: `P7` is said to be not ours"]);
        assert_eq!(items.contradictions(&Shown::new()), [""; 0]);
    }
}
