//! What the `BPE_…` variables of a build say.

use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// How all of them begin.
const PREFIX: &str = "BPE_";
/// What may follow, and what it means. Anything else is the name of a variable to set.
const KINDS: [(&str, Kind); 5] = [
    ("APPEND_", Kind::Edit(Edit::Append)),
    ("DEFAULT_", Kind::Edit(Edit::Default)),
    ("DELIM_", Kind::Delimiter),
    ("OVERRIDE_", Kind::Edit(Edit::Override)),
    ("PREPEND_", Kind::Edit(Edit::Prepend)),
];
/// Digits of a digest that are kept: enough to tell values apart, and short enough to be read.
const DIGITS: usize = 16;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Edit(Edit),
    Delimiter,
    Plain,
}

/// What can be done to a variable, in the order in which a launcher does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Edit {
    Append,
    Default,
    Override,
    Prepend,
}

/// The variables of the image, by name.
#[derive(Debug, Default)]
pub(crate) struct Variables(BTreeMap<String, Variable>);

/// What becomes of one variable.
#[derive(Debug, Default)]
pub(crate) struct Variable {
    edits: BTreeMap<Edit, String>,
    /// `BPE_<NAME>`, which is the same as `BPE_OVERRIDE_<NAME>`.
    plain: Option<String>,
    delimiter: Option<String>,
}

/// A `BPE_…` variable that does not name one which an image can have.
#[derive(Debug)]
pub(crate) struct Mistake {
    source: String,
    name: String,
}

/// Whether there is anything to do.
pub(crate) fn are_in(environment: &BTreeMap<String, String>) -> bool {
    environment.keys().any(|name| name.starts_with(PREFIX))
}

impl Variables {
    pub(crate) fn read(environment: &BTreeMap<String, String>) -> Result<Self, Mistake> {
        let mut variables = Self::default();
        for (source, value) in environment {
            let Some(rest) = source.strip_prefix(PREFIX) else { continue };
            let (name, kind) = split(rest);
            if name.is_empty() || name.contains(['=', '.', '/']) {
                return Err(Mistake { source: source.clone(), name: name.to_owned() });
            }
            let variable = variables.0.entry(name.to_owned()).or_default();
            match kind {
                Kind::Edit(edit) => drop(variable.edits.insert(edit, value.clone())),
                Kind::Delimiter => variable.delimiter = Some(value.clone()),
                Kind::Plain => variable.plain = Some(value.clone()),
            }
        }
        Ok(variables)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.0.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    /// A digest of what becomes of each variable.
    pub(crate) fn digests(&self) -> BTreeMap<&str, String> {
        self.iter().map(|(name, variable)| (name, variable.digest())).collect()
    }

    /// Those that change nothing, and why.
    pub(crate) fn without_effect(&self) -> Vec<(String, String)> {
        self.iter()
            .flat_map(|(name, variable)| {
                let why =
                    move |(kind, because): (&str, &str)| (format!("{PREFIX}{kind}{name}"), because.replace('*', name));
                variable.without_effect().into_iter().map(why)
            })
            .collect()
    }
}

fn split(rest: &str) -> (&str, Kind) {
    let of_kind = |(prefix, kind): &(&str, Kind)| Some((rest.strip_prefix(prefix)?, *kind));
    KINDS.iter().find_map(of_kind).unwrap_or((rest, Kind::Plain))
}

impl Variable {
    /// What is done to it, in the order in which a launcher does it.
    pub(crate) fn edits(&self) -> impl Iterator<Item = (Edit, &str)> {
        let plain = self.plain.iter().map(|value| (Edit::Override, value));
        let all: BTreeMap<Edit, &String> = plain.chain(self.edits.iter().map(|(edit, value)| (*edit, value))).collect();
        all.into_iter().map(|(edit, value)| (edit, value.as_str()))
    }

    /// What goes between what is there and what is added.
    pub(crate) fn delimiter(&self) -> &str {
        self.delimiter.as_deref().unwrap_or_default()
    }

    fn has(&self, edit: Edit) -> bool {
        self.edits().any(|(other, _)| other == edit)
    }

    fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for (word, text) in self.edits().map(|(edit, value)| (edit.word(), value)).chain([("", self.delimiter())]) {
            // With its length, so that no two lists of texts are the same bytes.
            hasher.update(word);
            hasher.update(text.len().to_le_bytes());
            hasher.update(text);
        }
        let mut digest = format!("{:x}", hasher.finalize());
        digest.truncate(DIGITS);
        digest
    }

    /// What changes nothing beside the others, each with the reason, in which `*` stands for the variable's name.
    fn without_effect(&self) -> Vec<(&'static str, &'static str)> {
        let is_added_to = self.has(Edit::Append) || self.has(Edit::Prepend);
        let cases = [
            (self.delimiter.is_some() && !is_added_to, "DELIM_", "neither `BPE_APPEND_*` nor `BPE_PREPEND_*` is set"),
            (self.plain.is_some() && self.edits.contains_key(&Edit::Override), "", "`BPE_OVERRIDE_*` is set too"),
            (self.has(Edit::Append) && self.has(Edit::Override), "APPEND_", "what replaces the value comes after it"),
            (self.has(Edit::Default) && self.has(Edit::Override), "DEFAULT_", "the value is replaced in any case"),
            (
                self.has(Edit::Default) && self.has(Edit::Append) && !self.has(Edit::Override),
                "DEFAULT_",
                "what is appended comes before it, and then the variable has a value",
            ),
        ];
        cases.into_iter().filter(|(applies, ..)| *applies).map(|(_, kind, because)| (kind, because)).collect()
    }
}

impl Edit {
    /// It in one word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Default => "default",
            Self::Override => "override",
            Self::Prepend => "prepend",
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, name } = self;
        match name.chars().find(|c| "=./".contains(*c)) {
            None => write!(f, "`{source}` names no variable to set"),
            Some(bad) => write!(f, "`{source}` cannot set `{name}`: the name of an image's variable has no `{bad}`"),
        }
    }
}
