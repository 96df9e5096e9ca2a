//! Processes that a shell starts (Platform specification, "Launcher"): those of buildpacks before Buildpack API 0.9, and
//! commands of the user's without `--`.
//!
//! Bash reads the profiles of the layers and of the application, goes to the working directory, and hands over to another
//! bash with the command. What becomes of the words of the command is the reference implementation's doing, oddities
//! included (`echo` swallows `-e` and `-n`, and the variables in each word are replaced): there are buildpacks that count
//! on it.

use crate::environment::Files;
use crate::layers::{self, Failed};
use crate::process::Chosen;

/// The shell, at the one place where the specification has it.
pub(crate) const BASH: &[u8] = b"/bin/bash";

/// The profiles to read: those of the layers, and then the application's own.
pub(crate) fn profiles<'a>(
    layers_dir: &[u8],
    app_dir: &[u8],
    buildpacks: impl Iterator<Item = &'a str>,
    process: Option<&str>,
    files: &impl Files,
) -> Result<Vec<Vec<u8>>, Failed> {
    let mut profiles = layers::files_in(layers_dir, buildpacks, "profile.d", process, files)?;
    let of_app = layers::join(app_dir, b".profile");
    if files.is_file(&of_app) {
        profiles.push(of_app);
    }
    Ok(profiles)
}

/// What to start so that the shell starts the process: bash, its script, the name that the launcher was `called` by, and the
/// words of the command, which the script knows as `$@`.
pub(crate) fn command(chosen: &Chosen<'_>, called: &[u8], profiles: &[Vec<u8>], app_dir: &[u8]) -> Vec<Vec<u8>> {
    let mut script = Vec::new();
    for profile in profiles {
        script.extend([b"source ", quoted(profile).as_slice(), b"\n"].concat());
    }
    // Within double quotes: the working directory may name variables that the profiles have set.
    let working_dir = chosen.working_dir.as_deref().unwrap_or(app_dir);
    script.extend([b"cd \"", working_dir, b"\"\n"].concat());
    script.extend(hand_over(chosen.command.len()).into_bytes());
    let bash = [BASH.to_vec(), b"-c".to_vec(), script, called.to_vec()];
    bash.into_iter().chain(chosen.command.iter().cloned()).collect()
}

/// A single word is a script of its own. Of several, each is evaluated by itself.
fn hand_over(words: usize) -> String {
    if words == 1 {
        return r#"exec bash -c "$@""#.to_owned();
    }
    let word = |number: usize| if number == 0 { "$0".to_owned() } else { format!("${{{number}}}") };
    let words: Vec<String> = (0..words).map(|number| format!(r#""$(eval echo \"{}\")""#, word(number))).collect();
    format!(r#"exec bash -c '{}' "${{@:1}}""#, words.join(" "))
}

/// A word that the shell takes as it is.
fn quoted(word: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = word.split(|byte| *byte == b'\'').collect();
    [b"'", parts.join(&br"'\''"[..]).as_slice(), b"'"].concat()
}
