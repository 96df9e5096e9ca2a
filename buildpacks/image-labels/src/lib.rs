//! Labels the image, as `BP_IMAGE_LABELS` and `BP_OCI_…` say; `README.md` has the rules.

mod words;

use wattle_buildpack::{Build, Buildpack, Context, Detect, Detection, Error, Fault, Launch, Result, register};
use words::Malformed;

struct ImageLabels;

/// What the build plan calls it.
const NAME: &str = "image-labels";
/// Labels that may be anything.
const ANY: &str = "BP_IMAGE_LABELS";
/// What of `org.opencontainers.image` has a variable of its own (OCI image specification, "Pre-Defined Annotation Keys").
const OCI: [(&str, &str); 12] = [
    ("BP_OCI_AUTHORS", "org.opencontainers.image.authors"),
    ("BP_OCI_CREATED", "org.opencontainers.image.created"),
    ("BP_OCI_DESCRIPTION", "org.opencontainers.image.description"),
    ("BP_OCI_DOCUMENTATION", "org.opencontainers.image.documentation"),
    ("BP_OCI_LICENSES", "org.opencontainers.image.licenses"),
    ("BP_OCI_REF_NAME", "org.opencontainers.image.ref.name"),
    ("BP_OCI_REVISION", "org.opencontainers.image.revision"),
    ("BP_OCI_SOURCE", "org.opencontainers.image.source"),
    ("BP_OCI_TITLE", "org.opencontainers.image.title"),
    ("BP_OCI_URL", "org.opencontainers.image.url"),
    ("BP_OCI_VENDOR", "org.opencontainers.image.vendor"),
    ("BP_OCI_VERSION", "org.opencontainers.image.version"),
];

impl Buildpack for ImageLabels {
    fn detect(&self, cx: &Detect) -> Result<Detection> {
        let is_asked = cx.env(ANY).is_some() || OCI.iter().any(|(variable, _)| cx.env(variable).is_some());
        if !is_asked {
            return Ok(Detection::skip("neither `BP_IMAGE_LABELS` nor a `BP_OCI_…` variable is set"));
        }
        Ok(Detection::pass().provides(NAME).requires(NAME))
    }

    fn build(&self, cx: &Build) -> Result<Launch> {
        for Label { variable, key, value } in labels(cx)? {
            cx.label(&key, &value).map_err(|error| refused(error, variable, &key))?;
            announce(&key, &value);
        }
        Ok(Launch::new())
    }
}

register!(ImageLabels);

struct Label {
    /// The variable that it is from.
    variable: &'static str,
    key: String,
    value: String,
}

fn labels(cx: &Context) -> Result<Vec<Label>> {
    let any = words::parse(cx.env(ANY).unwrap_or_default()).map_err(|error| malformed(&error))?;
    let own = OCI.iter().filter_map(|(variable, key)| {
        // Of one label the last counts, and `BP_IMAGE_LABELS` comes last.
        let value = cx.env(variable).filter(|_| any.iter().all(|(other, _)| other != key))?;
        Some(Label { variable, key: (*key).to_owned(), value: value.to_owned() })
    });
    let own: Vec<Label> = own.collect();
    let any = any.into_iter().map(|(key, value)| Label { variable: ANY, key, value });
    Ok(own.into_iter().chain(any).collect())
}

/// What the host has against a label is for the user to mend, who asked for it.
fn refused(error: Error, variable: &str, key: &str) -> Error {
    error.blame(Fault::User).hint(format!("take `{key}` out of `{variable}`, or give it another name"))
}

fn malformed(error: &Malformed) -> Error {
    Error::user("image-labels/malformed", format!("`{ANY}` {error}"))
        .hint("write labels as `key=value`, with blanks between, and in quotation marks what has blanks: `team=shop note=\"a b\"`")
}

#[expect(clippy::print_stdout, reason = "standard output is the build log")]
fn announce(key: &str, value: &str) {
    println!("{key}={value}");
}
