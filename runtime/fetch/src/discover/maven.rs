//! Maven: the mirror of the central repository that `settings.xml` names, and the credentials for it (Maven settings
//! reference, "Mirrors" and "Servers").

use super::{Findings, Found, environment};
use crate::credentials::{Credential, Place, Secret};
use crate::settings::read;
use crate::{Address, Settings};
use roxmltree::{Document, Node};

pub(super) fn find(settings: &Settings) -> Findings {
    let mut findings = Findings { connection: environment(settings), ..Findings::default() };
    let user = (settings.user(".m2/settings.xml"), "the user's");
    let machine = ["M2_HOME", "MAVEN_HOME"].iter().find_map(|name| settings.variable(&[name]));
    let machine = (machine.map(|home| std::path::Path::new(home).join("conf/settings.xml")), "the machine's");
    for (path, origin) in [user, machine] {
        let text = path.and_then(|path| read(&path)).unwrap_or_default();
        if let Ok(document) = Document::parse(&text) {
            add(&mut findings, document.root_element(), origin);
        }
    }
    findings
}

fn add(findings: &mut Findings, root: Node<'_, '_>, origin: &str) {
    let mirrors = children(root, "mirrors").flat_map(|list| children(list, "mirror"));
    let central = |mirror: &Node<'_, '_>| text(*mirror, "mirrorOf").is_some_and(covers_central);
    let Some(mirror) = mirrors.into_iter().find(central) else { return };
    let Some(address) = text(mirror, "url") else { return };
    findings.addresses.push(Found::new(address, format!("a mirror in {origin} Maven settings")));
    let mut servers = children(root, "servers").flat_map(|list| children(list, "server"));
    let server = servers.find(|server| text(*server, "id").is_some() && text(*server, "id") == text(mirror, "id"));
    let secret = server.and_then(|server| {
        let password = text(server, "password").filter(|password| !password.starts_with('{'))?;
        Some(Secret::basic(text(server, "username")?, password))
    });
    if let (Some(secret), Ok((address, _))) = (secret, Address::parse(address, origin)) {
        findings.credentials.push(Credential { place: Place::of(&address), secret });
    }
}

/// Whether `mirrorOf` includes the repository that Maven calls `central`.
fn covers_central(list: &str) -> bool {
    let mut parts = list.split(',').map(str::trim);
    let excluded = list.split(',').any(|part| part.trim() == "!central");
    !excluded && parts.any(|part| matches!(part, "central" | "*" | "external:*"))
}

fn children<'a, 'input>(node: Node<'a, 'input>, name: &'static str) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(move |child| child.tag_name().name() == name)
}

fn text<'a>(node: Node<'a, '_>, name: &'static str) -> Option<&'a str> {
    children(node, name).next()?.text().map(str::trim).filter(|text| !text.is_empty())
}
