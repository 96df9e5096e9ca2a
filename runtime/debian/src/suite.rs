//! Releases of distributions that are known, by their code names.

/// A release of a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// Identifier of the distribution, as in `ID` of `os-release`.
    pub distribution: String,
    /// Version, as in `VERSION_ID` of `os-release`; empty while it has none.
    pub version: String,
    /// Name that it has in archives.
    pub codename: String,
}

/// Distribution, version, code name. What is not released has no version.
const KNOWN: [(&str, &str, &str); 6] = [
    ("debian", "11", "bullseye"),
    ("debian", "12", "bookworm"),
    ("debian", "13", "trixie"),
    ("debian", "", "sid"),
    ("ubuntu", "22.04", "jammy"),
    ("ubuntu", "24.04", "noble"),
];

impl Suite {
    /// The release of this code name, if it is known.
    pub fn known(codename: &str) -> Option<Suite> {
        let (distribution, version, codename) = KNOWN.iter().find(|(_, _, known)| *known == codename)?;
        Some(Suite::new(distribution, version, codename))
    }

    /// The release of this number, as `os-release` and the labels of base images have it, if it is known.
    pub fn numbered(distribution: &str, version: &str) -> Option<Suite> {
        let is_it = |(of, number, _): &&(&str, &str, &str)| *of == distribution && *number == version;
        let (distribution, version, codename) = KNOWN.iter().find(is_it)?;
        Some(Suite::new(distribution, version, codename))
    }

    /// Debian 12.
    pub fn bookworm() -> Suite {
        Suite::new("debian", "12", "bookworm")
    }

    pub(crate) fn new(distribution: &str, version: &str, codename: &str) -> Suite {
        let [distribution, version, codename] = [distribution, version, codename].map(str::to_owned);
        Suite { distribution, version, codename }
    }

    /// Code names that are known, or nearly the one that is not.
    pub fn near(codename: &str) -> Vec<&'static str> {
        match crate::near::near(codename, KNOWN.iter().map(|(_, _, known)| *known)) {
            near if near.is_empty() => KNOWN.iter().map(|(_, _, known)| *known).collect(),
            near => near,
        }
    }

    /// The archives that it is in: the name that they are asked for by, and what its directory there is called.
    pub fn archives(&self) -> Vec<(String, String)> {
        let Suite { distribution, codename, .. } = self;
        let own = |name: &str, suffix: &str| (name.to_owned(), format!("{codename}{suffix}"));
        match distribution.as_str() {
            "debian" if codename == "sid" => vec![own("debian", "")],
            "debian" => vec![own("debian", ""), own("debian", "-updates"), own("debian-security", "-security")],
            "ubuntu" => vec![own("ubuntu", ""), own("ubuntu", "-updates"), own("ubuntu", "-security")],
            other => vec![own(other, "")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_code_names() {
        assert_eq!(Suite::known("bookworm"), Some(Suite::bookworm()));
        assert_eq!(Suite::known("noble").unwrap().archives()[2], ("ubuntu".to_owned(), "noble-security".to_owned()));
        assert_eq!(Suite::known("bookwurm"), None);
        assert_eq!(Suite::numbered("debian", "12"), Some(Suite::bookworm()));
        assert_eq!(Suite::numbered("ubuntu", "12"), None);
        assert_eq!(Suite::near("bookwurm"), ["bookworm"]);
    }
}
