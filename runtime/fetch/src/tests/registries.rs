//! Finding registries in the configuration that package managers have.

use crate::{Cache, Explicit, Registries, RegistryError, Settings};
use insta::assert_snapshot;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use wattle_store::Store;

/// The registries of a machine with these files and environment variables: name and scope, address, origin. And what is
/// wrong with the addresses of others.
fn check(files: &[(&str, &str)], environment: &[(&str, &str)], adjust: impl Fn(&mut Settings)) -> String {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let at = |path: &str| directory.path().join(path);
    let mut settings = Settings {
        environment: environment.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        home: Some(at("home")),
        project: at("project"),
        root: at("machine"),
        ..Settings::default()
    };
    adjust(&mut settings);
    let registries = Registries::discover(settings).unwrap();
    let found = registries.iter().map(|it| {
        let scope = it.scope.as_ref().map(|scope| format!(":{scope}")).unwrap_or_default();
        format!("{}{scope}  {}  {}\n", it.name, it.address, it.origin)
    });
    let wrong = registries.problems().filter(|problem| !matches!(problem, RegistryError::Unknown { .. }));
    let problems = wrong.map(|problem| format!("{problem}\n"));
    found.chain(problems).collect()
}

fn plain(_: &mut Settings) {}

#[test]
fn nothing_is_known_by_itself() {
    let registries = Registries::discover(Settings::default()).unwrap();
    assert_eq!(registries.iter().count(), 0);
    let problems: Vec<String> = registries.problems().map(|problem| problem.to_string()).collect();
    assert_snapshot!(problems.join("\n"), @r"
    nothing says where the registry `debian` is
    nothing says where the registry `debian-security` is
    nothing says where the registry `go` is
    nothing says where the registry `maven` is
    nothing says where the registry `npm` is
    nothing says where the registry `pypi` is
    ");
}

#[test]
fn what_the_operator_names_comes_before_everything() {
    let explicit = |settings: &mut Settings| {
        let origin = "`registries` in `wattle.toml`".to_owned();
        let mut name = |key: &str, address: &str| {
            let explicit = Explicit { address: address.to_owned(), origin: origin.clone() };
            settings.explicit.insert(key.to_owned(), explicit);
        };
        name("npm", "https://mine.registry.test/npm");
        name("npm:@acme", "https://acme.registry.test");
        name("tools", "https://tools.registry.test");
    };
    let files = [("home/.npmrc", "registry=https://user.registry.test\n@other:registry=https://other.registry.test")];
    let environment = [("NPM_CONFIG_REGISTRY", "https://env.registry.test")];
    assert_snapshot!(check(&files, &environment, explicit), @r"
    npm  https://mine.registry.test/npm/  `registries` in `wattle.toml`
    npm:@acme  https://acme.registry.test/  `registries` in `wattle.toml`
    npm:@other  https://other.registry.test/  `@other:registry` in the user's npm configuration
    tools  https://tools.registry.test/  `registries` in `wattle.toml`
    ");
}

#[test]
fn npm_is_configured_by_environment_application_user_and_machine() {
    let application = (
        "project/.npmrc",
        "; ours\nregistry = \"https://app.registry.test\" # here\n@a:registry=https://a.registry.test",
    );
    let user = (
        "home/.npmrc",
        "registry=https://${HOST}/npm/\n@a:registry=https://b.registry.test\n@u:registry=https://u.registry.test",
    );
    let machine = ("machine/usr/local/etc/npmrc", "registry=https://machine.registry.test");
    let host = ("HOST", "user.registry.test");
    let all = [application, user, machine];
    assert_snapshot!(check(&all, &[host, ("npm_config_registry", "https://env.registry.test")], plain), @r"
    npm  https://env.registry.test/  `npm_config_registry` in the environment
    npm:@a  https://a.registry.test/  `@a:registry` in the application's `.npmrc`
    npm:@u  https://u.registry.test/  `@u:registry` in the user's npm configuration
    ");
    assert_snapshot!(check(&all, &[host], plain), @r"
    npm  https://app.registry.test/  `registry` in the application's `.npmrc`
    npm:@a  https://a.registry.test/  `@a:registry` in the application's `.npmrc`
    npm:@u  https://u.registry.test/  `@u:registry` in the user's npm configuration
    ");
    assert_snapshot!(check(&all[1..], &[host], plain), @r"
    npm  https://user.registry.test/npm/  `registry` in the user's npm configuration
    npm:@a  https://b.registry.test/  `@a:registry` in the user's npm configuration
    npm:@u  https://u.registry.test/  `@u:registry` in the user's npm configuration
    ");
    assert_snapshot!(check(&all[1..], &[], plain), @r"
    npm  https://machine.registry.test/  `registry` in the machine's npm configuration
    npm:@a  https://b.registry.test/  `@a:registry` in the user's npm configuration
    npm:@u  https://u.registry.test/  `@u:registry` in the user's npm configuration
    ");
}

#[test]
fn an_application_puts_no_variables_into_addresses_unless_it_is_trusted() {
    let files = [("project/.npmrc", "registry=https://evil.test/${SECRET}")];
    assert_snapshot!(check(&files, &[("SECRET", "s3cret")], plain), @"");
    assert_snapshot!(check(&files, &[("SECRET", "s3cret")], |settings| settings.trust_project = true), @"npm  https://evil.test/s3cret/  `registry` in the application's `.npmrc`");
}

#[test]
fn an_address_that_is_none_is_told_without_what_is_in_it() {
    let files = [("home/.npmrc", "registry=user:secret@registry.test")];
    assert_snapshot!(check(&files, &[], plain), @"the registry `npm` cannot be used: `registry` in the user's npm configuration is not the address of a registry: it does not begin with `https://`");
    let explicit = Explicit { address: "registry".to_owned(), origin: "`--registry`".to_owned() };
    let settings = Settings { explicit: BTreeMap::from([("npm".to_owned(), explicit)]), ..Settings::default() };
    assert_snapshot!(Registries::discover(settings).unwrap_err(), @"`--registry` is not the address of a registry: it is no URL");
}

#[test]
fn python_and_go_are_configured_by_environment_and_files() {
    let pip = if cfg!(windows) { "home/.pip/pip.ini" } else { "home/.pip/pip.conf" };
    let files = [
        (
            pip,
            "[install]\nindex_url = https://no.registry.test\n[global]\nIndex_URL = https://user:pass@py.registry.test/simple\n",
        ),
        ("goenv", "GOFLAGS=-mod=mod\nGOPROXY=https://go.registry.test|direct\n"),
    ];
    let goenv = |settings: &mut Settings| {
        let path = settings.project.parent().unwrap_or(Path::new("")).join("goenv");
        settings.environment.insert("GOENV".to_owned(), path.display().to_string());
    };
    assert_snapshot!(check(&files, &[], goenv), @r"
    go  https://go.registry.test/  `GOPROXY` in the user's Go configuration
    pypi  https://py.registry.test/simple/  `index-url` in the user's pip configuration
    ");
    let environment =
        [("PIP_INDEX_URL", "https://env.registry.test/simple/"), ("GOPROXY", "off,https://goenv.registry.test")];
    assert_snapshot!(check(&files, &environment, goenv), @r"
    go  https://goenv.registry.test/  `GOPROXY` in the environment
    pypi  https://env.registry.test/simple/  `PIP_INDEX_URL` in the environment
    ");
}

#[test]
fn debian_archives_are_those_of_the_release() {
    let release = ("machine/etc/os-release", "ID=debian\nVERSION_CODENAME=\"bookworm\"\n");
    let other = (
        "machine/etc/apt/sources.list.d/a.list",
        "deb [signed-by=/k arch=amd64] https://vendor.registry.test stable main\n",
    );
    let stanzas = "Types: deb deb-src\n# a note\nURIs: http://debian.registry.test/debian\nSuites: bookworm bookworm-updates\n\
        Components:\n main\n\nEnabled: no\nTypes: deb\nURIs: http://off.registry.test\nSuites: bookworm-security\nComponents: main\n\n\
        types: deb\nuris: http://debian.registry.test/security\nsuites: bookworm-security\ncomponents: main contrib\n";
    let modern = ("machine/etc/apt/sources.list.d/debian.sources", stanzas);
    assert_snapshot!(check(&[release, other, modern], &[], plain), @r"
    debian  http://debian.registry.test/debian/  `sources.list.d/debian.sources` of apt
    debian-security  http://debian.registry.test/security/  `sources.list.d/debian.sources` of apt
    ");
    let lines = "# all\ndeb cdrom:[x] bookworm main\ndeb-src http://src.registry.test bookworm main\n\
        deb http://old.registry.test/debian/ bookworm main contrib # ours\n";
    assert_snapshot!(check(&[release, modern, ("machine/etc/apt/sources.list", lines)], &[], plain), @r"
    debian  http://old.registry.test/debian/  `sources.list` of apt
    debian-security  http://debian.registry.test/security/  `sources.list.d/debian.sources` of apt
    ");
    let ubuntu = ("machine/etc/os-release", "ID=ubuntu\nVERSION_CODENAME=noble\n");
    assert_snapshot!(check(&[ubuntu, modern], &[], plain), @"");
}

#[test]
fn maven_is_configured_by_mirrors() {
    let settings = "<?xml version='1.0'?><settings xmlns='urn:x'><servers><server><id>m</id><username>u</username>\
        <password>p</password></server></servers><mirrors><mirror><id>n</id><url>https://no.registry.test</url>\
        <mirrorOf>*,!central</mirrorOf></mirror><mirror><id>m</id><url>https://maven.registry.test/m2</url>\
        <mirrorOf>external:*</mirrorOf></mirror></mirrors></settings>";
    assert_snapshot!(check(&[("home/.m2/settings.xml", settings)], &[], plain), @"maven  https://maven.registry.test/m2/  a mirror in the user's Maven settings");
    assert_snapshot!(check(&[("home/.m2/settings.xml", "<settings")], &[], plain), @"");
}

/// A client that answers must be a program outside the application, found by an absolute directory.
#[cfg(unix)]
#[test]
fn a_client_is_asked_when_nothing_else_is_known() {
    use std::os::unix::fs::PermissionsExt;
    let client = |settings: &mut Settings, directory: &Path| {
        std::fs::create_dir_all(directory).unwrap();
        let program = directory.join("npm");
        std::fs::write(&program, "#!/bin/sh\necho notice\necho \"https://$1-$2.registry.test/\"\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        settings.environment.insert("PATH".to_owned(), format!("bin:{}", directory.display()));
        settings.run_commands = true;
    };
    let outside = |settings: &mut Settings| client(settings, &settings.root.join("bin"));
    let inside = |settings: &mut Settings| client(settings, &settings.project.join("bin"));
    assert_snapshot!(check(&[], &[], outside), @"npm  https://config-get.registry.test/  what `npm config get registry` answers");
    assert_snapshot!(check(&[], &[], inside), @"");
    let unasked = |settings: &mut Settings| {
        outside(settings);
        settings.run_commands = false;
    };
    assert_snapshot!(check(&[], &[], unasked), @"");
}

/// Starting a client takes longer than everything else in a build that has nothing to do.
#[cfg(unix)]
#[test]
fn an_answer_is_kept_until_something_changes_that_it_depends_on() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let at = |path: &str| directory.path().join(path);
    let write = |path: &str, text: &str| std::fs::write(at(path), text).unwrap();
    let program = |text: &str| {
        write("npm", text);
        std::fs::set_permissions(at("npm"), std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let cache: Arc<dyn Cache> = Arc::new(Store::open(&at("store")).unwrap());
    let ask = |kept: Option<&Arc<dyn Cache>>| {
        let path = format!("{}:/bin:/usr/bin", directory.path().display());
        let environment = BTreeMap::from([("PATH".to_owned(), path)]);
        let (home, project) = (Some(directory.path().to_owned()), at("project"));
        let settings = Settings { environment, home, project, run_commands: true, ..Settings::default() };
        let registries = Registries::discover(settings).unwrap();
        if let Some(cache) = kept {
            registries.keep_answers(cache.clone());
        }
        let registry = registries.get("npm", None).unwrap();
        format!("{} {}", registry.address, registry.origin)
    };
    program("#!/bin/sh\ncat answer\n");
    write("answer", "https://a.registry.test/");
    let first = ask(Some(&cache));
    assert_snapshot!(first, @"https://a.registry.test/ what `npm config get registry` answers");
    write("answer", "https://b.registry.test/");
    assert_eq!(ask(Some(&cache)), first);
    assert_snapshot!(ask(None), @"https://b.registry.test/ what `npm config get registry` answers");
    write(".npmrc", "save-exact=true");
    assert_snapshot!(ask(Some(&cache)), @"https://b.registry.test/ what `npm config get registry` answers");
    write("answer", "https://user:secret@c.registry.test/");
    program("#!/bin/sh\n\ncat answer\n");
    assert_snapshot!(ask(Some(&cache)), @"https://c.registry.test/ what `npm config get registry` answers");
    write("answer", "https://d.registry.test/");
    assert_snapshot!(ask(Some(&cache)), @"https://d.registry.test/ what `npm config get registry` answers");
}
