//! The proxy of a URL by the environment (`golang.org/x/net/http/httpproxy`). All requests are tunnelled (`CONNECT`).

use std::net::IpAddr;

use super::url::{Url, proxy_uri, split_port};

/// Returns the URL of the proxy for a URL, from `HTTP_PROXY` or `HTTPS_PROXY` unless `NO_PROXY` names the host; `None` to
/// connect directly. `variable` looks up an environment variable. This machine itself is never asked through a proxy.
pub(super) fn of(url: &Url, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let either = |name: &str| {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        given(name).or_else(|| given(&name.to_lowercase()))
    };
    let proxy = either(if url.is_https() { "HTTPS_PROXY" } else { "HTTP_PROXY" })?;
    let (host, port) = url.host();
    let is_local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let is_excluded =
        || either("NO_PROXY").is_some_and(|list| list.split(',').any(|entry| excludes(entry, host, port)));
    (!is_local && !is_excluded()).then(|| proxy_uri(&proxy)).flatten().map(|uri| uri.to_string())
}

/// Returns whether an entry of `NO_PROXY` names a host: `*`, an address, a network such as `10.0.0.0/8`, or a domain, each
/// but networks also with a port. `.example.com` stands for the hosts below it, `example.com` for itself as well.
fn excludes(entry: &str, host: &str, port: u16) -> bool {
    let entry = entry.trim().to_lowercase();
    let host = host.trim_end_matches('.').to_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    if entry == "*" {
        return true;
    }
    if let Some((network, bits)) = entry.split_once('/') {
        return match (network.parse(), bits.parse(), address) {
            (Ok(network), Ok(bits), Some(address)) => is_in_network(address, network, bits),
            _ => false,
        };
    }
    let (name, wanted_port) = match entry.parse::<IpAddr>() {
        Ok(_) => (entry.as_str(), 0),
        Err(_) => split_port(&entry, 0),
    };
    if name.is_empty() || (wanted_port != 0 && wanted_port != port) {
        return false;
    }
    if let Ok(named) = name.parse::<IpAddr>() {
        return address == Some(named);
    }
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    match name.strip_prefix('.') {
        Some(_) => host.ends_with(name),
        None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
    }
}

/// Returns whether the first `bits` of two addresses of the same family are the same.
fn is_in_network(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (u128::from(a.to_bits()), u128::from(n.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(n)) => (a.to_bits(), n.to_bits(), 128),
        _ => return false,
    };
    bits <= width && (address ^ network).checked_shr(width - bits).unwrap_or_default() == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(url: &str, environment: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, value)| value.to_string());
        of(&Url::parse(url).expect("a URL"), variable)
    }

    #[test]
    fn each_scheme_has_its_proxy() {
        let both = [("HTTP_PROXY", "http://a:1"), ("https_proxy", "b:2")];
        assert_eq!(proxy("http://x/y", &both).as_deref(), Some("http://a:1/"));
        assert_eq!(proxy("https://x/y", &both).as_deref(), Some("http://b:2/"));
        assert_eq!(proxy("https://x/y", &both[..1]), None);
        for local in ["http://localhost:1/", "http://127.0.0.2/", "http://[::1]:5/"] {
            assert_eq!(proxy(local, &both), None, "{local}");
        }
    }

    #[test]
    fn hosts_are_excluded() {
        for (list, url, is_excluded) in [
            ("*", "http://x/", true),
            ("a, example.com", "http://example.com/", true),
            ("example.com", "http://a.Example.com./", true),
            ("example.com", "http://badexample.com/", false),
            (".example.com", "http://example.com/", false),
            ("*.example.com", "http://a.example.com/", true),
            ("example.com:81", "http://example.com/", false),
            ("example.com:80", "http://example.com/", true),
            ("10.0.0.0/8", "http://10.1.2.3/", true),
            ("10.0.0.0/8", "http://11.1.2.3/", false),
            ("0.0.0.0/0", "http://11.1.2.3/", true),
            ("10.1.2.3", "http://10.1.2.3/", true),
            ("fd00::/8", "http://[fd00::1]/", true),
            ("fd00::1", "http://[fd00::1]:8/", true),
            ("", "http://x/", false),
        ] {
            let environment = [("HTTP_PROXY", "p"), ("NO_PROXY", list)];
            assert_eq!(proxy(url, &environment).is_none(), is_excluded, "{list} {url}");
        }
    }
}
