//! Files in, environment and command out.

mod api;
mod environment;
mod exec_d;
mod process;
mod shell;

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
            let (name, is_inside) = rest.split_once('/').map_or((rest, false), |(name, _)| (name, true));
            let (name, is_link) = (name.as_bytes().to_vec(), !is_inside && text.starts_with("->"));
            if entries.iter().all(|entry| entry.name != name) {
                entries.push(Entry { name, is_directory: is_inside || is_link, is_link });
            }
        }
        Ok(entries)
    }

    fn read(&self, file: &[u8]) -> io::Result<Vec<u8>> {
        let text = self.0.get(std::str::from_utf8(file).unwrap()).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.clone().into_bytes())
    }
}

/// Three buildpacks, of which the second has no layers, and a process of the first.
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
"#;

/// What an image with this metadata and these files starts; paths are below `/layers` unless they are absolute.
fn run(
    metadata: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
    files: &[(&str, &str)],
) -> Result<Launch, Error> {
    let place = |path: &str| if path.starts_with('/') { path.to_owned() } else { format!("/layers/{path}") };
    let mut memory = Memory(files.iter().map(|(path, text)| (place(path), (*text).to_owned())).collect());
    memory.0.insert("/layers/config/metadata.toml".to_owned(), metadata.to_owned());
    let arguments: Vec<Vec<u8>> = arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect();
    let platform = [("CNB_PLATFORM_API", "0.14")];
    let environment = platform.iter().chain(environment).map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec()));
    launch(&arguments, environment.collect(), &memory)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Variables, as `NAME=value` between blanks.
fn text(environment: &Environment) -> String {
    let variables = environment.iter().map(|(name, value)| format!("{}={}", lossy(name), lossy(value)));
    variables.collect::<Vec<_>>().join(" ")
}

fn words(command: &[Vec<u8>]) -> Vec<String> {
    command.iter().map(|word| lossy(word)).collect()
}
