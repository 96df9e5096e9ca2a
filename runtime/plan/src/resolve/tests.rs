use super::*;
use crate::ExpandedEntry;

/// A group from text, a line a buildpack: `a? : +x -y | -z` is an optional one that provides x and requires y, or else
/// requires z; `a : skip why` and `a : fail why` are the other verdicts, `a : excluded` is not asked. An empty line starts another group.
fn check(text: &str) -> String {
    let mut detections = BTreeMap::new();
    let groups: Vec<ExpandedGroup> = text
        .trim()
        .split("\n\n")
        .map(|group| ExpandedGroup { entries: group.lines().map(|line| entry(line.trim(), &mut detections)).collect() })
        .collect();
    match resolve(&groups, &detections) {
        Err(unresolved) => unresolved.to_string(),
        Ok(plan) => {
            let left_out = plan.left_out.iter().map(|out| format!("without {} {}\n", out.buildpack, out.outcome));
            format!("{plan}{}", left_out.collect::<String>()).replace("@1.0.0", "")
        }
    }
}

fn entry(line: &str, detections: &mut BTreeMap<BuildpackKey, Detection>) -> ExpandedEntry {
    let (id, said) = line.split_once(':').unwrap();
    let (id, said) = (id.trim(), said.trim());
    let key = BuildpackKey { id: id.trim_end_matches('?').parse().unwrap(), version: "1.0.0".parse().unwrap() };
    let detection = match said.split_once(' ') {
        Some(("skip", why)) => Detection::Skip(why.into()),
        Some(("fail", why)) => Detection::Fail(why.into()),
        _ => Detection::Pass(said.split('|').map(alternative).collect()),
    };
    let excluded = said == "excluded";
    if !excluded {
        detections.insert(key.clone(), detection);
    }
    ExpandedEntry { buildpack: key, optional: id.ends_with('?'), excluded }
}

fn alternative(text: &str) -> Alternative {
    let mut alternative = Alternative::default();
    for word in text.split_whitespace() {
        match word.split_at(1) {
            ("+", name) => alternative.provides.push(name.into()),
            (_, name) => alternative.requires.push(Requirement::new(name)),
        }
    }
    alternative
}

