//! Where a registry may send us: the realm of its tokens, its redirections, the place for an upload.
//!
//! What comes from outside could otherwise make us talk to machines that it cannot reach itself, or carry credentials
//! where anybody can read them.

use reqwest::Url;
use std::net::{IpAddr, Ipv4Addr};

/// True for the names and addresses of this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    match ip(host) {
        Some(address) => address.is_loopback(),
        None => host.eq_ignore_ascii_case("localhost"),
    }
}

/// True if `a` and `b` are the same server, spoken to in the same way.
pub(crate) fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host_str() == b.host_str() && a.port_or_known_default() == b.port_or_known_default()
}

/// Says why not, if the server `from` may not send us to `to`.
pub(crate) fn check(from: &Url, to: &Url) -> Result<(), &'static str> {
    let is_local = |url: &Url| url.host_str().is_some_and(is_loopback);
    if !to.username().is_empty() || to.password().is_some() {
        return Err("it has a user or a password in it");
    }
    match to.scheme() {
        _ if same_origin(from, to) => Ok(()),
        "https" if is_inside(to) && !is_inside(from) => Err("it is in a private network"),
        "https" => Ok(()),
        "http" if is_local(from) && is_local(to) => Ok(()),
        _ => Err("it is not HTTPS"),
    }
}

/// Scheme and host, which can be shown: the rest may hold secrets.
pub(crate) fn shown(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// True for addresses that mean something else to everybody.
fn is_inside(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match ip(host) {
        Some(IpAddr::V4(address)) => is_inside_v4(address),
        Some(IpAddr::V6(address)) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unicast_link_local()
                || address.is_unique_local()
        }
        None => host == "localhost" || host.ends_with(".localhost"),
    }
}

fn is_inside_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || a == 0
        || (a == 100 && (64..128).contains(&b)) // Shared address space (RFC 6598).
}

/// The address that a host is, if it is one, whichever way it is written.
fn ip(host: &str) -> Option<IpAddr> {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    address.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_way(from: &str, to: &str) -> &'static str {
        check(&from.parse().unwrap(), &to.parse().unwrap()).err().unwrap_or("follow")
    }

    #[test]
    fn goes_to_public_https_or_stays() {
        let registry = "https://r.example/v2/";
        for (to, verdict) in [
            ("https://auth.example/token", "follow"),
            ("https://r.example/token", "follow"),
            ("https://r.example:8443/token", "follow"),
            ("http://r.example/token", "it is not HTTPS"),
            ("http://169.254.169.254/latest", "it is not HTTPS"),
            ("file:///etc/passwd", "it is not HTTPS"),
            ("https://user:pw@auth.example/", "it has a user or a password in it"),
            ("https://169.254.169.254/", "it is in a private network"),
            ("https://2130706433/", "it is in a private network"),
            ("https://0x7f.1/", "it is in a private network"),
            ("https://10.0.0.1/", "it is in a private network"),
            ("https://100.64.0.1/", "it is in a private network"),
            ("https://0.0.0.0/", "it is in a private network"),
            ("https://localhost:2375/", "it is in a private network"),
            ("https://[::1]/", "it is in a private network"),
            ("https://[::ffff:10.0.0.1]/", "it is in a private network"),
            ("https://[fd00:ec2::254]/", "it is in a private network"),
        ] {
            assert_eq!(check_way(registry, to), verdict, "{to}");
        }
    }

    #[test]
    fn a_registry_of_this_machine_may_use_others_of_it() {
        assert_eq!(check_way("http://127.0.0.1:5000/", "http://localhost:5001/token"), "follow");
        assert_eq!(check_way("http://127.0.0.1:5000/", "http://r.example/token"), "it is not HTTPS");
        assert_eq!(check_way("http://r.example:5000/", "http://r.example:5000/token"), "follow");
        assert_eq!(check_way("http://r.example:5000/", "http://r.example:5001/token"), "it is not HTTPS");
        assert_eq!(check_way("https://10.0.0.1/", "https://10.0.0.2/token"), "follow");
    }
}
