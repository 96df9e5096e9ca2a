//! What of Cloud Native Buildpacks is shown by tests: a page made of a list of items and of the names of tests.
//!
//! `docs/cnb-conformance.toml` has the items. A test shows those whose ids its name begins with:
//! `b40_b41_a_later_provider_mends_nothing` shows B40 and B41.

mod items;
mod page;
mod scan;

use crate::check_docs::files;
use anyhow::{Context as _, Result, bail};
use items::{Id, Items};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Where the items are.
const ITEMS: &str = "docs/cnb-conformance.toml";
/// What is made of them.
const PAGE: &str = "docs/cnb-conformance.md";

/// A test that shows an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Test {
    /// Its name.
    pub(crate) name: String,
    /// The file that it is in, from the root, with `/`.
    pub(crate) file: String,
}

/// Tests by what they show.
type Shown = BTreeMap<Id, Vec<Test>>;

/// Writes the page.
#[expect(clippy::print_stdout, reason = "a chore speaks to who runs it")]
pub(crate) fn write(root: &Path) -> Result<()> {
    let (page, counts) = page(root)?;
    fs::write(root.join(PAGE), page).with_context(|| format!("`{PAGE}` cannot be written"))?;
    println!("{PAGE}: {counts}");
    Ok(())
}

/// Fails if the page is not what it should be.
#[expect(clippy::print_stdout, reason = "a chore speaks to who runs it")]
pub(crate) fn check(root: &Path) -> Result<()> {
    let (page, counts) = page(root)?;
    let found = fs::read_to_string(root.join(PAGE)).unwrap_or_default();
    if found.replace('\r', "") != page {
        bail!("`{PAGE}` is not up to date: run `cargo xtask conformance`");
    }
    println!("conformance: {counts}");
    Ok(())
}

/// The page, and its counts in a line.
fn page(root: &Path) -> Result<(String, String)> {
    let items = Items::read(root, ITEMS)?;
    let shown = shown(root, &items)?;
    let page = page::Page { items: &items, shown: &shown };
    Ok((page.to_string(), page.counts()))
}

/// Which tests of the workspace show what.
fn shown(root: &Path, items: &Items) -> Result<Shown> {
    let (mut shown, mut offences) = (Shown::new(), Vec::new());
    for path in files(root)?.into_iter().filter(|path| path.extension().is_some_and(|it| it == "rs")) {
        let text = fs::read_to_string(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
        let names = path.strip_prefix(root)?.iter().map(|name| name.to_string_lossy());
        let file = names.collect::<Vec<_>>().join("/");
        for name in scan::tests(&text) {
            let test = Test { name, file: file.clone() };
            match items.shown_by(&test.name) {
                Ok(ids) => ids.into_iter().for_each(|id| shown.entry(id).or_default().push(test.clone())),
                Err(unknown) => offences.push(format!("{file}: `{}`: there is no item `{unknown}`", test.name)),
            }
        }
    }
    offences.extend(items.contradictions(&shown));
    if !offences.is_empty() {
        offences.sort();
        bail!("names of tests and `{ITEMS}` do not go together:\n  {}", offences.join("\n  "));
    }
    for tests in shown.values_mut() {
        tests.sort();
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_up_to_date() {
        check(&crate::root()).unwrap();
    }
}
