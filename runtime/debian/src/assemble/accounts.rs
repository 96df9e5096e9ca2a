//! The users and groups of a system: those with a fixed number (Debian Policy, section 9.2.2), and those that are asked for.

use super::{AssembleError, System};

/// Number of the group that may read the file of passwords, of which there are none.
pub(super) const SHADOW: u32 = 42;

/// A user for programs to run as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Name, also that of the group.
    pub name: String,
    /// Number of the user.
    pub uid: u32,
    /// Number of the group.
    pub gid: u32,
    /// Absolute path of the home, which is made.
    pub home: String,
}

impl User {
    /// Path of the home relative to the root.
    pub(super) fn home_path(&self) -> &str {
        self.home.trim_start_matches('/')
    }
}

/// Users of every system: name, user, group, home. Nobody can log in as any of them.
const USERS: [(&str, u32, u32, &str); 18] = [
    ("root", 0, 0, "/root"),
    ("daemon", 1, 1, "/usr/sbin"),
    ("bin", 2, 2, "/bin"),
    ("sys", 3, 3, "/dev"),
    ("sync", 4, 65534, "/bin"),
    ("games", 5, 60, "/usr/games"),
    ("man", 6, 12, "/var/cache/man"),
    ("lp", 7, 7, "/var/spool/lpd"),
    ("mail", 8, 8, "/var/mail"),
    ("news", 9, 9, "/var/spool/news"),
    ("uucp", 10, 10, "/var/spool/uucp"),
    ("proxy", 13, 13, "/bin"),
    ("www-data", 33, 33, "/var/www"),
    ("backup", 34, 34, "/var/backups"),
    ("list", 38, 38, "/var/list"),
    ("irc", 39, 39, "/run/ircd"),
    ("_apt", 42, 65534, "/nonexistent"),
    ("nobody", 65534, 65534, "/nonexistent"),
];

/// Groups of every system.
const GROUPS: [(&str, u32); 38] = [
    ("root", 0),
    ("daemon", 1),
    ("bin", 2),
    ("sys", 3),
    ("adm", 4),
    ("tty", 5),
    ("disk", 6),
    ("lp", 7),
    ("mail", 8),
    ("news", 9),
    ("uucp", 10),
    ("man", 12),
    ("proxy", 13),
    ("kmem", 15),
    ("dialout", 20),
    ("fax", 21),
    ("voice", 22),
    ("cdrom", 24),
    ("floppy", 25),
    ("tape", 26),
    ("sudo", 27),
    ("audio", 29),
    ("dip", 30),
    ("www-data", 33),
    ("backup", 34),
    ("operator", 37),
    ("list", 38),
    ("irc", 39),
    ("src", 40),
    ("shadow", SHADOW),
    ("utmp", 43),
    ("video", 44),
    ("sasl", 45),
    ("plugdev", 46),
    ("staff", 50),
    ("games", 60),
    ("users", 100),
    ("nogroup", 65534),
];

/// Where a login would end: it is not in the images, and need not be.
const NO_SHELL: &str = "/usr/sbin/nologin";

/// Writes `passwd`, `group` and `shadow`, and makes the homes of the further users.
pub(super) fn write(system: &mut System, users: &[User]) -> Result<(), AssembleError> {
    for (at, user) in users.iter().enumerate() {
        check(user, &users[..at])?;
        system.directory(user.home_path())?;
    }
    let fixed = USERS.iter().map(|(name, uid, gid, home)| (*name, *uid, *gid, *home));
    let further = users.iter().map(|user| (user.name.as_str(), user.uid, user.gid, user.home.as_str()));
    let all: Vec<_> = fixed.chain(further).collect();
    let passwd = all.iter().map(|(name, uid, gid, home)| format!("{name}:x:{uid}:{gid}:{name}:{home}:{NO_SHELL}\n"));
    let shadow = all.iter().map(|(name, ..)| format!("{name}:*:::::::\n"));
    let mut groups = GROUPS.to_vec();
    for user in users {
        if !groups.iter().any(|(_, gid)| *gid == user.gid) {
            groups.push((&user.name, user.gid));
        }
    }
    let group = groups.iter().map(|(name, gid)| format!("{name}:x:{gid}:\n"));
    system.file("etc/passwd", &concat(passwd))?;
    system.file("etc/group", &concat(group))?;
    system.file("etc/shadow", &concat(shadow))
}

fn concat(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().concat()
}

fn check(user: &User, earlier: &[User]) -> Result<(), AssembleError> {
    let refused = |reason: String| Err(AssembleError::User { user: user.name.clone(), reason });
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    let taken = |name: &str, uid: u32| name == user.name || uid == user.uid;
    if !user.name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_') || !user.name.bytes().all(plain)
    {
        return refused("a name is a lower-case letter and then lower-case letters, digits, `_` and `-`".to_owned());
    }
    if let Some((name, uid, ..)) = USERS.iter().find(|(name, uid, ..)| taken(name, *uid)) {
        return refused(format!("every system has the user `{name}` with number {uid}"));
    }
    if let Some(other) = earlier.iter().find(|other| taken(&other.name, other.uid)) {
        return refused(format!("the user `{}` has number {}", other.name, other.uid));
    }
    let home = user.home.strip_prefix('/').filter(|path| !path.is_empty() && !path.contains([':', '\n']));
    match home.map(wattle_tree::components) {
        Some(Ok(_)) => Ok(()),
        _ => refused(format!("its home `{}` is no absolute path", user.home)),
    }
}
