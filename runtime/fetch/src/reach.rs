//! How far into the network a request may go. What the operator configured may be anywhere; what an application or a
//! buildpack names must be a public host, or a build could be made to ask services inside the operator's network.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use url::{Host, Url};

/// Which hosts a request may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Reach {
    /// Any.
    #[default]
    Anywhere,
    /// Hosts with public addresses only.
    Public,
}

/// True if the host of `url` is not a literal address, or is a public one. Names are checked when they are resolved.
pub(crate) fn may_be_public(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => is_public(ip.into()),
        Some(Host::Ipv6(ip)) => is_public(ip.into()),
        Some(Host::Domain(name)) => name != "localhost" && !name.ends_with(".localhost"),
        None => false,
    }
}

/// True for addresses of the public network (IANA special-purpose address registries).
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = a == 192 && b == 0 && c == 0;
    let benchmark = a == 198 && (b == 18 || b == 19);
    let documentation = ip.is_documentation();
    !(a == 0
        || a >= 224
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || shared
        || protocol
        || benchmark
        || documentation)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(inner) = embedded_v4(ip) {
        return is_public_v4(inner);
    }
    let [a, b, ..] = ip.segments();
    let global_unicast = a & 0xe000 == 0x2000;
    let documentation = a == 0x2001 && b == 0xdb8;
    global_unicast && !documentation
}

/// The IPv4 address that an IPv6 address stands for: mapped, translated (RFC 6052) or tunnelled (RFC 3056).
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let bytes = ip.octets();
    let at = |offset: usize| Ipv4Addr::new(bytes[offset], bytes[offset + 1], bytes[offset + 2], bytes[offset + 3]);
    match bytes {
        [0x00, 0x64, 0xff, 0x9b, ..] => Some(at(12)),
        [0x20, 0x02, ..] => Some(at(2)),
        _ => ip.to_ipv4_mapped(),
    }
}

/// A name that leads to no public address.
#[derive(Debug, thiserror::Error)]
#[error("the host has no public address")]
pub(crate) struct NoPublicAddress;

/// Resolves names to their public addresses; the connection goes to one of those, with no second look-up in between.
#[derive(Debug)]
pub(crate) struct PublicResolver {
    /// The operator's proxies, which may be anywhere.
    pub(crate) proxies: Vec<String>,
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let anywhere = self.proxies.iter().any(|proxy| proxy.eq_ignore_ascii_case(name.as_str()));
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| anywhere || is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(Box::new(NoPublicAddress) as Box<_>);
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_spelling() {
        for text in [
            "http://169.254.169.254/",
            "http://[fd00:ec2::254]/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://017700000001/",
            "http://0.0.0.0/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::a00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[fe80::1]/",
            "http://100.64.0.1/",
            "http://192.168.0.1/",
            "http://172.16.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://localhost/",
            "http://a.localhost/",
        ] {
            assert!(!may_be_public(&Url::parse(text).unwrap()), "{text}");
        }
        for text in ["http://1.1.1.1/", "http://[2606:4700::1111]/", "http://registry.test/"] {
            assert!(may_be_public(&Url::parse(text).unwrap()), "{text}");
        }
    }
}
