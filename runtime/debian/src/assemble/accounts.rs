//! The users and groups of a system: those with a fixed number (Debian Policy, section 9.2.2), and those that are asked for.

use super::{AssembleError, System};
use crate::Unpacked;
use std::collections::BTreeMap;
use wattle_tree::{Node, Tree};

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

/// Refuses users who cannot be made.
pub(crate) fn check_all(users: &[User]) -> Result<(), AssembleError> {
    users.iter().enumerate().try_for_each(|(at, user)| check(user, &users[..at]))
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

/// Users that the scripts of some packages make: package, user, home. The homes that packages bring belong to them.
const SERVICES: [(&str, &str, &str); 14] = [
    ("dbus", "messagebus", "/nonexistent"),
    ("haproxy", "haproxy", "/var/lib/haproxy"),
    ("mariadb-server", "mysql", "/nonexistent"),
    ("memcached", "memcache", "/nonexistent"),
    ("openssh-server", "sshd", "/run/sshd"),
    ("postfix", "postfix", "/var/spool/postfix"),
    ("postgresql-common", "postgres", "/var/lib/postgresql"),
    ("rabbitmq-server", "rabbitmq", "/var/lib/rabbitmq"),
    ("redis-server", "redis", "/var/lib/redis"),
    ("redis-tools", "redis", "/var/lib/redis"),
    ("tcpdump", "tcpdump", "/nonexistent"),
    ("unbound", "unbound", "/nonexistent"),
    ("uuid-runtime", "uuidd", "/run/uuidd"),
    ("varnish", "varnish", "/nonexistent"),
];

/// The first number of users that packages make (Debian Policy, section 9.2.2).
const FIRST_SERVICE: u32 = 100;

/// The lines of `passwd` and `group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Accounts {
    passwd: Vec<String>,
    group: Vec<String>,
}

impl Accounts {
    /// Those of every system, and these users.
    pub(super) fn standard(users: &[User]) -> Result<Accounts, AssembleError> {
        let fixed = USERS.iter().map(|(name, uid, gid, home)| user_line(name, *uid, *gid, home));
        let groups = GROUPS.iter().map(|(name, gid)| format!("{name}:x:{gid}:"));
        let mut accounts = Accounts { passwd: fixed.collect(), group: groups.collect() };
        check_all(users)?;
        for user in users {
            accounts.passwd.push(user_line(&user.name, user.uid, user.gid, &user.home));
            if !has_number(&accounts.group, user.gid) {
                accounts.group.push(format!("{}:x:{}:", user.name, user.gid));
            }
        }
        Ok(accounts)
    }

    /// Those of a system that is there.
    pub(super) fn read(passwd: &str, group: &str) -> Accounts {
        let lines = |text: &str| text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        Accounts { passwd: lines(passwd), group: lines(group) }
    }

    /// Adds the users that the scripts of these packages would have made, or that they ask `systemd-sysusers` for. Returns
    /// their names and homes.
    pub(super) fn add_services(&mut self, tree: &Tree, packages: &[Unpacked]) -> Vec<User> {
        let is_there = |name: &str| packages.iter().any(|unpacked| unpacked.package.name == name);
        let mut wanted: BTreeMap<String, String> = sysusers(tree);
        let known = SERVICES.iter().filter(|(package, ..)| is_there(package));
        wanted.extend(known.map(|(_, user, home)| ((*user).to_owned(), (*home).to_owned())));
        wanted.into_iter().filter_map(|(name, home)| self.add_service(&name, &home)).collect()
    }

    fn add_service(&mut self, name: &str, home: &str) -> Option<User> {
        if self.passwd.iter().any(|line| field(line, 0) == Some(name)) {
            return None;
        }
        let is_free = |number: &u32| !has_number(&self.passwd, *number) && !has_number(&self.group, *number);
        let uid = (FIRST_SERVICE..1000).find(is_free)?;
        let group = self.group.iter().find(|line| field(line, 0) == Some(name));
        let gid = group.and_then(|line| field(line, 2)?.parse().ok());
        if gid.is_none() {
            self.group.push(format!("{name}:x:{uid}:"));
        }
        let gid = gid.unwrap_or(uid);
        self.passwd.push(user_line(name, uid, gid, home));
        Some(User { name: name.to_owned(), uid, gid, home: home.to_owned() })
    }

    /// Writes `passwd` and `group`.
    pub(super) fn write(&self, system: &mut System) -> Result<(), AssembleError> {
        system.file("etc/passwd", &concat(self.passwd.iter().map(|line| format!("{line}\n"))))?;
        system.file("etc/group", &concat(self.group.iter().map(|line| format!("{line}\n"))))
    }

    /// Writes `shadow`: nobody has a password.
    pub(super) fn write_shadow(&self, system: &mut System) -> Result<(), AssembleError> {
        let names = self.passwd.iter().filter_map(|line| field(line, 0));
        system.file("etc/shadow", &concat(names.map(|name| format!("{name}:*:::::::\n"))))
    }
}

fn has_number(lines: &[String], number: u32) -> bool {
    lines.iter().any(|line| field(line, 2).and_then(|text| text.parse().ok()) == Some(number))
}

fn user_line(name: &str, uid: u32, gid: u32, home: &str) -> String {
    format!("{name}:x:{uid}:{gid}:{name}:{home}:{NO_SHELL}")
}

fn field(line: &str, at: usize) -> Option<&str> {
    line.split(':').nth(at)
}

/// The users that the files of `sysusers.d` ask for, with their homes: lines `u name id "comment" home shell`.
fn sysusers(tree: &Tree) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (_, node) in tree.directory("usr/lib/sysusers.d").into_iter().flat_map(Tree::entries) {
        let Node::File(file) = node else { continue };
        let Ok(bytes) = file.blob.to_vec() else { continue };
        for line in String::from_utf8_lossy(&bytes).lines() {
            let mut words = line.split_ascii_whitespace();
            let (Some("u" | "u!"), Some(name)) = (words.next(), words.next()) else { continue };
            if is_plain(name) {
                let after_comment = line.rsplit_once('"').map_or("", |(_, rest)| rest);
                let home = after_comment.split_ascii_whitespace().next().filter(|home| home.starts_with('/'));
                found.insert(name.to_owned(), home.unwrap_or("/").to_owned());
            }
        }
    }
    found
}

fn concat(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().concat()
}

/// True for a name that may stand in the files of users.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_') && name.bytes().all(plain)
}

fn check(user: &User, earlier: &[User]) -> Result<(), AssembleError> {
    let refused = |reason: String| Err(AssembleError::User { user: user.name.clone(), reason });
    let taken = |name: &str, uid: u32| name == user.name || uid == user.uid;
    if !is_plain(&user.name) {
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
