//! What a buildpack leaves for the next one that provides it (CNB buildpack specification, "Unmet").

use crate::{BuildpackKey, Entry, Plan};
use std::collections::BTreeSet;

/// A name that a buildpack says it left, though it was not there to be satisfied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{buildpack}` says that it left `{name}` unmet, which is not in its plan{}", expected(.known))]
pub struct UnmetError {
    /// Who says so.
    pub buildpack: BuildpackKey,
    /// What.
    pub name: String,
    /// The names that are in its plan; sorted.
    pub known: Vec<String>,
}

fn expected(names: &[String]) -> String {
    if names.is_empty() {
        return ": nothing is".to_owned();
    }
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    format!(": expected one of {}", names.join(", "))
}

impl Plan {
    /// Passes on what step `at` did not satisfy: all entries of these names go from it to the next step that provides
    /// them, behind those that it has. What the step does not name is met, and gone for those that follow. Gives the names
    /// that nobody who follows provides; to leave these is no error.
    ///
    /// To be called once a step, in sequence; a step's `entries` are complete when all steps before it have had theirs.
    ///
    /// # Errors
    /// If a name is not among the entries of the step. The plan is as it was then.
    pub fn pass_on(&mut self, at: usize, unmet: &[String]) -> Result<Vec<String>, UnmetError> {
        let Some((step, following)) = self.steps.get_mut(at..).and_then(<[_]>::split_first_mut) else {
            return Ok(Vec::new());
        };
        let known: BTreeSet<&str> = step.entries.iter().map(|entry| entry.name.as_str()).collect();
        if let Some(name) = unmet.iter().find(|name| !known.contains(name.as_str())) {
            let known = known.into_iter().map(str::to_owned).collect();
            return Err(UnmetError { buildpack: step.buildpack.clone(), name: name.clone(), known });
        }
        let unmet: BTreeSet<&String> = unmet.iter().collect();
        let mut nobody = Vec::new();
        for name in unmet {
            let left: Vec<Entry> = step.entries.extract_if(.., |entry| entry.name == *name).collect();
            match following.iter_mut().find(|step| step.provides.contains(name)) {
                Some(next) => next.entries.extend(left),
                None => nobody.push(name.clone()),
            }
        }
        Ok(nobody)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BuildpackId, Metadata, Step};

    /// Steps from text: `a +x -x(b)` is one that provides x and has to satisfy x for b.
    fn plan(text: &str) -> Plan {
        let step = |line: &str| {
            let mut words = line.split_whitespace();
            let buildpack = BuildpackKey { id: id(words.next().unwrap()), version: "1.0.0".parse().unwrap() };
            let mut step = Step { buildpack, provides: Vec::new(), entries: Vec::new() };
            for word in words {
                match word.split_at(1) {
                    ("+", name) => step.provides.push(name.to_owned()),
                    (_, entry) => {
                        let (name, by) = entry.trim_end_matches(')').split_once('(').unwrap();
                        let (name, required_by) = (name.to_owned(), id(by));
                        step.entries.push(Entry { name, metadata: Metadata::new(), required_by });
                    }
                }
            }
            step
        };
        Plan { steps: text.trim().lines().map(step).collect(), left_out: Vec::new() }
    }

    fn id(text: &str) -> BuildpackId {
        text.parse().unwrap()
    }

    /// What the steps get to see when each says what it leaves, and what nobody follows up; a line each.
    fn check(text: &str, left: &[&str]) -> String {
        let mut plan = plan(text);
        let lines = left.iter().enumerate().map(|(at, left)| {
            let names: Vec<String> = left.split_whitespace().map(str::to_owned).collect();
            let Step { buildpack, entries, .. } = &plan.steps[at];
            let entries = entries.iter().map(|entry| format!(" {}({})", entry.name, entry.required_by));
            let line = format!("{}:{}", buildpack.id, entries.collect::<String>());
            match plan.pass_on(at, &names) {
                Ok(nobody) if nobody.is_empty() => line,
                Ok(nobody) => format!("{line}; for nobody {}", nobody.join(" ")),
                Err(error) => format!("{line}\n{error}"),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn b92_what_is_left_goes_to_the_next_provider_and_what_is_met_is_gone() {
        let steps = "a +x +y -x(a) -x(c) -y(c)\nb +x\nc +y -z(c)";
        insta::assert_snapshot!(check(steps, &["", "", ""]), @"
        a: x(a) x(c) y(c)
        b:
        c: z(c)
        ");
        insta::assert_snapshot!(check(steps, &["x", "", ""]), @"
        a: x(a) x(c) y(c)
        b: x(a) x(c)
        c: z(c)
        ");
        insta::assert_snapshot!(check(steps, &["x y y", "x", "z"]), @"
        a: x(a) x(c) y(c)
        b: x(a) x(c); for nobody x
        c: z(c) y(c); for nobody z
        ");
    }

    #[test]
    fn b92_of_several_providers_the_next_one_has_what_is_left() {
        insta::assert_snapshot!(check("a +x -x(a)\nb +x\nc +x", &["x", "", ""]), @"
        a: x(a)
        b: x(a)
        c:
        ");
        insta::assert_snapshot!(check("a +x -x(a)\nb +x\nc +x", &["x", "x", ""]), @"
        a: x(a)
        b: x(a)
        c: x(a)
        ");
    }

    #[test]
    fn b92_only_what_was_there_can_be_left() {
        let steps = "a +x -x(b)\nb +x";
        insta::assert_snapshot!(check(steps, &["x z"]), @"
        a: x(b)
        `a@1.0.0` says that it left `z` unmet, which is not in its plan: expected one of `x`
        ");
        insta::assert_snapshot!(check(steps, &["", "x"]), @"
        a: x(b)
        b:
        `b@1.0.0` says that it left `x` unmet, which is not in its plan: nothing is
        ");
    }
}
