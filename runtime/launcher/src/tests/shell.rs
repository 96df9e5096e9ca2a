//! What bash is told to start.

use super::*;

const METADATA: &str = r#"
    [[buildpacks]]
    id = "old"
    api = "0.8"
    [[buildpacks]]
    id = "new"
    api = "0.10"
    [[processes]]
    type = "script"
    command = "echo $HOME; sleep 1"
    buildpack-id = "old"
    [[processes]]
    type = "words"
    command = "echo"
    args = ["$HOME", "b"]
    buildpack-id = "old"
    [[processes]]
    type = "list"
    command = ["echo", "-n"]
    working-dir = "/there/$NAME"
    buildpack-id = "new"
    [[processes]]
    type = "direct"
    command = ["echo"]
    direct = true
    buildpack-id = "new"
"#;

/// Bash's arguments after the script, and the last line of that.
fn check(api: &str, call: &[&str]) -> (String, Vec<String>) {
    let launch = run(METADATA, call, &[("CNB_PLATFORM_API", api)], &[("/bin/bash", "")]).unwrap();
    let words = words(&launch.command);
    assert_eq!((&words[0], &words[1], launch.working_dir), (&"/bin/bash".to_owned(), &"-c".to_owned(), None));
    (words[2].lines().last().unwrap().to_owned(), words[3..].to_vec())
}

const SCRIPT: &str = r#"exec bash -c "$@""#;
const TWO: &str = r#"exec bash -c '"$(eval echo \"$0\")" "$(eval echo \"${1}\")"' "${@:1}""#;
const THREE: &str = r#"exec bash -c '"$(eval echo \"$0\")" "$(eval echo \"${1}\")" "$(eval echo \"${2}\")"' "${@:1}""#;

#[test]
fn l15_b86_one_word_is_a_script_and_several_are_evaluated_each() {
    for (api, call, hand_over, arguments) in [
        ("0.9", &["script"][..], SCRIPT, &["script", "echo $HOME; sleep 1"][..]),
        ("0.14", &["/cnb/process/script"], SCRIPT, &["/cnb/process/script", "echo $HOME; sleep 1"]),
        ("0.14", &["script", "x y"], TWO, &["script", "echo $HOME; sleep 1", "x y"]),
        ("0.14", &["words"], THREE, &["words", "echo", "$HOME", "b"]),
        // The user's are added, as the buildpack is of before 0.9.
        ("0.9", &["words", "c"], "", &["words", "echo", "$HOME", "b", "c"]),
        ("0.14", &["words", "c"], "", &["words", "echo", "$HOME", "b", "c"]),
        // Before Platform API 0.10, a command is one word, whatever it looks like.
        ("0.9", &["list"], SCRIPT, &["list", "echo -n"]),
        ("0.10", &["list"], TWO, &["list", "echo", "-n"]),
        ("0.10", &["list", "x"], THREE, &["list", "echo", "-n", "x"]),
        // A command of the user's.
        ("0.14", &["launcher", "echo $HOME"], SCRIPT, &["launcher", "echo $HOME"]),
        ("0.14", &["/cnb/lifecycle/launcher", "ls", "-l"], TWO, &["/cnb/lifecycle/launcher", "ls", "-l"]),
    ] {
        let found = check(api, call);
        assert_eq!(found.1, arguments, "{call:?} of {api}");
        if !hand_over.is_empty() {
            assert_eq!(found.0, hand_over, "{call:?} of {api}");
        }
    }
}

#[test]
fn l14_profiles_come_before_by_layer_and_the_applications_own_last() {
    let files = [
        ("/bin/bash", ""),
        ("new/l/profile.d/z.sh", ""),
        ("old/m/profile.d/b.sh", ""),
        ("old/m/profile.d/a'b.sh", ""),
        ("old/m/profile.d/script/c.sh", ""),
        ("old/m/profile.d/words/d.sh", ""),
        ("old/n/profile.d/e.sh", ""),
        ("/workspace/.profile", ""),
    ];
    let script =
        |call: &[&str], files: &[(&str, &str)]| words(&run(METADATA, call, &[], files).unwrap().command).remove(2);
    let of_script = r#"source '/layers/old/m/profile.d/a'\''b.sh'
source '/layers/old/m/profile.d/b.sh'
source '/layers/old/m/profile.d/script/c.sh'
source '/layers/old/n/profile.d/e.sh'
source '/layers/new/l/profile.d/z.sh'
source '/workspace/.profile'
cd "/workspace"
exec bash -c "$@""#;
    assert_eq!(script(&["script"], &files), of_script);
    let of_user = of_script.replace("source '/layers/old/m/profile.d/script/c.sh'\n", "");
    assert_eq!(script(&["launcher", "x"], &files), of_user);
    // Where it goes may depend on the profiles.
    assert!(script(&["list"], &files).contains("\ncd \"/there/$NAME\"\n"));
    assert_eq!(
        script(&["script"], &[("/bin/bash", ""), ("/workspace/.profile/file", "")]),
        "cd \"/workspace\"\nexec bash -c \"$@\""
    );
}

#[test]
fn l17_what_starts_directly_reads_no_profile() {
    let files = [("/bin/bash", ""), ("new/l/profile.d/z.sh", ""), ("/workspace/.profile", "")];
    for call in [&["direct"][..], &["launcher", "--", "echo"]] {
        assert_eq!(words(&run(METADATA, call, &[], &files).unwrap().command), ["echo"]);
    }
}

#[test]
fn l5_words_for_a_shell_are_of_a_buildpack_that_is_there() {
    let metadata = METADATA.replace("buildpack-id = \"old\"", "buildpack-id = \"gone\"");
    let check = |call: &[&str]| run(&metadata, call, &[], &[("/bin/bash", "")]).map_err(|error| error.to_string());
    let refused = "the process `words` is of the buildpack `gone`, which is not among the image's";
    assert_eq!(check(&["words"]).unwrap_err(), refused);
    assert_eq!(words(&check(&["script"]).unwrap().command)[3..], ["script", "echo $HOME; sleep 1"]);
}

#[test]
fn l14_a_process_that_wants_a_shell_needs_one() {
    let error = run(METADATA, &["script"], &[], &[]).unwrap_err();
    let text = "the process `script` wants a shell, and the image has no `/bin/bash`";
    assert_eq!((error.code(), error.to_string().as_str()), (82, text));
    assert_eq!(words(&run(METADATA, &["direct", "x"], &[], &[]).unwrap().command), ["echo", "x"]);
}
