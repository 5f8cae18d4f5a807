//! The other objects that a description speaks of, read from the cluster.

use std::cell::RefCell;
use std::sync::Arc;

use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_cluster::api::Server;
use kctl_kinds::Lookup;
use kctl_kinds::core::event::ABOUT;

/// Reads from the server while a description is written. What can not be read is left out of it.
pub(crate) struct ServerLookup<'a> {
    server: RefCell<&'a mut Server>,
    now: Time,
    show_events: bool,
}

impl<'a> ServerLookup<'a> {
    /// A lookup at an instant.
    pub(crate) fn new(server: &'a mut Server, now: Time, show_events: bool) -> ServerLookup<'a> {
        ServerLookup { server: RefCell::new(server), now, show_events }
    }

    fn involved(&self, key: &str) -> Vec<Arc<Object>> {
        self.server.borrow_mut().read_index_of(ABOUT, key, "events", None).unwrap_or_default()
    }
}

impl Lookup for ServerLookup<'_> {
    fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.server.borrow_mut().read(resource, namespace, name).ok().flatten()
    }

    fn list(&self, resource: &str, namespace: Option<&str>, selector: Option<&Selector>) -> Vec<Arc<Object>> {
        let mut found = self.server.borrow_mut().read_all(resource, namespace).unwrap_or_default();
        found.retain(|o| selector.is_none_or(|s| s.matches_object(o)));
        found
    }

    fn owned(&self, resource: &str, uid: &str) -> Vec<Arc<Object>> {
        self.server.borrow_mut().read_index_of("owner", uid, resource, None).unwrap_or_default()
    }

    fn events(&self, object: &Object) -> Vec<Arc<Object>> {
        let mut events = self.involved(object.uid());
        // The kubelet speaks of its node by name, and some events know no uid.
        if object.kind() == "Node" {
            events.extend(self.involved(object.name()));
        }
        events.extend(self.involved(&format!("{}/{}/{}", object.kind(), object.namespace(), object.name())));
        let last = |e: &Arc<Object>| e.time("/lastTimestamp").or_else(|| e.time("/eventTime"));
        let order = |e: &Arc<Object>| e.resource_version().parse::<u64>().unwrap_or(0);
        events.sort_by_key(|e| (last(e), order(e)));
        events
    }

    fn pods_on_node(&self, node: &str) -> Vec<Arc<Object>> {
        self.server.borrow_mut().read_index_of("node", node, "pods", None).unwrap_or_default()
    }

    fn now(&self) -> Time {
        self.now
    }

    fn show_events(&self) -> bool {
        self.show_events
    }
}
