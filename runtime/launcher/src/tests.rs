//! Files in, environment and command out.

use super::*;
use std::collections::BTreeMap;
use std::io;

/// Files by path; a path that ends in `/` is an empty directory, contents that begin with `->` a link to one.
struct Memory(BTreeMap<String, String>);

impl Files for Memory {
    fn list(&self, directory: &[u8]) -> io::Result<Vec<Entry>> {
        let prefix = format!("{}/", String::from_utf8_lossy(directory));
        let mut entries: Vec<Entry> = Vec::new();
        // The reverse order shows that the order of a directory is not relied upon.
        for (path, text) in self.0.iter().rev() {
            let Some(rest) = path.strip_prefix(&prefix).filter(|rest| !rest.is_empty()) else { continue };
            let (name, is_link) = (rest.split('/').next().unwrap().as_bytes().to_vec(), text.starts_with("->"));
            if entries.iter().all(|entry| entry.name != name) {
                entries.push(Entry { name, is_directory: rest.contains('/') || is_link, is_link });
            }
        }
        Ok(entries)
    }

    fn read(&self, file: &[u8]) -> io::Result<Vec<u8>> {
        let text = self.0.get(std::str::from_utf8(file).unwrap()).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.clone().into_bytes())
    }
}

const METADATA: &str = r#"
    buildpack-default-process-type = "web"
    [[buildpacks]]
    id = "a/one"
    version = "1.0.0"
    api = "0.11"
    [[buildpacks]]
    id = "none"
    api = "0.9"
    [[buildpacks]]
    id = "two"
    api = "0.12"
    [[processes]]
    type = "web"
    command = ["node"]
    args = ["server.js", "-v"]
    direct = true
    buildpack-id = "a/one"
    [[processes]]
    type = "worker"
    command = ["node", "--fixed"]
    args = ["worker.js"]
    direct = true
    working-dir = "jobs"
    [[processes]]
    type = "old"
    command = ["echo $HOME"]
    direct = false
    [[processes]]
    type = "empty"
    command = []
    direct = true
"#;

fn run(
    metadata: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
    files: &[(&str, &str)],
) -> Result<Launch, Error> {
    let mut memory = Memory(files.iter().map(|(path, text)| (format!("/layers/{path}"), (*text).to_owned())).collect());
    memory.0.insert("/layers/config/metadata.toml".to_owned(), metadata.to_owned());
    let arguments: Vec<Vec<u8>> = arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect();
    let platform = [("CNB_PLATFORM_API", "0.14")];
    let environment = platform.iter().chain(environment).map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec()));
    launch(&arguments, environment.collect(), &memory)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The environment of the process `web`, of a container with these variables and these files below `/layers`.
fn environment(container: &[(&str, &str)], files: &[(&str, &str)]) -> String {
    let launch = run(METADATA, &["/cnb/process/web"], container, files).unwrap();
    launch
        .environment
        .iter()
        .map(|(name, value)| format!("{}={}", lossy(name), lossy(value)))
        .collect::<Vec<_>>()
        .join(" ")
}

fn command(arguments: &[&str]) -> String {
    match run(METADATA, arguments, &[], &[]) {
        Ok(launch) => {
            let command = launch.command.iter().map(|word| lossy(word)).collect::<Vec<_>>().join(" ");
            launch.working_dir.map_or(command.clone(), |directory| format!("{command} (in {})", lossy(&directory)))
        }
        Err(error) => format!("{}: {error}", error.code()),
    }
}

#[test]
fn a_process_is_chosen_by_the_name_of_the_launcher() {
    assert_eq!(command(&["/cnb/process/web"]), "node server.js -v");
    assert_eq!(command(&["web", "other.js"]), "node other.js");
    assert_eq!(command(&["worker"]), "node --fixed worker.js (in jobs)");
    assert_eq!(command(&["worker", "x", "y"]), "node --fixed x y (in jobs)");
    assert_eq!(command(&["/cnb/lifecycle/launcher", "web"]), "web");
    assert_eq!(command(&["launcher", "--", "ls", "--", "-l"]), "ls -- -l");
    assert_eq!(command(&["launcher", "ls", "-l"]), "ls -l");
}

#[test]
fn what_cannot_be_started_is_refused() {
    let nothing = "82: there is nothing to start: name a command, or one of the image's processes as its entry point: \
                   `web`, `worker`, `old`, `empty`";
    assert_eq!(command(&["launcher"]), nothing);
    assert_eq!(command(&["launcher", "--"]), nothing);
    assert_eq!(command(&[]), nothing);
    assert_eq!(command(&["old"]), "82: the process `old` wants a shell: this launcher starts processes directly");
    assert_eq!(command(&["empty"]), "82: the process `empty` has no command");
}

#[test]
fn languages_that_it_does_not_speak_are_refused() {
    let check = |metadata: &str, environment: &[(&str, &str)]| {
        run(metadata, &["launcher", "ls"], environment, &[]).map_err(|error| (error.code(), error.to_string()))
    };
    for api in ["", "0", "0.9", "0.16", "1.0", "0.x", "v0.14"] {
        let (code, text) = check(METADATA, &[("CNB_PLATFORM_API", api)]).unwrap_err();
        assert_eq!((code, text), (11, format!("`CNB_PLATFORM_API` is `{api}`: this launcher speaks 0.10 to 0.15")));
    }
    assert_eq!(launch(&[], Environment::default(), &Memory(BTreeMap::new())).unwrap_err().code(), 11);
    let (code, text) = check(&METADATA.replace("0.12", "0.8"), &[]).unwrap_err();
    assert_eq!(
        (code, text.as_str()),
        (12, "the buildpack `two` follows Buildpack API `0.8`: this launcher speaks 0.9 to 0.12")
    );
    let (code, text) = check("buildpacks = 1", &[]).unwrap_err();
    assert_eq!(code, 82);
    assert!(text.starts_with("could not read `/layers/config/metadata.toml`: TOML parse error at line 1"), "{text}");
}

