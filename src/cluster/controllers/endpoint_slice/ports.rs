//! The order of the ports of a slice: by a hash of each (`portsInOrder` in `k8s.io/endpointslice/util`).

use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// Sorts ports in the form of a slice; returns null, a nil slice of Go, for none.
pub(super) fn sorted(mut ports: Vec<Value>) -> Value {
    if ports.is_empty() {
        return Value::Null;
    }
    ports.sort_by_cached_key(|port| fnv128a(dump(port).as_bytes()));
    ports.into()
}

/// The dump of an `EndpointPort` that Go hashes (`dump.ForHash` in `k8s.io/apimachinery/pkg/util/dump`).
fn dump(port: &Value) -> String {
    let number = port.int("/port").map_or_else(|| "<nil>".into(), |number| number.to_string());
    let protocol = port.at("/appProtocol").and_then(Value::as_str).unwrap_or("<nil>");
    format!(
        "(v1.EndpointPort){{Name:(*string){} Protocol:(*v1.Protocol){} Port:(*int32){number} AppProtocol:(*string){protocol}}}",
        port.str("/name"),
        port.str("/protocol"),
    )
}

/// The 128-bit FNV-1a hash.
fn fnv128a(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn ports_are_sorted_by_the_hash_of_their_dump() {
        assert_eq!(fnv128a(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        let port =
            |name: &str, number: i64, protocol: &str| json!({"name": name, "port": number, "protocol": protocol});
        let (web, dns) = (port("web", 9090, "TCP"), port("dns", 53, "UDP"));
        assert_eq!(sorted(vec![web.clone(), dns.clone()]), json!([dns, web]));
        assert_eq!(sorted(vec![]), Value::Null);
    }
}
