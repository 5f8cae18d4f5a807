//! The IPAddress of each cluster IP (KEP-1880). In a real cluster the allocator writes them; here they follow from the services,
//! and are not stored.

use std::sync::Arc;

use super::{Result, Server};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};

const ADDRESSES: &str = "ipaddresses.networking.k8s.io";

/// Returns whether objects of a resource are computed here.
pub(super) fn serves(resource: &str) -> bool {
    resource == ADDRESSES
}

impl Server {
    /// Returns the addresses of all services, by name.
    pub(super) fn addresses_in_use(&mut self) -> Result<Vec<Arc<Object>>> {
        let ids = self.ids;
        let services = self.read_all("services", None)?;
        let of = |service: &Arc<Object>| {
            let texts = service.list("/spec/clusterIPs").iter().filter_map(Value::as_str);
            let own = texts.filter(|text| *text != "None" && !text.is_empty());
            own.map(|text| Arc::new(address(text, service, &ids.uid("ipaddress", service.uid(), 0))))
                .collect::<Vec<_>>()
        };
        let mut addresses: Vec<Arc<Object>> = services.iter().flat_map(of).collect();
        addresses.sort_by(|a, b| a.name().cmp(b.name()));
        Ok(addresses)
    }
}

fn address(text: &str, service: &Object, uid: &str) -> Object {
    let family = if text.contains(':') { "IPv6" } else { "IPv4" };
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IPAddress",
        "metadata": {
            "name": text, "uid": uid, "resourceVersion": service.resource_version(),
            "creationTimestamp": service.str("/metadata/creationTimestamp"),
            "labels": {"ipaddress.kubernetes.io/ip-family": family,
                "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"},
        },
        "spec": {"parentRef": {"resource": "services", "namespace": service.namespace(), "name": service.name()}},
    })
}
