//! Names that are nearly another: what somebody may have meant.

use std::collections::BTreeSet;

/// How many are worth saying.
const MOST: usize = 3;

/// Of `names` those that differ from `name` in a letter or two, or have all of it with something added; the nearest first.
pub(crate) fn near<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let allowed = ((name.len() + 1) / 3).clamp(1, 3);
    let found: BTreeSet<(usize, &str)> =
        names.filter_map(|other| Some((distance(name, other, allowed)?, other))).collect();
    found.into_iter().map(|(_, other)| other).take(MOST).collect()
}

/// How many letters are to be changed, added or left out; `None` if that is more than allowed. Something added to the whole
/// name after a hyphen, as of `python` and `python-minimal`, counts as the most that is allowed.
fn distance(one: &str, other: &str, allowed: usize) -> Option<usize> {
    let extended =
        other.strip_prefix(one).is_some_and(|rest| rest.starts_with(|first: char| !first.is_ascii_alphabetic()));
    if extended {
        return Some(allowed);
    }
    if one.len().abs_diff(other.len()) > allowed {
        return None;
    }
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, byte) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, their) in other.iter().enumerate() {
            let changed = diagonal + usize::from(byte != their);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().filter(|distance| *distance <= allowed)
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn finds_what_was_meant() {
        let names = ["nginx", "nginx-light", "ngraph-gtk", "python3", "python3-minimal", "libpq5", "ffmpeg"];
        let check = |name| near(name, names.into_iter()).join(" ");
        assert_eq!(check("ngnix"), "nginx");
        assert_eq!(check("pyhton3"), "python3");
        assert_eq!(check("libpq"), "libpq5");
        assert_eq!(check("python"), "python3 python3-minimal");
        assert_eq!(check("x"), "");
    }
}
