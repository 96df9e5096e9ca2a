//! Bills of materials and what is kept for the next build: documents that are somebody else's to read. Here they are bounded,
//! and are what they say.

use crate::contribution::{Sbom, SbomFormat};
use crate::failure::GuestError;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Most bytes of all bills of materials of one buildpack.
const SBOMS: usize = 16 << 20;

/// Bills of materials, and which forms may be among them.
#[derive(Default)]
pub(super) struct Sboms {
    allowed: Vec<SbomFormat>,
    bytes: usize,
}

impl Sboms {
    /// Those of a buildpack that declares these media types. Parameters such as a version do not count.
    pub(super) fn allowed(declared: &[String]) -> Sboms {
        let plain = |declared: &String| declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let declared: Vec<String> = declared.iter().map(plain).collect();
        let is_declared = |format: &SbomFormat| declared.iter().any(|it| it == format.media_type());
        Sboms { allowed: SbomFormat::ALL.into_iter().filter(is_declared).collect(), bytes: 0 }
    }

    /// Adds a document to these, in place of one of the same form.
    pub(super) fn add(&mut self, to: &mut Vec<Sbom>, format: SbomFormat, document: String) -> Result<(), GuestError> {
        if !self.allowed.contains(&format) {
            let media_type = format.media_type();
            let summary = format!("a bill of materials of the form `{media_type}` was not declared");
            let mut error = GuestError::buildpack("image/sbom/undeclared", summary);
            error.hints = vec![format!("add `{media_type}` to `sbom-formats` in the buildpack's `buildpack.toml`")];
            return Err(error);
        }
        self.bytes = self.bytes.saturating_add(document.len());
        if self.bytes > SBOMS {
            let summary = "the bills of materials of a buildpack have more than 16 MiB";
            return Err(GuestError::buildpack("image/sbom/size", summary));
        }
        if !is_of(format, &document) {
            let summary = format!("a bill of materials is not of the form `{}`", format.media_type());
            return Err(GuestError::buildpack("image/sbom/form", summary));
        }
        to.retain(|other| other.format != format);
        to.push(Sbom { format, document });
        Ok(())
    }
}

/// What tells documents of the forms apart. Nothing else of them is kept in memory.
#[derive(Deserialize)]
struct Marks {
    #[serde(rename = "bomFormat")]
    cyclonedx: Option<String>,
    #[serde(rename = "spdxVersion")]
    spdx: Option<String>,
    /// SPDX from version 3 on.
    #[serde(rename = "@context")]
    linked_data: Option<IgnoredAny>,
    #[serde(rename = "artifacts")]
    syft: Option<IgnoredAny>,
}

/// Whether a document has what every document of this form has.
fn is_of(format: SbomFormat, document: &str) -> bool {
    let Ok(marks) = serde_json::from_str::<Marks>(document) else { return false };
    match format {
        SbomFormat::CycloneDx => marks.cyclonedx.as_deref() == Some("CycloneDX"),
        SbomFormat::Spdx => marks.spdx.is_some() || marks.linked_data.is_some(),
        SbomFormat::Syft => marks.syft.is_some(),
    }
}

/// Refuses what cannot be kept for the next build.
pub(super) fn check_store(data: &str) -> Result<(), GuestError> {
    #[expect(clippy::zero_sized_map_values, reason = "what is in the object does not matter")]
    let read = serde_json::from_str::<BTreeMap<String, IgnoredAny>>(data);
    if read.is_err() {
        let summary = "what is to be stored is not the text of a JSON object";
        return Err(GuestError::buildpack("image/store/form", summary));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(declared: &[&str], documents: &[(SbomFormat, &str)]) -> String {
        let declared: Vec<String> = declared.iter().map(|it| (*it).to_owned()).collect();
        let (mut sboms, mut kept) = (Sboms::allowed(&declared), Vec::new());
        for (format, document) in documents {
            if let Err(error) = sboms.add(&mut kept, *format, (*document).to_owned()) {
                return format!("{}: {error}", error.code);
            }
        }
        kept.iter().map(|it| format!("{:?} {}", it.format, it.document)).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn b13_only_declared_forms_are_taken() {
        let bom = r#"{"bomFormat":"CycloneDX"}"#;
        let declared = "application/vnd.cyclonedx+json;version=1.4";
        assert_eq!(check(&[declared], &[(SbomFormat::CycloneDx, bom)]), format!("CycloneDx {bom}"));
        let undeclared =
            "image/sbom/undeclared: a bill of materials of the form `application/spdx+json` was not declared";
        assert_eq!(check(&[declared], &[(SbomFormat::Spdx, r#"{"spdxVersion":"SPDX-2.3"}"#)]), undeclared);
    }

    #[test]
    fn b93_a_document_is_of_the_form_that_it_claims() {
        let all = SbomFormat::ALL.map(SbomFormat::media_type);
        let good = [r#"{"bomFormat":"CycloneDX"}"#, r#"{"spdxVersion":"SPDX-2.3"}"#, r#"{"artifacts":[]}"#];
        for (format, document) in SbomFormat::ALL.into_iter().zip(good) {
            assert_eq!(check(&all, &[(format, document)]), format!("{format:?} {document}"));
            for bad in ["", "[]", "{}", "{", "null"] {
                let refused =
                    format!("image/sbom/form: a bill of materials is not of the form `{}`", format.media_type());
                assert_eq!(check(&all, &[(format, bad)]), refused, "{bad}");
            }
        }
        let (one, other) = (r#"{"bomFormat":"CycloneDX"}"#, r#"{"bomFormat":"CycloneDX","version":2}"#);
        let twice = [(SbomFormat::CycloneDx, one), (SbomFormat::CycloneDx, other)];
        assert_eq!(check(&all, &twice), format!("CycloneDx {other}"));
    }

    #[test]
    fn bills_are_bounded_all_together() {
        let long = format!(r#"{{"bomFormat":"CycloneDX","x":"{}"}}"#, "x".repeat(9 << 20));
        let all = SbomFormat::ALL.map(SbomFormat::media_type);
        let twice = [(SbomFormat::CycloneDx, long.as_str()), (SbomFormat::CycloneDx, &long)];
        assert_eq!(check(&all, &twice), "image/sbom/size: the bills of materials of a buildpack have more than 16 MiB");
    }

    #[test]
    fn b67_what_is_stored_is_an_object() {
        assert!(check_store(r#"{"a":1}"#).is_ok());
        for bad in ["", "1", "[]", "{", "null"] {
            assert_eq!(check_store(bad).unwrap_err().code, "image/store/form", "{bad}");
        }
    }
}
