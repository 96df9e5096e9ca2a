//! Sets variables of the image's environment, as `BPE_…` variables of the build say; `README.md` has the rules.

mod variables;

use variables::{Edit, Mistake, Variable, Variables};
use wattle_buildpack::{Build, Buildpack, Detect, Detection, Error, Launch, Layer, Result, Scope, register};

struct EnvironmentVariables;

/// What the build plan calls it.
const NAME: &str = "environment-variables";

impl Buildpack for EnvironmentVariables {
    fn detect(&self, cx: &Detect) -> Result<Detection> {
        if !variables::are_in(cx.environment()) {
            return Ok(Detection::skip("no variable is set whose name begins with `BPE_`"));
        }
        Ok(Detection::pass().provides(NAME).requires(NAME))
    }

    fn build(&self, cx: &Build) -> Result<Launch> {
        let variables = Variables::read(cx.environment()).map_err(|mistake| error(&mistake))?;
        announce(&variables);
        // Values are no part of the key, which is shown where it changes.
        let layer = cx.layer("variables").launch().cached_by(&variables.digests()).or_create(|_| Ok(()))?;
        variables.iter().try_for_each(|(name, variable)| set(&layer, name, variable))?;
        Ok(Launch::new())
    }
}

register!(EnvironmentVariables);

fn error(mistake: &Mistake) -> Error {
    Error::user("environment-variables/name", mistake.to_string())
        .hint("write the name of a variable behind it, such as `BPE_GREETING`, `BPE_DEFAULT_GREETING` or `BPE_APPEND_GREETING`")
}

fn set(layer: &Layer, name: &str, variable: &Variable) -> Result<()> {
    for (edit, value) in variable.edits() {
        let environment = layer.env(Scope::Launch);
        match edit {
            Edit::Append => environment.append(name, value, variable.delimiter())?,
            Edit::Default => environment.default(name, value)?,
            Edit::Override => environment.set(name, value)?,
            Edit::Prepend => environment.prepend(name, value, variable.delimiter())?,
        };
    }
    Ok(())
}

/// Says what is set, and what will not count. Never a value: it may be a secret.
#[expect(clippy::print_stdout, reason = "standard output is the build log")]
fn announce(variables: &Variables) {
    for (name, variable) in variables.iter() {
        let edits: Vec<&str> = variable.edits().map(|(edit, _)| edit.word()).collect();
        if !edits.is_empty() {
            println!("{name}: {}", edits.join(", "));
        }
    }
    variables.without_effect().iter().for_each(|(name, because)| println!("`{name}` has no effect: {because}"));
}