#[test]
fn the_platforms_own_variables_do_not_reach_the_process() {
    let container = [
        ("PATH", "/cnb/process:/cnb/lifecycle:/usr/bin:/cnb/process:/bin"),
        ("CNB_LAYERS_DIR", "/layers"),
        ("CNB_APP_DIR", "/app"),
        ("CNB_DEPRECATION_MODE", "quiet"),
        ("CNB_PROCESS_TYPE", "x"),
        ("WATTLE_LAUNCHER", "exec"),
        ("CNB_EXEC_ENV", "test"),
        ("HOME", "/h"),
    ];
    assert_eq!(environment(&container, &[]), "CNB_EXEC_ENV=test HOME=/h PATH=/usr/bin:/bin");
    assert_eq!(environment(&[], &[]), "");
    assert_eq!(run(METADATA, &["web"], &container, &[]).unwrap().app_dir, b"/app");
    assert_eq!(run(METADATA, &["web"], &[], &[]).unwrap().app_dir, b"/workspace");
}

#[test]
fn later_layers_come_first_in_path() {
    let files = [
        ("a_one/m/bin/", ""),
        ("a_one/z/bin/node", ""),
        ("a_one/z/lib/x", ""),
        ("two/a/lib/", ""),
        ("two/a/bin", "a file"),
        ("two/link", "->"),
        ("three/x/bin/", ""),
    ];
    assert_eq!(
        environment(&[("PATH", "/bin")], &files),
        "LD_LIBRARY_PATH=/layers/two/a/lib:/layers/a_one/z/lib PATH=/layers/a_one/z/bin:/layers/a_one/m/bin:/bin"
    );
    assert_eq!(environment(&[("PATH", "")], &files[..1]), "PATH=/layers/a_one/m/bin");
}

#[test]
fn every_suffix_does_what_it_says() {
    let check = |name: &str, text: &str| {
        let files = [(format!("two/l/env/{name}"), text), ("two/l/env/V.delim".to_owned(), ";")];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let with = |value: &[(&str, &str)]| environment(value, &files);
        format!("{} | {} | {}", with(&[("V", "old")]), with(&[("V", "")]), with(&[]))
    };
    assert_eq!(check("V", "new"), "V=new | V=new | V=new");
    assert_eq!(check("V.override", "new\n"), "V=new\n | V=new\n | V=new\n");
    assert_eq!(check("V.append", "new"), "V=old;new | V=new | V=new");
    assert_eq!(check("V.prepend", "new"), "V=new;old | V=new | V=new");
    assert_eq!(check("V.default", "new"), "V=old | V=new | V=new");
    for ignored in ["V.other", "V.append.bak", ".append", "V.append/"] {
        assert_eq!(check(ignored, "new"), "V=old | V= | ", "{ignored}");
    }
}

#[test]
fn what_is_closer_to_the_process_comes_later() {
    let files = [
        ("a_one/l/env/V.append", "1"),
        ("a_one/l/env/V.delim", ":"),
        ("a_one/l/env.launch/V.append", "2"),
        ("a_one/l/env.launch/web/V.prepend", "3"),
        ("a_one/l/env.launch/worker/V.override", "not for us"),
        ("a_one/l/env.build/V.override", "not for us"),
        ("a_one/m/env/V.append", "4"),
        ("two/l/env/V.append", "5"),
    ];
    // The delimiter is that of its own directory only.
    assert_eq!(environment(&[("V", "0")], &files), "V=30:1245");
    // Within one directory the order is that of the names: what replaces comes before what appends, and undoes a default.
    let files =
        [("two/l/env/W", "1"), ("two/l/env/W.append", "2"), ("two/l/env/W.prepend", "3"), ("two/l/env/W.default", "4")];
    assert_eq!(environment(&[("W", "0")], &files), "W=312");
}

#[test]
fn a_command_of_the_users_gets_nothing_that_is_for_a_process() {
    let files = [("two/l/env.launch/web/V", "web"), ("two/l/env.launch/W", "all")];
    let launch = run(METADATA, &["launcher", "env"], &[], &files).unwrap();
    assert_eq!((launch.environment.get("V"), launch.environment.get("W")), (None, Some(&b"all"[..])));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    struct Broken;
    impl Files for Broken {
        fn list(&self, _: &[u8]) -> io::Result<Vec<Entry>> {
            Err(io::ErrorKind::PermissionDenied.into())
        }
        fn read(&self, _: &[u8]) -> io::Result<Vec<u8>> {
            Ok(METADATA.as_bytes().to_vec())
        }
    }
    let environment = [(b"CNB_PLATFORM_API".to_vec(), b"0.14".to_vec())].into_iter().collect();
    let error = launch(&[b"web".to_vec()], environment, &Broken).unwrap_err();
    assert_eq!(error, Error::Launch("could not read `/layers/a_one`: permission denied".to_owned()));
}
