use super::*;

/// Buildpacks from text, a line each: `o = a b? | c` is a composite with two groups, every other id a component.
fn buildpacks(composites: &str) -> Buildpacks {
    let mut manifests: BTreeMap<String, Manifest> =
        ('a'..='h').map(|c| (c.to_string(), manifest(&c.to_string(), None))).collect();
    for line in composites.lines() {
        let (id, groups) = line.split_once(" = ").unwrap();
        manifests.insert(id.to_owned(), manifest(id, Some(order(groups))));
    }
    Buildpacks::new(manifests.into_values()).unwrap()
}

fn manifest(id: &str, order: Option<Order>) -> Manifest {
    let text = format!("api = '0.12'\n[buildpack]\nid = '{id}'\nversion = '1.0.0'\n[metadata.wattle]\ncomponent = 'x'");
    let mut manifest = Manifest::parse("buildpack.toml", &text).unwrap();
    if let Some(order) = order {
        manifest.kind = Kind::Composite(order);
    }
    manifest
}

/// Groups from text: `a? b:test | c` is one of an optional `a` and a `b` that is for tests only, and then one of `c`.
fn order(groups: &str) -> Order {
    let entry = |text: &str| {
        let (name, exec_env) = text.split_once(':').map_or((text, None), |(name, exec_env)| (name, Some(exec_env)));
        GroupEntry {
            id: name.trim_end_matches('?').parse().unwrap(),
            version: None,
            optional: name.ends_with('?'),
            exec_env: exec_env.map(str::to_owned).into_iter().collect(),
        }
    };
    Order(groups.split('|').map(|group| Group(group.split_whitespace().map(entry).collect())).collect())
}

fn check(text: &str, composites: &str) -> String {
    check_for("production", text, composites)
}

/// What is excluded is in brackets.
fn check_for(exec_env: &str, text: &str, composites: &str) -> String {
    match expand(&order(text), &buildpacks(composites), &exec_env.parse().unwrap()) {
        Err(error) => error.to_string(),
        Ok(groups) => groups
            .iter()
            .map(|group| {
                let show = |e: &ExpandedEntry| {
                    let name = format!("{}{}", e.buildpack.id, if e.optional { "?" } else { "" });
                    if e.excluded { format!("[{name}]") } else { name }
                };
                group.entries.iter().map(show).collect::<Vec<_>>().join(" ")
            })
            .collect::<Vec<_>>()
            .join(" | "),
    }
}

#[test]
fn b22_b23_replaces_composites_in_place_the_first_varying_slowest() {
    assert_eq!(check("a b? | c", ""), "a b? | c");
    assert_eq!(check("e o f", "o = a | b c"), "e a f | e b c f");
    assert_eq!(check("o p", "o = a | b\np = c | d"), "a c | a d | b c | b d");
    assert_eq!(check("o", "o = p | e\np = a | b"), "a | b | e");
}

#[test]
fn b24_tries_without_an_optional_composite_at_last() {
    assert_eq!(check("o? f", "o = a | b"), "a f | b f | f");
    assert_eq!(check("o?", "o = a"), "a", "nothing at all is no group");
}

#[test]
fn b25_keeps_the_first_of_each_id() {
    assert_eq!(check("a b? a? b", ""), "a b?");
    assert_eq!(check("a o", "o = a? | b a"), "a | a b");
    assert_eq!(check("o o", "o = a | b"), "a | a b | b a | b");
}

#[test]
fn b28_names_the_circle() {
    let composites = "o = a p\np = b q\nq = o\nr = r";
    assert_eq!(
        check("a q", composites),
        "composite buildpacks stand for each other in a circle: `q@1.0.0`, `o@1.0.0`, `p@1.0.0`, `q@1.0.0`"
    );
    assert_eq!(check("r", composites), "composite buildpacks stand for each other in a circle: `r@1.0.0`, `r@1.0.0`");
}

#[test]
fn says_what_is_missing_or_given_twice() {
    assert_eq!(check("x", ""), "the order names buildpack `x`, which is not there");
    let version = |version: &str| BuildpackKey { id: "a".parse().unwrap(), version: version.parse().unwrap() };
    let manifests = ["1.0.0", "2.0.0"].map(|v| Manifest { key: version(v), ..manifest("a", None) });
    let both = Buildpacks::new(manifests.clone()).unwrap();
    let mut wanted = order("a");
    let error = |order: &Order| expand(order, &both, &ExecEnv::default()).unwrap_err().to_string();
    insta::assert_snapshot!(error(&wanted), @"the order names buildpack `a` without a version, and there are several: `1.0.0`, `2.0.0`");
    wanted.0[0].0[0].version = Some("3.0.0".parse().unwrap());
    insta::assert_snapshot!(error(&wanted), @"the order names buildpack `a@3.0.0`, which is not there, but these versions of it are: `1.0.0`, `2.0.0`");
    let twice = Buildpacks::new([manifests[0].clone(), manifests[0].clone()]);
    assert_eq!(twice.unwrap_err(), ExpandError::Duplicate(version("1.0.0")));
}

