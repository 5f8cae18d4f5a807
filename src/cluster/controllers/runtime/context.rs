//! What a reconciler has in its hands: the API, the present, its own memory and the event recorder.

use std::any::Any;
use std::sync::Arc;

use super::cache::Cache;
use super::{Key, recorder};
use crate::api::{ORPHANS, Propagation, Request, Response, Server, broken};
use crate::store::Memory;
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::{Duration, Ids, Time};
use kctl_base::status::Status;

/// Result of what a reconciler does through the API.
pub type Result<T> = std::result::Result<T, Status>;

/// Which binary a controller is part of, as managedFields names it.
fn manager_of(controller: &str) -> &'static str {
    match controller {
        "kubelet" | "kubelet-node" => "kubelet",
        "default-scheduler" => "kube-scheduler",
        "external-provisioner" => "external-provisioner",
        _ => "kube-controller-manager",
    }
}

/// What a controller is called in the events it records, where that is not its own name.
pub(super) fn component_of(controller: &str) -> &str {
    match controller {
        "kubelet-node" => "kubelet",
        "node-lifecycle-controller" => "node-controller",
        "disruption-controller" => "controllermanager",
        own => own,
    }
}

/// The surroundings of one reconciliation.
pub struct Context<'a> {
    server: &'a mut Server,
    cache: &'a mut Cache,
    /// The controller that is at work.
    pub controller: &'static str,
    /// The present.
    pub now: Time,
}

