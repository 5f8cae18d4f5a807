//! The IPAddress of each cluster IP (KEP-1880). In a real cluster the allocator writes them; here they follow from the services,
//! and are not stored.

use std::sync::Arc;

use super::{Result, Server};
use crate::store::{Change, ChangeKind, ObjectKey};
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
        let services = self.read_all("services", None)?;
        let mut addresses: Vec<Arc<Object>> =
            services.iter().flat_map(|service| self.addresses_of(service)).map(Arc::new).collect();
        addresses.sort_by(|a, b| a.name().cmp(b.name()));
        Ok(addresses)
    }

    /// Returns the changes of addresses after a revision: each is added and deleted with its service, or when that gets it and
    /// gives it up, and never changes itself.
    ///
    /// # Errors
    /// Status 410 for a revision that the change log no longer reaches.
    pub(super) fn changes_of_addresses(&mut self, since: u64) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        for change in self.store.changes_of("services", since)? {
            let addresses =
                |service: Option<&Arc<Object>>| service.map_or(Vec::new(), |found| self.addresses_of(found));
            let now = Some(&change.object).filter(|_| change.kind != ChangeKind::Deleted);
            let (before, after) = (addresses(change.old.as_ref()), addresses(now));
            let other_than = |others: &[Object], one: &Object| !others.iter().any(|other| other.name() == one.name());
            let gone = before.iter().filter(|one| other_than(&after, one)).map(|one| (ChangeKind::Deleted, one));
            let new = after.iter().filter(|one| other_than(&before, one)).map(|one| (ChangeKind::Added, one));
            changes.extend(gone.chain(new).map(|(kind, address)| {
                let object = Arc::new(address.clone());
                Change {
                    kind,
                    key: ObjectKey::new(ADDRESSES, "", address.name()),
                    old: (kind == ChangeKind::Deleted).then(|| object.clone()),
                    object,
                    ..change.clone()
                }
            }));
        }
        Ok(changes)
    }

    fn addresses_of(&self, service: &Object) -> Vec<Object> {
        let texts = service.list("/spec/clusterIPs").iter().filter_map(Value::as_str);
        let own = texts.filter(|text| *text != "None" && !text.is_empty()).zip(0..);
        own.map(|(text, number)| address(text, service, &self.ids.uid("ipaddress", service.uid(), number))).collect()
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

#[cfg(test)]
mod tests {
    use kctl_base::json::json;
    use kctl_base::object::ObjectMeta;

    use crate::api::{Payload, Request, Verb, WatchEvent};
    use crate::{Cluster, OpenOptions};

    /// Returns what a watch of the addresses shows after a revision.
    fn watched(cluster: &mut Cluster, since: &str) -> Vec<String> {
        let mut request = Request::new(Verb::Watch, super::ADDRESSES, "", "");
        request.options.resource_version = Some(since.to_owned());
        let Payload::Events(events) = cluster.handle(&request).expect("a watch").payload else { return Vec::new() };
        let text = |event: &WatchEvent| match event {
            WatchEvent::Added(object) => Some(format!("ADDED {}", object.name())),
            WatchEvent::Modified(object) => Some(format!("MODIFIED {}", object.name())),
            WatchEvent::Deleted(object) => Some(format!("DELETED {}", object.name())),
            WatchEvent::Bookmark(_) => None,
        };
        events.iter().filter_map(text).collect()
    }

    #[test]
    fn addresses_come_and_go_with_their_services() {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        assert_eq!(watched(&mut cluster, ""), ["ADDED 10.96.0.1"]);
        let start = cluster.server().revision().to_string();
        let service = |selector: &str, ip: &str| {
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
                "spec": {"clusterIP": ip, "selector": {"app": selector}, "ports": [{"port": 80}]}})
        };
        let create = |cluster: &mut Cluster, ip: &str| {
            cluster.handle(&Request::create("services", "default", service("a", ip))).expect("created");
        };
        create(&mut cluster, "10.96.7.7");
        cluster.handle(&Request::update("services", "default", "web", service("b", "10.96.7.7"))).expect("updated");
        assert_eq!(watched(&mut cluster, &start), ["ADDED 10.96.7.7"]);
        cluster.handle(&Request::delete("services", "default", "web")).expect("deleted");
        create(&mut cluster, "None");
        assert_eq!(watched(&mut cluster, &start), ["ADDED 10.96.7.7", "DELETED 10.96.7.7"]);
    }
}
