//! Dependencies that nothing needs where no maintainer script runs.

use crate::relation::{Dependency, is_name};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

/// Packages that others depend on for their scripts alone, and why. An entry with two names is about the first one's
/// dependency on the second, which has uses of its own otherwise.
const STANDARD: [(&str, &str, &str); 24] = [
    ("", "adduser", "scripts make users with it; accounts are written as data"),
    ("", "cdebconf", "asks questions while a package is configured"),
    ("", "debconf", "asks questions while a package is configured"),
    ("", "debconf-2.0", "asks questions while a package is configured"),
    ("", "debianutils", "scripts register shells and make temporary files with it"),
    ("", "dpkg", "installs packages; they are unpacked without it"),
    ("", "init-system-helpers", "scripts start services with it"),
    ("", "install-info", "keeps a directory of manuals that are left out"),
    ("", "lsb-base", "scripts of an init system print with it"),
    ("", "runit-helper", "scripts of an init system call it"),
    ("", "systemd", "an init system; a container starts its process itself"),
    ("", "systemd-sysv", "an init system; a container starts its process itself"),
    ("", "sysvinit-utils", "scripts of an init system print with it"),
    ("", "ucf", "scripts ask with it which version of a setting to keep"),
    ("base-files", "awk", "a script edits a file with it"),
    ("ca-certificates", "openssl", "a script makes links to certificates with it; the bundle is written as data"),
    ("fontconfig-config", "fonts-dejavu-core", "any fonts will do, and none for programs that draw nothing"),
    ("libpam-runtime", "libpam-modules", "programs without logins load no modules"),
    ("libpam0g", "libpam-modules", "programs without logins load no modules"),
    ("nginx", "iproute2", "a script looks for the ports in use with it"),
    ("openjdk-*", "java-common", "has notes, and settings of scripts"),
    ("openjdk-*", "util-linux", "a script limits its resources with it"),
    ("perl-base", "dpkg", "installs packages; they are unpacked without it"),
    ("util-linux", "util-linux-extra", "has tools for hardware clocks"),
];

/// Text that names no dependency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no dependency: expected `package`, or `package -> package`")]
pub struct CutError(String);

/// Which dependencies to cut: those on a package, or those of one package on another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cut {
    /// Whose dependency; everybody's, if nobody is named. Ends in `*` for all packages whose names begin so.
    pub of: Option<String>,
    /// What is not needed.
    pub on: String,
}

impl FromStr for Cut {
    type Err = CutError;

    fn from_str(text: &str) -> Result<Cut, CutError> {
        let (of, on) = text.split_once("->").map_or((None, text), |(of, on)| (Some(of.trim()), on));
        let on = on.trim();
        if !is_name(on) || of.is_some_and(|of| !is_name(of.strip_suffix('*').unwrap_or(of))) {
            return Err(CutError(text.to_owned()));
        }
        Ok(Cut { of: of.map(str::to_owned), on: on.to_owned() })
    }
}

impl Cut {
    fn is_of(&self, package: &str) -> bool {
        self.of.as_ref().is_none_or(|of| match of.strip_suffix('*') {
            Some(start) => package.starts_with(start),
            None => of == package,
        })
    }
}

/// The dependencies to cut, each with a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cuts(BTreeMap<Cut, Cow<'static, str>>);

impl Default for Cuts {
    /// Those that only maintainer scripts need.
    fn default() -> Cuts {
        let cut = |of: &str, on: &str| Cut { of: Some(of.to_owned()).filter(|of| !of.is_empty()), on: on.to_owned() };
        Cuts(STANDARD.iter().map(|(of, on, reason)| (cut(of, on), Cow::Borrowed(*reason))).collect())
    }
}

impl Cuts {
    /// Nothing is cut.
    pub fn none() -> Cuts {
        Cuts(BTreeMap::new())
    }

    /// Cuts one more.
    pub fn add(&mut self, cut: Cut, reason: &str) {
        self.0.insert(cut, Cow::Owned(reason.to_owned()));
    }

    /// No longer cuts it. `package` alone also keeps it where only some packages' dependency on it is cut. False if nothing
    /// like it is cut.
    pub fn keep(&mut self, kept: &Cut) -> bool {
        let before = self.0.len();
        self.0.retain(|cut, _| cut.on != kept.on || kept.of.is_some() && cut.of != kept.of);
        self.0.len() < before
    }

    /// All of them, and why.
    pub fn iter(&self) -> impl Iterator<Item = (&Cut, &str)> {
        self.0.iter().map(|(cut, reason)| (cut, reason.as_ref()))
    }

    /// Why `package` does not need this, if so: one of the alternatives is a package that is cut.
    pub(crate) fn reason(&self, package: &str, needs: &Dependency) -> Option<&str> {
        let cut = |on: &str| self.0.iter().find(|(cut, _)| cut.on == on && cut.is_of(package));
        needs.alternatives.iter().find_map(|relation| cut(&relation.name)).map(|(_, reason)| reason.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cuts: &Cuts, package: &str, needs: &str) -> String {
        cuts.reason(package, &needs.parse().unwrap()).unwrap_or("needed").to_owned()
    }

    #[test]
    fn cuts_what_only_scripts_need() {
        let cuts = Cuts::default();
        insta::assert_snapshot!(check(&cuts, "tzdata", "debconf (>= 0.5) | debconf-2.0"), @"asks questions while a package is configured");
        insta::assert_snapshot!(check(&cuts, "ca-certificates", "openssl (>= 1.1.1)"), @"a script makes links to certificates with it; the bundle is written as data");
        insta::assert_snapshot!(check(&cuts, "openjdk-17-jre-headless", "java-common"), @"has notes, and settings of scripts");
        assert_eq!(check(&cuts, "ruby", "openssl"), "needed");
        assert_eq!(check(&Cuts::none(), "tzdata", "debconf"), "needed");
    }

    #[test]
    fn what_is_cut_can_be_changed() {
        let mut cuts = Cuts::default();
        assert!(cuts.keep(&"openssl".parse().unwrap()));
        assert!(!cuts.keep(&"openssl".parse().unwrap()));
        assert_eq!(check(&cuts, "ca-certificates", "openssl"), "needed");
        cuts.add("postgresql-client-common -> perl".parse().unwrap(), "only its wrapper is in Perl");
        insta::assert_snapshot!(check(&cuts, "postgresql-client-common", "perl:any"), @"only its wrapper is in Perl");
        assert_eq!(check(&cuts, "git", "perl"), "needed");
        insta::assert_snapshot!("a -> b -> c".parse::<Cut>().unwrap_err(), @"`a -> b -> c` names no dependency: expected `package`, or `package -> package`");
    }
}