#[test]
fn b4_b5_ids_that_share_a_directory_are_refused() {
    let case = Buildpacks::new([manifest("a/b", None), manifest("a/B", None)]);
    insta::assert_snapshot!(case.unwrap_err(), @"buildpacks `a/b` and `a/B` have ids that differ in case only");
    assert!("a_b".parse::<BuildpackId>().is_err(), "so that nothing else shares the directory of `a/b`");
    assert!(Buildpacks::new([manifest("a/b", None), manifest("a.b", None), manifest("a-b", None)]).is_ok());
}

#[test]
fn b25_an_id_counts_once_whatever_its_version() {
    let version = |version: &str| BuildpackKey { id: "a".parse().unwrap(), version: version.parse().unwrap() };
    let both =
        Buildpacks::new(["1.0.0", "2.0.0"].map(|v| Manifest { key: version(v), ..manifest("a", None) })).unwrap();
    let mut wanted = order("a a");
    for (entry, number) in wanted.0[0].0.iter_mut().zip(["2.0.0", "1.0.0"]) {
        entry.version = Some(number.parse().unwrap());
    }
    let groups = expand(&wanted, &both, &ExecEnv::default()).unwrap();
    assert_eq!(groups[0].entries.iter().map(|entry| entry.buildpack.to_string()).collect::<Vec<_>>(), ["a@2.0.0"]);
}

#[test]
fn b27_each_buildpack_is_asked_once() {
    let all = buildpacks("o = a b | b c\np = c | a");
    let groups = expand(&order("o p | a? b | o"), &all, &ExecEnv::default()).unwrap();
    assert!(groups.len() > 4);
    assert_eq!(candidates(&groups).iter().map(|key| key.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn bounds_what_a_short_order_can_stand_for() {
    let orders = |line: fn(usize) -> String| (1..=60).map(line).collect::<Vec<_>>().concat();
    let product = orders(|n| format!("x{n} = a{n} | b{n}\na{n} = a b c d e\nb{n} = e d c b a\n"));
    assert_eq!(check("x1 x2 x3", &product), "a b c d e | e d c b a", "equal groups are one");
    let permutations = "x = a | b | c | d | e | f | g | h";
    assert_eq!(check("x x x x x", permutations), ExpandError::ManyGroups.to_string());
    assert_eq!(check(&"a ".repeat(33), ""), ExpandError::LongGroup(33).to_string());
    let deep = orders(|n| format!("o{n} = o{} o{}\n", n - 1, n - 1));
    assert_eq!(check("o60", &format!("o0 = a\n{deep}")), "a", "each composite is expanded once");
    let many: Vec<Manifest> = (0..65).map(|n| manifest(&format!("x{n}"), None)).collect();
    let all = (0..65).map(|n| format!("x{n}")).collect::<Vec<_>>().join("|");
    let error = expand(&order(&all), &Buildpacks::new(many).unwrap(), &ExecEnv::default()).unwrap_err();
    assert_eq!(error, ExpandError::ManyBuildpacks(65));
}

#[test]
fn b11_b35_what_is_for_another_execution_environment_is_excluded() {
    let composites = "o = a b:test | c:test | d:*";
    assert_eq!(check_for("production", "a b?:test c:*", ""), "a [b?] c");
    assert_eq!(check_for("test", "a b?:test c:production", ""), "a b? [c]");
    assert_eq!(check_for("production", "o e", composites), "a [b] e | [c] e | d e");
    assert_eq!(check_for("test", "o?:production e", composites), "[o?] e", "a composite as a whole");
    assert_eq!(check_for("test", "a:production a:test", ""), "[a] a", "the one makes no place for the other");
    assert_eq!(check_for("test", "a:test a:production a:debug", ""), "a");
}

#[test]
fn b35_a_buildpack_says_which_execution_environments_it_serves() {
    let serves = |id: &str, exec_env: &[&str]| Manifest {
        exec_env: exec_env.iter().map(|name| (*name).to_owned()).collect(),
        ..manifest(id, None)
    };
    let all = Buildpacks::new([serves("a", &[]), serves("b", &["test", "debug"]), serves("c", &["*"])]).unwrap();
    let asked = |exec_env: &str| {
        let groups = expand(&order("a b | c"), &all, &exec_env.parse().unwrap()).unwrap();
        candidates(&groups).into_iter().map(|key| key.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(asked("production"), ["a", "c"]);
    assert_eq!(asked("test"), ["a", "b", "c"]);
}
