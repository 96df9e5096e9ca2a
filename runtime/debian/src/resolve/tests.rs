use super::*;
use crate::testing::reasons;
use proptest::prelude::*;

/// An index in short: `name version: field value; field value`, where `architecture` is a field too.
fn index(entries: &[&str]) -> Index {
    let text: Vec<String> = entries.iter().map(|entry| stanza(entry)).collect();
    crate::testing::index("debian", &text.join("\n"))
}

fn stanza(entry: &str) -> String {
    let (package, fields) = entry.split_once(": ").unwrap_or((entry, ""));
    let (name, version) = package.split_once(' ').unwrap();
    let architecture = if fields.contains("Architecture") { "" } else { "Architecture: amd64\n" };
    let fields: Vec<String> = fields
        .split("; ")
        .filter(|field| !field.is_empty())
        .map(|field| {
            let (name, value) = field.split_once(' ').unwrap();
            format!("{name}: {value}\n")
        })
        .collect();
    let fields = fields.concat();
    let digest = wattle_tree::Digest::of(entry.as_bytes()).hex();
    format!(
        "Package: {name}\nVersion: {version}\n{architecture}{fields}Filename: pool/{name}\nSize: 1\nSHA256: {digest}\n"
    )
}

fn roots(names: &str) -> Vec<Root> {
    names.split(", ").map(|name| name.parse().unwrap()).collect()
}

struct Case {
    installed: Installed,
    recommends: bool,
    cuts: Cuts,
}

impl Default for Case {
    fn default() -> Case {
        Case { installed: Installed::none(), recommends: false, cuts: Cuts::none() }
    }
}

impl Case {
    fn resolve(&self, index: &Index, packages: &[Root]) -> Result<Resolution, ResolveError> {
        let Case { installed, recommends, cuts } = self;
        resolve(
            index,
            &Request { packages, architecture: Architecture::Amd64, installed, recommends: *recommends, cuts },
        )
    }

    fn check(&self, entries: &[&str], names: &str) -> String {
        match self.resolve(&index(entries), &roots(names)) {
            Ok(resolution) => show(&resolution),
            Err(error) => reasons(&error),
        }
    }
}

fn show(resolution: &Resolution) -> String {
    let packages = resolution.packages.iter().map(|Resolved { package, why, replaces }| {
        let why = match why {
            Why::Asked => String::new(),
            Why::Needed { by, relation } => format!(" for {by}: {relation}"),
        };
        let replaces = replaces.as_ref().map(|version| format!(" over {version}")).unwrap_or_default();
        format!("{} {}{replaces}{why}\n", package.name, package.version)
    });
    let cut = resolution.cut.iter().map(|cut| format!("cut {} -> {}: {}\n", cut.of, cut.on, cut.reason));
    packages.chain(cut).collect()
}

fn check(entries: &[&str], names: &str) -> String {
    Case::default().check(entries, names)
}

