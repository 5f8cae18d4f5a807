//! Reads related objects and events for `describe` through the client.
//!
//! Upstream: `kubectl/pkg/describe/describe.go`.

use std::cell::RefCell;
use std::sync::Arc;

use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_cluster::Cluster;
use kctl_cluster::client::{Client, ListParams, ResourcePath};
use kctl_kinds::Lookup;

/// The resources that kubectl's descriptions list in one request.
const NOT_PAGED: [&str; 2] = ["endpointslices.discovery.k8s.io", "resourceslices.resource.k8s.io"];

/// The annotation with the uid that a kubelet gave a static pod.
const MIRRORED: &str = "kubernetes.io/config.mirror";

/// A [`Lookup`] that sends requests to the API server.
///
/// Objects that the user may not read are missing from the description, as with kubectl. Any other failure is kept and
/// returned by [`ClientLookup::finish`].
pub(crate) struct ClientLookup<'a> {
    client: RefCell<&'a mut Client<Cluster>>,
    show_events: bool,
    /// The number of objects in each request of a list; 0 for all in one.
    chunk_size: usize,
    failure: RefCell<Option<Status>>,
}

impl<'a> ClientLookup<'a> {
    /// Creates a lookup for a description, which lists objects in pages of a size.
    pub(crate) fn new(client: &'a mut Client<Cluster>, show_events: bool, chunk_size: usize) -> ClientLookup<'a> {
        ClientLookup { client: RefCell::new(client), show_events, chunk_size, failure: RefCell::new(None) }
    }

    /// Ends the description; fails if a read failed for another reason than a missing permission.
    ///
    /// # Errors
    /// The status of the first such failure.
    pub(crate) fn finish(self) -> Result<(), Status> {
        self.failure.into_inner().map_or(Ok(()), Err)
    }

    /// Sends a request; returns the default value (nothing) if it fails.
    fn read<T: Default>(&self, read: impl FnOnce(&mut Client<Cluster>) -> Result<T, Status>) -> T {
        read(&mut self.client.borrow_mut()).unwrap_or_else(|status| {
            if status.reason != Reason::Forbidden {
                self.failure.borrow_mut().get_or_insert(status);
            }
            T::default()
        })
    }

    /// Lists objects, in all namespaces if `namespace` is empty.
    fn list_all(&self, resource: &str, namespace: &str, params: ListParams) -> Vec<Arc<Object>> {
        let path = ResourcePath::all(resource, namespace);
        let chunk_size = if NOT_PAGED.contains(&resource) { 0 } else { self.chunk_size };
        let params = ListParams { chunk_size, ..params };
        self.read(|client| client.list(&path, &params).map(|list| list.items))
    }

    /// Lists the events whose `involvedObject` has these values, given by field name.
    fn list_events(&self, namespace: &str, fields: &[(&str, &str)]) -> Vec<Arc<Object>> {
        let selector: Vec<String> =
            fields.iter().map(|(field, value)| format!("involvedObject.{field}={value}")).collect();
        self.list_all("events", namespace, ListParams::fields(&selector.join(",")))
    }
}

impl Lookup for ClientLookup<'_> {
    fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.read(|client| client.get_opt(&ResourcePath::one(resource, namespace, name)))
    }

    fn list(&self, resource: &str, namespace: Option<&str>, selector: Option<&Selector>) -> Vec<Arc<Object>> {
        let labels = selector.map(ToString::to_string).unwrap_or_default();
        self.list_all(resource, namespace.unwrap_or(""), ListParams::labels(&labels))
    }

    fn events(&self, object: &Object) -> Vec<Arc<Object>> {
        let mut of_object = vec![("name", object.name()), ("namespace", object.namespace())];
        let mut uid = object.uid();
        if object.kind() == "Pod" {
            // The events of a static pod are about the pod of the kubelet, not about its image on the server.
            uid = object.annotation(MIRRORED).unwrap_or(uid);
        } else {
            of_object.push(("kind", object.kind()));
        }
        let with_uid = |uid| of_object.iter().copied().chain([("uid", uid)]).collect::<Vec<_>>();
        let mut events = self.list_events(object.namespace(), &with_uid(uid));
        // The kubelet writes the name of its node as the uid of its events.
        if object.kind() == "Node" {
            events.extend(self.list_events("", &with_uid(object.name())));
        }
        let last_seen = |e: &Arc<Object>| e.time("/lastTimestamp").or_else(|| e.time("/eventTime"));
        let revision = |e: &Arc<Object>| e.resource_version().parse::<u64>().unwrap_or(0);
        events.order_by_key(|e| (last_seen(e), revision(e)));
        events
    }

    fn list_by_fields(&self, resource: &str, fields: &str) -> Vec<Arc<Object>> {
        self.list_all(resource, "", ListParams::fields(fields))
    }

    fn now(&self) -> Time {
        self.client.borrow_mut().now()
    }

    fn show_events(&self) -> bool {
        self.show_events
    }
}
