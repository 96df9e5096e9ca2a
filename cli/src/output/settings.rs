//! Which settings took effect, in a few lines.

use super::count;
use wattle_engine::Setting;

/// How many names of one kind are worth saying.
const MOST: usize = 4;

/// A line for each kind of setting and each place where some were said, such as `BP_NODE_VERSION from --env`. All names if
/// `all`.
pub(super) fn lines(settings: &[Setting], all: bool) -> Vec<String> {
    let mut groups: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for Setting { setting, name, origin } in settings {
        let at = groups.iter().position(|(kind, from, _)| kind == setting && from == origin);
        let at = at.unwrap_or_else(|| {
            groups.push((setting, origin, Vec::new()));
            groups.len() - 1
        });
        groups[at].2.extend(name.as_deref());
    }
    groups.iter().map(|(kind, origin, names)| format!("{} from {origin}", what(kind, names, all))).collect()
}

fn what(kind: &str, names: &[&str], all: bool) -> String {
    let noun = match kind {
        "env" => "variable",
        kind => kind,
    };
    let noun = noun.replace('-', " ");
    match names {
        [] => noun,
        names if names.len() > MOST && !all => count(names.len() as u64, &noun),
        names if kind == "env" => names.join(", "),
        names => format!("{noun} {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(settings: &[(&str, &str, &str)], all: bool) -> String {
        let setting = |(setting, name, origin): &(&str, &str, &str)| Setting {
            setting: (*setting).to_owned(),
            name: (!name.is_empty()).then(|| (*name).to_owned()),
            origin: (*origin).to_owned(),
        };
        lines(&settings.iter().map(setting).collect::<Vec<_>>(), all).join("\n")
    }

    #[test]
    fn settings_are_told_by_kind_and_origin() {
        let mut settings = vec![
            ("env", "A", "--env"),
            ("env", "B", "--env-file build.env"),
            ("env", "C", "--env"),
            ("binding", "db", "SERVICE_BINDING_ROOT"),
            ("exec-env", "test", "--exec-env"),
            ("include", "", "project.toml"),
        ];
        settings.extend(["V", "W", "X", "Y", "Z"].map(|name| ("env", name, "project.toml")));
        insta::assert_snapshot!(check(&settings, false), @"
        A, C from --env
        B from --env-file build.env
        binding db from SERVICE_BINDING_ROOT
        exec env test from --exec-env
        include from project.toml
        5 variables from project.toml
        ");
        insta::assert_snapshot!(check(&settings[6..], true), @"V, W, X, Y, Z from project.toml");
    }
}