#[test]
fn follows_dependencies_in_depth() {
    let entries = ["a 1: Pre-Depends d; Depends b, c", "b 1: Depends d (>= 1)", "c 1", "d 1", "d 2", "e 1"];
    insta::assert_snapshot!(check(&entries, "a, c"), @r#"
    a 1
    c 1
    d 2 for a: d
    b 1 for a: b
    "#);
}

#[test]
fn the_first_alternative_unless_another_is_there() {
    let entries =
        ["a 1: Depends x | y", "b 1: Depends a", "x 1", "y 1", "z 1: Depends gone | y", "w 1: Depends x (>> 1) | y"];
    insta::assert_snapshot!(check(&entries, "a"), @r#"
    a 1
    x 1 for a: x | y
    "#);
    insta::assert_snapshot!(check(&entries, "b, y"), @r#"
    b 1
    y 1
    a 1 for b: a
    "#);
    insta::assert_snapshot!(check(&entries, "z"), @r#"
    z 1
    y 1 for z: gone | y
    "#);
    insta::assert_snapshot!(check(&entries, "w"), @r#"
    w 1
    y 1 for w: x (>> 1) | y
    "#);
}

#[test]
fn a_package_before_what_stands_for_it() {
    let entries = [
        "a 1: Depends awk",
        "gawk 1: Provides awk; Priority optional",
        "mawk 1: Provides awk; Priority required",
        "b 1: Depends mta",
        "mta 1",
        "exim 1: Provides mta; Priority required",
        "c 1: Depends java (>= 11)",
        "jre8 1: Provides java (= 8); Priority required",
        "jre17 1: Provides java (= 17)",
        "jre 1: Provides java; Priority required",
    ];
    insta::assert_snapshot!(check(&entries, "a"), @r#"
    a 1
    mawk 1 for a: awk
    "#);
    insta::assert_snapshot!(check(&entries, "b"), @r#"
    b 1
    mta 1 for b: mta
    "#);
    insta::assert_snapshot!(check(&entries, "c"), @r#"
    c 1
    jre17 1 for c: java (>= 11)
    "#);
    insta::assert_snapshot!(check(&entries, "awk"), @"no package has the name `awk`, and several stand for it: name one of `gawk`, `mawk`");
    insta::assert_snapshot!(check(&entries, "awk, gawk"), @"gawk 1");
}

#[test]
fn versions_may_be_asked_for() {
    let entries = ["a 1: Depends b (= 1)", "a 2: Depends b (= 2)", "b 1", "b 2", "c 1: Depends b (<< 2)"];
    insta::assert_snapshot!(check(&entries, "a=1"), @r#"
    a 1
    b 1 for a: b (= 1)
    "#);
    insta::assert_snapshot!(check(&entries, "a (<< 2)"), @r#"
    a 1
    b 1 for a: b (= 1)
    "#);
    insta::assert_snapshot!(check(&entries, "c"), @r#"
    c 1
    b 1 for c: b (<< 2)
    "#);
    insta::assert_snapshot!(check(&entries, "a=3"), @"cannot have `a (= 3)`, but the suite has 2, 1");
    insta::assert_snapshot!("a=".parse::<Root>().unwrap_err(), @"`a=` names no package: expected `name`, `name=version`, `name (>= version)` or `name | name`");
}

#[test]
fn other_choices_are_tried_where_two_exclude_each_other() {
    let entries = [
        "a 1: Depends x | y",
        "b 1: Conflicts x",
        "x 1",
        "y 1",
        "c 1: Depends d",
        "d 1: Breaks a",
        "v 1: Provides v; Conflicts v",
        "w 1: Provides v",
    ];
    insta::assert_snapshot!(check(&entries, "a, b"), @r#"
    a 1
    b 1
    y 1 for a: x | y
    "#);
    insta::assert_snapshot!(check(&entries, "a, c"), @"cannot have `c -> d` together with `a`: `d` conflicts with `a`");
    insta::assert_snapshot!(check(&entries, "v"), @"v 1");
    insta::assert_snapshot!(check(&entries, "v, w"), @"cannot have `w` together with `v`: `v` conflicts with `v`");
    let late = ["a 1: Depends b, c", "b 1: Depends x | y", "c 1: Depends d", "d 1: Conflicts x", "x 1", "y 1"];
    insta::assert_snapshot!(check(&late, "a"), @r#"
    a 1
    b 1 for a: b
    y 1 for b: x | y
    c 1 for a: c
    d 1 for c: d
    "#);
}

#[test]
fn an_alternative_that_cannot_be_had_is_passed_over() {
    let entries = ["a 1: Depends x | y", "x 1: Depends z", "z 1: Depends gone", "y 1"];
    insta::assert_snapshot!(check(&entries, "a"), @r#"
    a 1
    y 1 for a: x | y
    "#);
}

#[test]
fn says_which_way_leads_to_what_is_not_there() {
    let entries = [
        "python3 3.11.2",
        "python3-foo 1: Depends python3-bar",
        "python3-bar 1: Depends python3 (>= 3.12)",
        "qemu 1: Depends libfoo",
        "libfoo 1: Architecture arm64",
        "libfoo2 1",
        "x 1: Depends libfoo:arm64",
    ];
    insta::assert_snapshot!(check(&entries, "python3-foo"), @"cannot have `python3-foo -> python3-bar -> python3 (>= 3.12)`, but the suite has 3.11.2");
    insta::assert_snapshot!(check(&entries, "pyhton3"), @"cannot have `pyhton3`: there is no package `pyhton3`, but `python3`");
    insta::assert_snapshot!(check(&entries, "qemu"), @"cannot have `qemu -> libfoo`: there is no package `libfoo` for `amd64`, only for `arm64`");
    insta::assert_snapshot!(check(&entries, "x"), @"cannot have `x -> libfoo:arm64`: there is no package `libfoo` for `amd64`, only for `arm64`");
}

#[test]
fn cuts_are_told() {
    let entries = ["a 1: Depends debconf (>= 0.5) | debconf-2.0, b", "b 1: Depends adduser", "adduser 3"];
    let case = Case { cuts: Cuts::default(), ..Case::default() };
    insta::assert_snapshot!(case.check(&entries, "a"), @r#"
    a 1
    b 1 for a: b
    cut a -> debconf (>= 0.5) | debconf-2.0: asks questions while a package is configured
    cut b -> adduser: scripts make users with it; accounts are written as data
    "#);
    insta::assert_snapshot!(case.check(&entries, "a, adduser"), @r#"
    a 1
    adduser 3
    b 1 for a: b
    cut a -> debconf (>= 0.5) | debconf-2.0: asks questions while a package is configured
    "#);
}

#[test]
fn recommendations_come_if_asked_for_and_possible() {
    let entries = ["a 1: Recommends b, gone, c", "b 1: Conflicts a", "c 1: Recommends d", "d 1"];
    assert_eq!(check(&entries, "a"), "a 1\n");
    insta::assert_snapshot!(Case { recommends: true, ..Case::default() }.check(&entries, "a"), @r#"
    a 1
    c 1 for a: c
    d 1 for c: d
    "#);
}

#[test]
fn what_is_there_is_built_upon() {
    let mut installed = Installed::none();
    installed
        .parse(
            &["libc6 1", "libssl3 1", "openssl 1: Depends libssl3 (= 1)", "mawk 1: Provides awk"]
                .map(stanza)
                .join("\n"),
        )
        .unwrap();
    let case = Case { installed, ..Case::default() };
    let entries = [
        "libc6 2",
        "a 1: Depends libc6, awk",
        "gawk 1: Provides awk",
        "libssl3 2",
        "openssl 2: Depends libssl3 (= 2)",
        "b 1: Depends libssl3 (>= 2)",
        "c 1: Conflicts mawk",
    ];
    insta::assert_snapshot!(case.check(&entries, "a, libc6"), @"a 1");
    insta::assert_snapshot!(case.check(&entries, "b"), @r#"
    b 1
    libssl3 2 over 1 for b: libssl3 (>= 2)
    openssl 2 over 1 for libssl3: openssl (>> 1)
    "#);
    insta::assert_snapshot!(case.check(&entries, "c"), @"cannot have `c` together with `mawk`: `c` conflicts with `mawk`");
}

/// A small archive: names `p0` to `p7`, in one or two versions, with random relations to each other.
fn archive() -> impl Strategy<Value = Vec<String>> {
    let name = (0..8_usize).prop_map(|at| format!("p{at}"));
    let relation = (name, prop_oneof![3 => Just(""), 1 => Just(" (>= 2)"), 1 => Just(" (<< 2)")])
        .prop_map(|(name, version)| format!("{name}{version}"));
    let dependency = prop::collection::vec(relation.clone(), 1..3).prop_map(|all| all.join(" | "));
    let package = (prop::collection::vec(dependency, 0..3), prop::collection::vec(relation, 0..2), 1..3_u8, 0..8_usize);
    prop::collection::vec(package, 8).prop_map(|packages| {
        packages
            .into_iter()
            .enumerate()
            .map(|(at, (depends, conflicts, version, provides))| {
                let mut entry = format!("p{at} {version}: Provides p{provides} (= {version})");
                for (field, relations) in [("Depends", depends), ("Conflicts", conflicts)] {
                    if !relations.is_empty() {
                        entry = format!("{entry}; {field} {}", relations.join(", "));
                    }
                }
                entry
            })
            .collect()
    })
}

/// All that is chosen, as if it were installed.
fn as_installed(resolution: &Resolution) -> state::State {
    let mut state = state::State::new(&Installed::none(), Architecture::Amd64);
    for Resolved { package, .. } in &resolution.packages {
        assert!(state.add(&std::rc::Rc::new(package.clone()), Why::Asked).is_ok(), "`{}` is excluded", package.name);
    }
    state
}

proptest! {
    #[test]
    fn what_is_found_is_whole_and_goes_together(entries in archive(), asked in prop::collection::vec(0..8_usize, 1..4)) {
        let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
        let index = index(&entries);
        let mut asked: Vec<Root> = asked.into_iter().map(|at| format!("p{at}").parse().unwrap()).collect();
        let result = Case::default().resolve(&index, &asked);
        asked.reverse();
        let again = Case::default().resolve(&index, &asked);
        match (result, again) {
            (Ok(result), Ok(again)) => {
                prop_assert_eq!(show(&result), show(&again));
                let state = as_installed(&result);
                for Resolved { package, .. } in &result.packages {
                    for needs in package.relations.needs() {
                        prop_assert!(state.meets(needs), "{} needs {}", package.name, needs);
                    }
                }
                prop_assert!(asked.iter().all(|root| state.meets(&root.0)));
            }
            (Err(error), Err(again)) => prop_assert_eq!(error.to_string(), again.to_string()),
            (one, other) => prop_assert!(false, "{one:?} {other:?}"),
        }
    }
}
