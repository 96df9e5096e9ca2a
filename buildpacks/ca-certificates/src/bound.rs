//! The certificates that are bound while an image is built.

use std::fs;
use wattle_buildpack::{Binding, Context, Error, Result};
use wattle_trust::{BINDING, Certificates, Malformed};

/// The bindings of our type, and their certificates.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    certificates: Certificates,
    /// Names of bindings, and how many certificates each has.
    bindings: Vec<(String, usize)>,
}

impl Bound {
    pub(crate) fn read(cx: &Context) -> Result<Self> {
        let mut bound = Self::default();
        for binding in cx.bindings_of(BINDING) {
            let mut count = 0;
            for entry in binding.entries()? {
                let pem = fs::read(binding.entry(&entry))?;
                count += bound.certificates.add(&pem).map_err(|error| malformed(binding, &entry, &error))?;
            }
            bound.bindings.push((binding.name.clone(), count));
        }
        Ok(bound)
    }

    pub(crate) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// Says whose certificates are in the image.
    pub(crate) fn announce(&self) {
        self.say("embedded");
    }

    /// Says whose certificates are not in the image, so that nobody wonders when it is started without them.
    pub(crate) fn leave_out(&self) {
        self.say("not embedded (`BP_EMBED_CERTS` is not set)");
    }

    #[expect(clippy::print_stdout, reason = "standard output is the build log")]
    fn say(&self, what: &str) {
        for (binding, count) in &self.bindings {
            let certificates = if *count == 1 { "certificate" } else { "certificates" };
            println!("{count} {certificates} of the binding `{binding}`: {what}");
        }
    }
}

fn malformed(binding: &Binding, entry: &str, error: &Malformed) -> Error {
    let summary = format!("the entry `{entry}` of the binding `{}` {error}", binding.name);
    Error::user("ca-certificates/malformed", summary).hint(match error {
        Malformed::Binary => format!("convert it: `openssl x509 -inform DER -in {entry} -out {entry}.pem`"),
        _ => "give each entry of the binding, but `type` and `provider`, one or several certificates in PEM form"
            .to_owned(),
    })
}
