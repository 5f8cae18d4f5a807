//! The tools of a reconciler: the API, the current time, its own state and cache, and the event recorder.

use std::any::Any;
use std::sync::Arc;

use super::cache::Cache;
use super::recorder::{self, Event};
use super::{Key, Result};
use crate::api::{ORPHANS, Propagation, Request, Response, Server};
use crate::profile::Installation;
use crate::store::RowValue;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::{Chance, Duration, Ids, Time};

/// Returns the binary that a controller is part of, which is its name in managedFields.
fn manager_of(controller: &str) -> &'static str {
    match controller {
        "kubelet" | "kubelet-node" | "kubelet-static-pods" => "kubelet",
        "default-scheduler" => "kube-scheduler",
        "external-provisioner" => "external-provisioner",
        // It applies, so that its manager must be its own.
        "clusterrole-aggregation-controller" => "clusterrole-aggregation-controller",
        _ => "kube-controller-manager",
    }
}

/// Everything that one reconciliation, or the mapping of one change, can use.
///
/// All reads and writes fail with the [`kctl_base::status::Status`] of the API server.
pub(crate) struct Context<'a> {
    server: &'a mut Server,
    cache: &'a mut Cache,
    /// The name of the controller that is at work.
    pub controller: &'static str,
    /// The current time.
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

    /// What the installer of the cluster has decided.
    pub(crate) fn installation(&self) -> Installation {
        self.server.settings().installation
    }

    /// Reads an object of a resource such as `deployments.apps`; `None` when it does not exist.
    pub(crate) fn get(&mut self, resource: &str, namespace: &str, name: &str) -> Result<Option<Arc<Object>>> {
        self.server.read(resource, namespace, name)
    }

    /// Returns whether an object of a resource exists.
    pub(crate) fn exists(&mut self, resource: &str, namespace: &str, name: &str) -> Result<bool> {
        self.server.exists(resource, namespace, name)
    }

    /// Reads the object of a resource that a key names.
    pub(crate) fn get_key(&mut self, resource: &str, key: &Key) -> Result<Option<Arc<Object>>> {
        self.server.read(resource, &key.namespace, &key.name)
    }

    /// Lists all objects of a resource in one namespace, or in all, by namespace and name. Takes time proportional to their
    /// number.
    pub(crate) fn list(&mut self, resource: &str, namespace: Option<&str>) -> Result<Vec<Arc<Object>>> {
        self.server.read_all(resource, namespace)
    }

    /// Lists the objects of a resource that have `uid` among their owners.
    pub(crate) fn owned(&mut self, resource: &str, uid: &str) -> Result<Vec<Arc<Object>>> {
        self.server.read_index_of("owner", uid, resource, None)
    }

    /// Lists the objects of a resource under an entry of an index.
    pub(crate) fn indexed(&mut self, resource: &str, index: &str, value: &str) -> Result<Vec<Arc<Object>>> {
        self.server.read_index_of(index, value, resource, None)
    }

    /// Lists the pods of a namespace that a selector matches, through the label index where the selector has an equality.
    pub(crate) fn pods_matching(&mut self, namespace: &str, selector: &Selector) -> Result<Vec<Arc<Object>>> {
        let pair = selector.exact_pairs().next().map(|(k, v)| [namespace, "/", k, "=", v].concat());
        let mut pods = match pair {
            Some(pair) => self.server.read_index_of("label", &pair, "pods", Some(namespace))?,
            None => self.server.read_all("pods", Some(namespace))?,
        };
        pods.retain(|p| selector.matches_object(p));
        Ok(pods)
    }

    /// Lists the objects of a namespace that have no controller and that a selector matches. Reads those that have one label
    /// of the selector, or all orphans where the selector has no equality.
    pub(crate) fn orphans(&mut self, resource: &str, namespace: &str, selector: &Selector) -> Result<Vec<Arc<Object>>> {
        let pair = selector.exact_pairs().next().map(|(k, v)| [k, "=", v].concat()).unwrap_or_default();
        let mut orphans = self.server.read_index_of(ORPHANS, &pair, resource, Some(namespace))?;
        orphans.retain(|o| selector.matches_object(o));
        Ok(orphans)
    }

    /// Creates an object.
    pub(crate) fn create(&mut self, resource: &str, object: Object) -> Result<Arc<Object>> {
        let namespace = object.namespace().to_string();
        self.send(Request::create(resource, &namespace, object)).map(Response::into_object)
    }

    /// Replaces an object except for its status.
    pub(crate) fn update(&mut self, resource: &str, object: Object) -> Result<Arc<Object>> {
        let (namespace, name) = (object.namespace().to_string(), object.name().to_string());
        self.send(Request::update(resource, &namespace, &name, object)).map(Response::into_object)
    }

    /// Replaces the status of an object.
    pub(crate) fn update_status(&mut self, resource: &str, object: Object) -> Result<Arc<Object>> {
        let (namespace, name) = (object.namespace().to_string(), object.name().to_string());
        self.send(Request::update(resource, &namespace, &name, object).subresource("status")).map(Response::into_object)
    }

    /// Deletes an object in the background with its default grace period. The precondition on its uid spares a new object of
    /// the same name, and it is no error when the object is gone already.
    pub(crate) fn delete(&mut self, resource: &str, object: &Object) -> Result<()> {
        self.delete_with(resource, object, None, Propagation::Background)
    }

    /// Deletes an object with a grace period (seconds) and a propagation policy.
    pub(crate) fn delete_with(
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

    /// Sends any other request on behalf of this controller.
    pub(crate) fn send(&mut self, request: Request) -> Result<Response> {
        let request = request.manager(manager_of(self.controller)).by_control_plane();
        self.server.handle(request, self.now)
    }

    /// Creates the object of a new event.
    pub(super) fn record_event(&mut self, event: Object) -> Result<()> {
        self.server.record_event(event, manager_of(self.controller), self.now).map(drop)
    }

    /// Records an event about an object; `event_type` is `Normal` or `Warning`. An event that cannot be recorded is logged.
    pub(crate) fn event(&mut self, about: &Object, event_type: &str, reason: &str, message: &str) {
        self.record(about, &Event { event_type, reason, message, field_path: "", host: "" });
    }

    /// Records an event about an object with all its fields.
    pub(crate) fn record(&mut self, about: &Object, event: &Event<'_>) {
        recorder::record(self, about, event);
    }

    /// Returns the state that this controller keeps under a name, beside all objects; `None` where there is none of type `T`.
    pub(crate) fn state<T: RowValue>(&mut self, name: &str) -> Result<Option<T>> {
        self.server.typed_row(&self.state_row(name))
    }

    /// Returns the states that this controller keeps under the names with a prefix, in the order of the names.
    pub(crate) fn states<T: RowValue>(&mut self, prefix: &str) -> Result<Vec<T>> {
        self.server.typed_rows_with_prefix(&self.state_row(prefix))
    }

    /// Keeps a state of this controller under a name.
    pub(crate) fn set_state<T: RowValue>(&mut self, name: &str, value: T) {
        self.server.set_typed_row(&self.state_row(name), Some(value));
    }

    /// Removes the state under a name, if there is any.
    pub(crate) fn clear_state(&mut self, name: &str) {
        self.server.set_row(&self.state_row(name), None);
    }

    /// Removes all states under the names with a prefix.
    pub(crate) fn clear_states(&mut self, prefix: &str) -> Result<()> {
        for row in self.server.row_names(&self.state_row(prefix))? {
            self.server.set_row(&row, None);
        }
        Ok(())
    }

    fn state_row(&self, name: &str) -> String {
        ["memory/", self.controller, "/", name].concat()
    }

    /// Returns the in-memory cache of this controller, whose type it chooses; the default where there is none yet.
    pub(crate) fn cache<T: Any + Default>(&mut self) -> &mut T {
        self.cache.get()
    }

    /// Takes the cache out, to use it beside this context; [`Context::put_cache`] puts it back.
    pub(crate) fn take_cache<T: Any + Default>(&mut self) -> T {
        self.cache.take()
    }

    /// Replaces the cache.
    pub(crate) fn put_cache<T: Any>(&mut self, value: T) {
        self.cache.put(value);
    }

    /// Returns `true` when a key of this controller is on the timeline.
    pub(crate) fn is_scheduled(&mut self, key: &Key) -> Result<bool> {
        let due = self.server.store().scheduled(self.controller, &key.text())?;
        Ok(due.is_some())
    }

    /// Makes the next reconciliation of a key, if there is one on the timeline, one for which somebody may wait.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn expect(&mut self, key: &Key) -> Result<()> {
        let due = self.server.store().scheduled(self.controller, &key.text())?;
        if let Some(due) = due {
            self.server.schedule(self.controller, &key.text(), due.at, false);
        }
        Ok(())
    }

    /// Returns the generator of uids, name suffixes and addresses.
    pub(crate) fn ids(&self) -> Ids {
        self.server.ids()
    }

    /// Returns the next number (0, 1, 2, ...) of the counter for a purpose and an owner.
    pub(crate) fn next_counter(&mut self, purpose: &str, owner: &str) -> Result<u64> {
        self.server.next_counter(purpose, owner)
    }

    /// Returns the duration of a step of a pod's life, such as pulling an image.
    pub(crate) fn latency(&self) -> Duration {
        self.server.settings().latency
    }

    /// Returns what is left to chance.
    pub(crate) fn chance(&self) -> Chance {
        self.server.settings().chance
    }

    /// Returns the API server, for controllers that need more than the functions above.
    pub(crate) fn server(&mut self) -> &mut Server {
        self.server
    }
}
