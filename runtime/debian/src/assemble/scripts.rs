//! Maintainer scripts that are not run, and whether anybody will miss them.

use crate::Unpacked;

/// Packages whose scripts are done as data, or only matter to those who administer a machine. A name that ends in `*` is that
/// of all packages that begin so.
const HARMLESS: [&str; 34] = [
    "adduser",
    "apt",
    "base-files",
    "base-passwd",
    "bash",
    "ca-certificates",
    "ca-certificates-java",
    "coreutils",
    "dash",
    "debconf",
    "debianutils",
    "dpkg",
    "e2fsprogs",
    "fontconfig",
    "fontconfig-config",
    "git",
    "gnupg",
    "libc-bin",
    "libc6*",
    "libgdk-pixbuf*",
    "libglib2.0-0*",
    "libpam*",
    "libssl*",
    "login",
    "man-db",
    "mawk",
    "netbase",
    "nginx*",
    "openjdk-*",
    "openssl",
    "passwd",
    "perl*",
    "python3*",
    "tzdata",
];

/// Packages that do nothing useful before their scripts have run, and what these do.
const NEEDED: [(&str, &str); 14] = [
    ("dkms", "its script compiles modules for a kernel"),
    ("grub-*", "its script writes to a boot sector"),
    ("initramfs-tools*", "its script writes the file that a kernel starts from"),
    ("linux-image-*", "its script installs a kernel"),
    ("locales", "its script compiles the locales"),
    ("mariadb-server*", "its script makes the database of accounts"),
    ("mysql-server*", "its script makes the database of accounts"),
    ("openssh-server", "its script makes the keys of the host"),
    ("postfix", "its script writes the configuration"),
    ("postgresql-[0-9]", "its script makes a cluster of databases"),
    ("slapd", "its script makes the directory"),
    ("systemd", "it starts and watches a whole machine"),
    ("tex-common", "its script makes the formats of TeX"),
    ("texlive-*", "its script makes the formats of TeX"),
];

/// Why a package will not work as it is, if that is known.
pub(super) fn needed(name: &str) -> Option<&'static str> {
    NEEDED.iter().find(|(pattern, _)| is_like(name, pattern)).map(|(_, reason)| *reason)
}

/// True if a script of this package would have done something that nothing here does.
pub(super) fn is_missed(unpacked: &Unpacked) -> bool {
    let name = &unpacked.package.name;
    let is_harmless = HARMLESS.iter().any(|pattern| is_like(name, pattern));
    !is_harmless && unpacked.postinst.as_deref().is_some_and(does_something)
}

fn is_like(name: &str, pattern: &str) -> bool {
    if let Some(start) = pattern.strip_suffix("[0-9]") {
        return name.strip_prefix(start).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    }
    pattern.strip_suffix('*').map_or(name == pattern, |start| name.starts_with(start))
}

/// True if a script has a line of its own beyond the frame that all scripts have. What Debian's tools have added serves
/// caches, services and upgrades.
fn does_something(script: &str) -> bool {
    let script = script.replace("\\\n", " ");
    let mut added = false;
    for line in script.lines().map(str::trim) {
        if line.starts_with("# Automatically added by") {
            added = true;
        } else if line.starts_with("# End automatically added") {
            added = false;
        } else if !added && !is_frame(line) {
            return true;
        }
    }
    false
}

/// True for lines that by themselves do nothing.
fn is_frame(line: &str) -> bool {
    const STARTS: [&str; 16] = [
        "#",
        "set -",
        "exit",
        "case ",
        "esac",
        ";;",
        "if ",
        "then",
        "else",
        "fi",
        "echo ",
        "printf ",
        "db_",
        "true",
        ":",
        "update-alternatives",
    ];
    line.is_empty()
        || line.ends_with(')') && !line.contains(['(', ' '])
        || line.contains("debconf/confmodule")
        || STARTS.iter().any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::unpacked;

    fn check(name: &str, postinst: &str) -> bool {
        is_missed(&Unpacked { postinst: Some(postinst.to_owned()), ..unpacked(name, &[]) })
    }

    #[test]
    fn tells_frame_from_work() {
        let frame = "#!/bin/sh\nset -e\ncase \"$1\" in\n  configure)\n  ;;\n  abort-upgrade|abort-remove)\n  ;;\n  *)\n    echo \"what?\" >&2\n    exit 1\n  ;;\nesac\n# Automatically added by dh_python3\nif which py3compile; then\n  py3compile -p x\nfi\n# End automatically added section\nexit 0\n";
        assert!(!check("x", frame));
        assert!(check("x", &frame.replace("configure)\n", "configure)\n mkdir /var/lib/x\n")));
        assert!(!check("tzdata", "ln -s x y\n"));
    }

    #[test]
    fn knows_what_does_not_work_without() {
        insta::assert_snapshot!(needed("postgresql-15").unwrap(), @"its script makes a cluster of databases");
        assert_eq!(needed("postgresql-client-15"), None);
        assert!(needed("texlive-base").is_some() && needed("systemd").is_some() && needed("nginx").is_none());
    }
}