impl<'a> Context<'a> {
    /// Creates the context of one controller at one instant.
    pub(in crate::controllers) fn new(
        server: &'a mut Server,
        cache: &'a mut Cache,
        controller: &'static str,
        now: Time,
    ) -> Context<'a> {
        Context { server, cache, controller, now }
    }

    /// One object; `resource` as in `deployments.apps`.
    pub fn get(&mut self, resource: &str, namespace: &str, name: &str) -> Result<Option<Arc<Object>>> {
        self.server.read(resource, namespace, name)
    }

    /// The object of a resource that a key names.
    pub fn get_key(&mut self, resource: &str, key: &Key) -> Result<Option<Arc<Object>>> {
        self.server.read(resource, &key.namespace, &key.name)
    }

    /// All objects of a resource in a namespace, or everywhere, by namespace and name. Costs what it lists.
    pub fn list(&mut self, resource: &str, namespace: Option<&str>) -> Result<Vec<Arc<Object>>> {
        self.server.read_all(resource, namespace)
    }

    /// The objects of a resource that have `uid` among their owners.
    pub fn owned(&mut self, resource: &str, uid: &str) -> Result<Vec<Arc<Object>>> {
        self.server.read_index_of("owner", uid, resource, None)
    }

    /// The objects of a resource under an index entry.
    pub fn indexed(&mut self, resource: &str, index: &str, value: &str) -> Result<Vec<Arc<Object>>> {
        self.server.read_index_of(index, value, resource, None)
    }

    /// The pods of a namespace that a selector matches, through the label index where the selector has an equality.
    pub fn pods_matching(&mut self, namespace: &str, selector: &Selector) -> Result<Vec<Arc<Object>>> {
        let pair = selector.exact_pairs().next().map(|(k, v)| format!("{namespace}/{k}={v}"));
        let mut pods = match pair {
            Some(pair) => self.server.read_index_of("label", &pair, "pods", Some(namespace))?,
            None => self.server.read_all("pods", Some(namespace))?,
        };
        pods.retain(|p| selector.matches_object(p));
        Ok(pods)
    }

    /// The objects of a namespace that have no controller and that a selector matches. Costs those that have one label of
    /// the selector, or all orphans where the selector has no equality.
    pub fn orphans(&mut self, resource: &str, namespace: &str, selector: &Selector) -> Result<Vec<Arc<Object>>> {
        let pair = selector.exact_pairs().next().map(|(k, v)| format!("{k}={v}")).unwrap_or_default();
        let mut orphans = self.server.read_index_of(ORPHANS, &pair, resource, Some(namespace))?;
        orphans.retain(|o| selector.matches_object(o));
        Ok(orphans)
    }

    /// Makes an object.
    pub fn create(&mut self, resource: &str, object: Object) -> Result<Arc<Object>> {
        let namespace = object.namespace().to_string();
        self.send(Request::create(resource, &namespace, object)).map(|r| r.object)
    }

    /// Replaces an object: everything but its status.
    pub fn update(&mut self, resource: &str, object: Object) -> Result<Arc<Object>> {
        let (namespace, name) = (object.namespace().to_string(), object.name().to_string());
        self.send(Request::update(resource, &namespace, &name, object)).map(|r| r.object)
    }

    /// Replaces the status of an object.
    pub fn update_status(&mut self, resource: &str, object: Object) -> Result<Arc<Object>> {
        let (namespace, name) = (object.namespace().to_string(), object.name().to_string());
        self.send(Request::update(resource, &namespace, &name, object).subresource("status")).map(|r| r.object)
    }

    /// Deletes an object with the usual grace and in the background; only this very object, not a namesake.
    pub fn delete(&mut self, resource: &str, object: &Object) -> Result<()> {
        self.delete_with(resource, object, None, Propagation::Background)
    }

    /// Deletes an object with a grace period (seconds) and a policy for its dependents.
    pub fn delete_with(
        &mut self,
        resource: &str,
        object: &Object,
        grace: Option<i64>,
        policy: Propagation,
    ) -> Result<()> {
        let mut request = Request::delete(resource, object.namespace(), object.name()).grace(grace).propagation(policy);
        request.options.uid = Some(object.uid().into());
        match self.send(request) {
            Err(status) if status.is_not_found() => Ok(()),
            other => other.map(drop),
        }
    }

    /// Any other request, as this controller.
    pub fn send(&mut self, request: Request) -> Result<Response> {
        let request = request.manager(manager_of(self.controller)).trusted();
        self.server.carry_out(request, self.now)
    }

    /// Records an event about an object; `kind` is `Normal` or `Warning`.
    pub fn event(&mut self, about: &Object, kind: &str, reason: &str, message: &str) {
        recorder::record(self, about, &recorder::Note { kind, reason, message, field_path: "", host: "" });
    }

    /// Records an event as a kubelet does: about a part of an object (`spec.containers{x}` or empty), from a host.
    pub fn event_from(
        &mut self,
        about: &Object,
        field_path: &str,
        host: &str,
        kind: &str,
        reason: &str,
        message: &str,
    ) {
        recorder::record(self, about, &recorder::Note { kind, reason, message, field_path, host });
    }

    /// Returns the state that this controller keeps under a name, beside all objects; `None` where there is none of type `T`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn state<T: Memory>(&mut self, name: &str) -> Result<Option<T>> {
        self.server.typed_row(&self.state_row(name))
    }

    /// Keeps a state of this controller under a name.
    pub fn set_state<T: Memory>(&mut self, name: &str, value: T) {
        self.server.set_typed_row(&self.state_row(name), Some(value));
    }

    /// Removes the state under a name, if there is any.
    pub fn clear_state(&mut self, name: &str) {
        self.server.set_row(&self.state_row(name), None);
    }

    /// Returns whether a key of this controller is on the timeline.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn is_scheduled(&mut self, key: &Key) -> Result<bool> {
        let due = self.server.store().scheduled(self.controller, &key.to_string()).map_err(broken)?;
        Ok(due.is_some())
    }

    /// Returns the in-memory cache of this controller, whose type it chooses; the default where there is none yet.
    pub fn cache<T: Any + Default>(&mut self) -> &mut T {
        self.cache.get()
    }

    /// Takes the cache out, to use it beside this context; [`Context::put_cache`] puts it back.
    pub fn take_cache<T: Any + Default>(&mut self) -> T {
        self.cache.take()
    }

    /// Replaces the cache.
    pub fn put_cache<T: Any>(&mut self, value: T) {
        self.cache.put(value);
    }

    fn state_row(&self, name: &str) -> String {
        ["memory/", self.controller, "/", name].concat()
    }

    /// A row of the simulation's settings, such as the list of images that are missing.
    pub fn setting(&mut self, name: &str) -> Result<Option<Value>> {
        self.server.row(&format!("setting/{name}"))
    }

    /// The seeded source of names and numbers.
    pub fn ids(&self) -> Ids {
        self.server.ids()
    }

    /// The next number of a counter that belongs to (purpose, owner).
    pub fn next_counter(&mut self, purpose: &str, owner: &str) -> Result<u64> {
        self.server.next_counter(purpose, owner)
    }

    /// How long a step of a pod's life takes by default.
    pub fn latency(&self) -> Duration {
        self.server.settings().latency
    }

    /// The server itself, for the few that need more.
    pub fn server(&mut self) -> &mut Server {
        self.server
    }
}
