//! Domain names: the search list of pods, names of services, reverse names.

use std::net::Ipv4Addr;

use super::ZONE;
use kctl_base::object::{Object, ObjectMeta};

/// Suffix of the reverse names of IPv4 addresses.
const REVERSE_ZONE: &str = "in-addr.arpa";

/// Returns the full names, without the final dot, that the resolver of a pod tries in order.
///
/// The search list is that of `dnsPolicy: ClusterFirst`. Unlike a resolver with `ndots:5`, a name inside the zone is tried
/// only as it is.
pub(super) fn candidates(name: &str, namespace: &str) -> Vec<String> {
    let name = name.to_ascii_lowercase();
    if let Some(full) = name.strip_suffix('.') {
        return vec![full.to_string()];
    }
    if name == ZONE || name.ends_with(&format!(".{ZONE}")) {
        return vec![name];
    }
    let search = [format!("{namespace}.svc.{ZONE}"), format!("svc.{ZONE}"), ZONE.to_string()];
    let mut all: Vec<String> = search.iter().map(|domain| format!("{name}.{domain}")).collect();
    all.push(name);
    all
}

/// Returns the full name of a service: `web.shop.svc.cluster.local.`.
pub(super) fn of_service(name: &str, namespace: &str) -> String {
    format!("{name}.{namespace}.svc.{ZONE}.")
}

/// Like [`of_service`], of a Service object.
pub(super) fn of_service_object(service: &Object) -> String {
    of_service(service.name(), service.namespace())
}

/// Returns the reverse name of an address: `1.0.96.10.in-addr.arpa.`.
pub(super) fn reverse(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("{d}.{c}.{b}.{a}.{REVERSE_ZONE}.")
}

/// Parses the subject of a reverse lookup: an address or its reverse name.
pub(super) fn parse_address(name: &str) -> Option<Ipv4Addr> {
    let name = name.trim_end_matches('.');
    match name.strip_suffix(REVERSE_ZONE).and_then(|rest| rest.strip_suffix('.')) {
        None => name.parse().ok(),
        Some(reversed) => {
            let [a, b, c, d] = reversed.parse::<Ipv4Addr>().ok()?.octets();
            Some(Ipv4Addr::new(d, c, b, a))
        }
    }
}

/// Parses an address whose dots are written as dashes: `10-244-1-2`.
pub(super) fn parse_dashed(label: &str) -> Option<Ipv4Addr> {
    label.replace('-', ".").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_expanded_and_full_ones_are_not() {
        let cases: [(&str, &[&str]); 4] = [
            ("web", &["web.shop.svc.cluster.local", "web.svc.cluster.local", "web.cluster.local", "web"]),
            ("Web.", &["web"]),
            ("web.shop.svc.cluster.local", &["web.shop.svc.cluster.local"]),
            ("cluster.local", &["cluster.local"]),
        ];
        for (name, want) in cases {
            assert_eq!(candidates(name, "shop"), want, "{name}");
        }
    }

    #[test]
    fn reverse_names_and_addresses_are_equivalent() {
        let address = Ipv4Addr::new(10, 96, 0, 1);
        assert_eq!(reverse(address), "1.0.96.10.in-addr.arpa.");
        for name in ["10.96.0.1", "1.0.96.10.in-addr.arpa", "1.0.96.10.in-addr.arpa."] {
            assert_eq!(parse_address(name), Some(address), "{name}");
        }
        assert_eq!((parse_address("web"), parse_dashed("10-96-0-1")), (None, Some(address)));
    }
}
