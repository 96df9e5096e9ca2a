//! What pages say that a program can check: links lead somewhere, and the tests that hold invariants are there.

use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the tests of invariants are listed, and from which line on.
const INVARIANTS: (&str, &str) = ("ARCHITECTURE.md", "## The ten invariants");

/// Fails, naming every link that leads nowhere and every test that is not there.
#[expect(clippy::print_stdout, reason = "a chore speaks to who runs it")]
pub(crate) fn run(root: &Path) -> Result<()> {
    let files = files(root)?;
    let pages: Vec<&PathBuf> = files.iter().filter(|path| path.extension().is_some_and(|it| it == "md")).collect();
    let mut offences = Vec::new();
    for page in &pages {
        let text = fs::read_to_string(page).with_context(|| format!("`{}` cannot be read", page.display()))?;
        let directory = page.parent().unwrap_or(root);
        let lost = links(&text).into_iter().filter(|link| !directory.join(link).exists());
        offences.extend(lost.map(|link| format!("{}: `{link}` does not exist", page.display())));
    }
    let text = fs::read_to_string(root.join(INVARIANTS.0))?;
    let sources: Vec<String> = files
        .iter()
        .filter(|path| path.extension().is_some_and(|it| it == "rs"))
        .flat_map(fs::read_to_string)
        .collect();
    let lost =
        tests(&text).into_iter().filter(|test| !sources.iter().any(|text| text.contains(&format!("fn {test}("))));
    offences.extend(lost.map(|test| format!("{}: there is no test `{test}`", INVARIANTS.0)));
    if !offences.is_empty() {
        bail!("pages say what is not so:\n  {}", offences.join("\n  "));
    }
    println!("docs: {} pages lead somewhere", pages.len());
    Ok(())
}

/// All files of the repository, but for what is built.
pub(crate) fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let (name, path) = entry.map(|entry| (entry.file_name(), entry.path()))?;
        match path.is_dir() {
            true if name != "target" && name != "node_modules" && name != ".git" => files.extend(self::files(&path)?),
            true => {}
            false => files.push(path),
        }
    }
    Ok(files)
}

/// Paths that links in a page lead to; not other sites, and not other places of the same page.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let paths = targets.filter(|target| !target.contains("://")).map(|target| target.split('#').next().unwrap_or(""));
    paths.filter(|path| !path.is_empty() && !path.contains(char::is_whitespace)).collect()
}

/// Names of tests: literals of at least three words, in the part about invariants.
fn tests(text: &str) -> Vec<&str> {
    let part = text.split_once(INVARIANTS.1).map_or("", |(_, part)| part);
    let is_test = |name: &&str| {
        name.matches('_').count() >= 2
            && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    part.split('`').skip(1).step_by(2).filter(is_test).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_say_what_is_so() {
        run(&crate::root()).unwrap();
    }

    #[test]
    fn finds_links_and_tests() {
        assert_eq!(links("[a](b.md#c) [d](https://e.example) [f](#g) `x(y)` [h](../i)"), ["b.md", "../i"]);
        let text =
            "`not_a_test` ## The ten invariants `it_is_a_test` `b1_it_is_one_too` `unsafe_code` `tests/it/a_b_c.rs`";
        assert_eq!(tests(text), ["it_is_a_test", "b1_it_is_one_too"]);
    }
}