#[test]
fn b43_b44_b47_hands_each_requirement_to_the_first_that_provides_it() {
    insta::assert_snapshot!(check("
        node : +node -node
        npm : +modules -modules -node
        start : -node -modules
    "), @"
    node for node (node), node (npm), node (start)
    npm for modules (npm), modules (start)
    start
    ");
    insta::assert_snapshot!(check("
        a : +x -x
        b : +x
        c : -x
    "), @"
    a for x (a), x (c)
    b
    c
    ");
}

#[test]
fn b38_takes_the_first_alternatives_that_agree() {
    insta::assert_snapshot!(check("
        a : +x | +y
        b : -y | -x
    "), @"
    a for x (b)
    b
    ");
    insta::assert_snapshot!(check("
        a? : +x |
        b : |
    "), @"
    a
    b
    ");
}

#[test]
fn b39_an_optional_buildpack_counts_as_required_until_its_last_alternative() {
    insta::assert_snapshot!(check("
        a : +x | +y
        b? : -y | -z
        c : -x | -y
    "), @"
    a for x (c)
    c
    without b passed, requires `y` and `z`; neither it nor an earlier buildpack provides `y`; neither it nor an earlier buildpack provides `z`
    ");
}

#[test]
fn b29_b42_leaves_out_optional_buildpacks_and_who_depended_on_them() {
    insta::assert_snapshot!(check("
        a : +x
        b? : +y -x -missing
        c? : -y
        d : -x
        e? : skip no `e.toml`
        f? : fail broken
    "), @"
    a for x (d)
    d
    without b passed, provides `y`, requires `missing` and `x`; neither it nor an earlier buildpack provides `missing`
    without c passed, requires `y`; neither it nor an earlier buildpack provides `y`
    without e skipped: no `e.toml`
    without f failed: broken
    ");
}

#[test]
fn w27_tells_who_stood_in_the_way_in_every_group() {
    insta::assert_snapshot!(check("
        node : skip there is no `package.json`
        start : -node

        start : -node
        late : +node

        a : +x | +y
        b? : -x -z
        c : fail broken

        e? : skip nothing"), @"
        no group of buildpacks can build this application
        group 1:
          node@1.0.0 skipped: there is no `package.json`
          start@1.0.0 passed, requires `node`
        group 2:
          start@1.0.0 passed, requires `node`; neither it nor an earlier buildpack provides `node`
          late@1.0.0 passed, provides `node`
        group 3:
          a@1.0.0 passed, provides `x` and `y`
          b@1.0.0 (optional) passed, requires `x` and `z`
          c@1.0.0 failed: broken
        group 4:
          e@1.0.0 (optional) skipped: nothing
        ");
}

#[test]
fn a_buildpack_that_was_not_asked_is_no_pass() {
    let buildpack = BuildpackKey { id: "a".parse().unwrap(), version: "1.0.0".parse().unwrap() };
    let group = ExpandedGroup { entries: vec![ExpandedEntry { buildpack, optional: false, excluded: false }] };
    let unresolved = resolve(&[group], &BTreeMap::new()).unwrap_err();
    assert!(unresolved.has_failures());
    insta::assert_snapshot!(unresolved, @"
    no group of buildpacks can build this application
    group 1:
      a@1.0.0 was not asked
    ");
}

#[test]
fn gives_up_on_too_many_combinations_and_says_so() {
    let many = (0..20).map(|n| format!("a{n} : -x | -x | \n")).collect::<Vec<_>>().concat();
    let said = check(&format!("p : +x -x\n{many}z : +unused\n"));
    assert!(said.ends_with("given up after 100000 combinations of what they offer"), "{said}");
}

#[test]
fn b35_a_group_goes_without_what_is_excluded_required_or_not() {
    insta::assert_snapshot!(check("
        test : excluded
        a : +x -x
    "), @"
    a for x (a)
    without test is not for this execution environment
    ");
    insta::assert_snapshot!(check("
        all : excluded

        node : excluded
        start : -node
    "), @"
    no group of buildpacks can build this application
    group 1:
      all@1.0.0 is not for this execution environment
    group 2:
      node@1.0.0 is not for this execution environment
      start@1.0.0 passed, requires `node`; neither it nor an earlier buildpack provides `node`
    ");
}

#[test]
fn a_step_knows_what_it_provides() {
    let groups = vec![ExpandedGroup { entries: Vec::new() }];
    assert!(resolve(&groups, &BTreeMap::new()).is_err(), "nobody is no plan");
    let mut detections = BTreeMap::new();
    let entries = ["a : +z +x -x -z | +y", "b : +x -x"].map(|line| entry(line, &mut detections));
    let plan = resolve(&[ExpandedGroup { entries: entries.to_vec() }], &detections).unwrap();
    assert_eq!(plan.steps[0].provides, ["x", "z"]);
    assert_eq!(plan.steps[1].provides, ["x"], "though it has nothing to satisfy");
}

#[test]
fn b29_the_first_group_that_works_out() {
    insta::assert_snapshot!(check("
        a : skip not this one

        b? : skip nor this

        b : -x
        c : +x

        d? : skip nothing to do
        e :
        f? : -x

        g :
    "), @"
    e
    without d skipped: nothing to do
    without f passed, requires `x`; neither it nor an earlier buildpack provides `x`
    ");
}

#[test]
fn b34_what_does_not_apply_is_told_from_what_broke() {
    let key = |id: &str| BuildpackKey { id: id.parse().unwrap(), version: "1.0.0".parse().unwrap() };
    let broke = |detections: &[(&str, Detection)]| {
        let entry =
            |(id, _): &(&str, Detection)| ExpandedEntry { buildpack: key(id), optional: false, excluded: false };
        let group = ExpandedGroup { entries: detections.iter().map(entry).collect() };
        let detections = detections.iter().map(|(id, detection)| (key(id), detection.clone())).collect();
        resolve(&[group], &detections).unwrap_err().has_failures()
    };
    let (pass, skip) = (Detection::Pass(vec![alternative("-x")]), Detection::Skip("no".into()));
    assert!(!broke(&[("a", skip.clone()), ("b", pass.clone())]));
    assert!(!broke(&[("a", pass.clone())]), "a plan that does not come about is no failure of anybody");
    assert!(broke(&[("a", skip), ("b", Detection::Fail("broken".into())), ("c", pass)]));
}

#[test]
fn b36_what_is_said_of_a_requirement_reaches_its_provider() {
    let metadata = |text: &str| serde_json::from_str::<Metadata>(text).unwrap();
    let requires = |text: &str| Requirement { metadata: metadata(text), ..Requirement::new("node") };
    let mut detections = BTreeMap::new();
    let entries = ["node : +node", "start :"].map(|line| entry(line, &mut detections));
    let start = Alternative {
        provides: Vec::new(),
        requires: vec![requires(r#"{"version": "^22", "build": true}"#), requires("{}")],
    };
    detections.insert(entries[1].buildpack.clone(), Detection::Pass(vec![start]));
    let plan = resolve(&[ExpandedGroup { entries: entries.to_vec() }], &detections).unwrap();
    let said: Vec<_> =
        plan.steps[0].entries.iter().map(|entry| (entry.metadata.clone(), entry.required_by.as_str())).collect();
    assert_eq!(said, [(metadata(r#"{"version": "^22", "build": true}"#), "start"), (Metadata::new(), "start")]);
}

#[test]
fn b38_the_leftmost_alternatives_vary_slowest() {
    // Of two trials that would do, that with the earlier alternative of `a` comes first, although `b` has to change.
    insta::assert_snapshot!(check("
        a : +x | +y
        b : +y -y -y | -x | -y
    "), @"
    a for x (b)
    b
    ");
    insta::assert_snapshot!(check("
        a : +x -x | +y -y
        b : -y | -x
        c : -y | -x
    "), @"
    a for x (a), x (b), x (c)
    b
    c
    ");
}

#[test]
fn b40_b41_b42_what_is_met_and_what_is_used() {
    for (line, expected) in [
        ("a : +x -x", "by itself"),
        ("a : -x +x", "whatever it says first"),
        ("a : +x\nb : -x", "by an earlier one"),
        ("a : +x -x\nb : -x", "by both"),
    ] {
        assert!(!check(line).contains("no group"), "{line}: {expected}");
    }
    for (line, why) in [
        ("a : -x\nb : +x", "a later provider mends nothing"),
        ("a : -x\nb : +x -x", "nor if it uses it itself"),
        ("a : +x", "nobody requires it"),
        ("a : -x", "nobody provides it"),
        ("a : +x -x\nb : +x", "required before, and not since"),
        ("a : +x\nb? : -x -missing", "who required it is gone"),
        ("a? : -x", "nobody is left"),
    ] {
        assert!(check(line).contains("no group"), "{line}: {why}");
    }
}
