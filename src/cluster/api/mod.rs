//! The API server: every read and write of an object goes through [`Server::handle`].
//!
//! The stages of a write, in order: find the kind, decode the body ([`decode`]), fill in defaults, prepare, admit
//! ([`admission`]), validate, record who owns which field, stage the new version in the store. A request that fails stages
//! nothing. The server knows no terminal, no file and no clock: the present comes with the request. What the writes set in
//! motion is the controllers' business, which read the changes with [`Server::changes_since`].

pub mod admission;
mod allocate;
mod apply;
mod authorize;
mod create;
mod custom;
mod decode;
mod delete;
mod managers;
mod meta;
mod patch;
mod read;
pub mod request;
mod review;
mod scratch;
mod subresource;
mod update;

use std::sync::Arc;

pub use authorize::{User, Wish};
pub use request::{Body, FieldValidation, Options, PatchType, Propagation, Request, Response, Settings, Verb};

use crate::store::{Change, ChangesGone, Memory, ObjectKey, Store, StoreError};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Due, Ids, Time};
use kctl_base::status::{Reason, Status};
use kctl_kinds::catalog::KindRef;
use kctl_kinds::{Catalog, Kind};

/// The result of a request.
pub type Result<T> = std::result::Result<T, Status>;

/// The API server over one store.
pub struct Server {
    store: Store,
    catalog: Catalog,
    ids: Ids,
    settings: Settings,
    scratch: scratch::Scratch,
}

/// A failing store is an internal error to the client of the API.
pub(crate) fn broken(error: StoreError) -> Status {
    Status::internal(error.to_string())
}

impl Server {
    /// A server over a store; reads the custom kinds out of it.
    pub fn new(store: Store, ids: Ids, settings: Settings) -> std::result::Result<Server, StoreError> {
        let mut server =
            Server { store, catalog: Catalog::default(), ids, settings, scratch: scratch::Scratch::default() };
        server.reload_custom_kinds()?;
        Ok(server)
    }

    /// Goes on over another store: a watcher closes it while it sleeps and opens it again.
    pub fn replace_store(&mut self, store: Store) -> std::result::Result<(), StoreError> {
        self.store = store;
        self.clear_scratch();
        self.reload_custom_kinds()
    }

    /// Carries out one request at an instant.
    pub fn handle(&mut self, request: &Request, now: Time) -> Result<Response> {
        self.carry_out(request.clone(), now)
    }

    /// As [`Server::handle`], for who does not need the request, and the object in it, any more.
    pub fn carry_out(&mut self, mut request: Request, now: Time) -> Result<Response> {
        let kind = self.catalog.by_resource(&request.resource).ok_or_else(Status::no_resource)?;
        self.check_scope(&*kind, &request)?;
        check_verb(&*kind, &request)?;
        let deprecation = (request.resource == "endpoints" && !request.options.trusted)
            .then(|| kctl_kinds::core::endpoints::DEPRECATION.to_string());
        let mut response = self.route(kind, &mut request, now)?;
        response.warnings.extend(deprecation);
        Ok(response)
    }

    fn route(&mut self, kind: KindRef, request: &mut Request, now: Time) -> Result<Response> {
        match (request.verb, request.subresource.as_str()) {
            (Verb::Get, "") => self.get(&*kind, request),
            (Verb::List, "") => self.list(&*kind, request),
            (Verb::Create, "") => self.create(kind, request, now),
            (Verb::Update, "" | "status" | "finalize") => self.update(&*kind, request, now),
            (Verb::Patch, "" | "status") => self.patch(&*kind, request, now),
            (Verb::Delete, "") => self.delete(&*kind, request, now),
            (_, subresource) => self.subresource(&*kind, subresource, request, now),
        }
    }

    /// Namespaced kinds need a namespace except in lists; others must not have one.
    fn check_scope(&self, kind: &dyn Kind, request: &Request) -> Result<()> {
        if kind.names().namespaced && request.namespace.is_empty() && request.verb != Verb::List {
            return Err(Status::bad_request("an empty namespace may not be set during creation"));
        }
        Ok(())
    }

    /// All kinds that are served.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The seeded source of names and numbers.
    pub fn ids(&self) -> Ids {
        self.ids
    }

    /// The numbers of the simulated cluster.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The revision of the store.
    pub fn revision(&self) -> u64 {
        self.store.revision()
    }

    /// Every change of an object after a revision, in order.
    pub fn changes_since(&mut self, revision: u64) -> std::result::Result<Vec<Change>, ChangesGone> {
        self.store.changes_since(revision)
    }

    /// Tells the store that the controllers have seen the changes up to a revision.
    pub fn settle_changes(&mut self, revision: u64, now: Time) {
        self.store.settle_changes(revision, now);
    }

    /// One object, without the ceremony of a request.
    pub fn read(&mut self, resource: &str, namespace: &str, name: &str) -> Result<Option<Arc<Object>>> {
        let key = ObjectKey { resource: resource.into(), namespace: namespace.into(), name: name.into() };
        self.store.get(&key).map_err(broken)
    }

    /// All objects of a resource, in a namespace or everywhere, by namespace and name.
    pub fn read_all(&mut self, resource: &str, namespace: Option<&str>) -> Result<Vec<Arc<Object>>> {
        self.store.list(resource, namespace).map_err(broken)
    }

    /// All objects of a resource in a namespace, when they are few.
    pub fn read_few(&mut self, resource: &str, namespace: &str) -> Result<Option<Vec<Arc<Object>>>> {
        self.store.few(resource, namespace).map_err(broken)
    }

    /// The objects under an index entry, of every resource, by key.
    pub fn read_index(&mut self, index: &str, value: &str) -> Result<Vec<Arc<Object>>> {
        self.store.by_index(index, value).map_err(broken)
    }

    /// The objects of one resource under an index entry, in a namespace or everywhere, by key.
    pub fn read_index_of(
        &mut self,
        index: &str,
        value: &str,
        resource: &str,
        namespace: Option<&str>,
    ) -> Result<Vec<Arc<Object>>> {
        self.store.by_index_in(index, value, resource, namespace).map_err(broken)
    }

    /// The next number of a counter that belongs to (purpose, owner).
    pub fn next_counter(&mut self, purpose: &str, owner: &str) -> Result<u64> {
        self.store.next_counter(purpose, owner).map_err(broken)
    }

    /// A named value beside the objects: settings and what controllers remember.
    pub fn row(&mut self, name: &str) -> Result<Option<Value>> {
        self.store.row(name).map_err(broken)
    }

    /// The names of the named values whose names start with a text, in order.
    pub fn row_names(&mut self, start: &str) -> Result<Vec<String>> {
        let rows = self.store.rows_with_prefix(start).map_err(broken)?;
        Ok(rows.into_iter().map(|(name, _)| name).collect())
    }

    /// A named value as a type of the caller's.
    pub fn typed_row<T: Memory>(&mut self, name: &str) -> Result<Option<T>> {
        self.store.typed_row(name).map_err(broken)
    }

    /// Changes a named value of the caller's type, see [`Store::change_typed_row`].
    pub fn change_typed_row<T: Memory + Default, R>(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<R> {
        self.store.change_typed_row(name, change).map_err(broken)
    }

    /// Sets or removes a named value.
    pub fn set_row(&mut self, name: &str, value: Option<Value>) {
        self.store.set_row(name, value);
    }

    /// Sets or removes a named value of any type that can be written as JSON.
    pub fn set_typed_row<T: Memory>(&mut self, name: &str, value: Option<T>) {
        self.store.set_typed_row(name, value);
    }

    /// Puts (controller, key) on the timeline, in place of an entry that is there.
    pub fn schedule(&mut self, controller: &str, key: &str, at: Time, recurring: bool) {
        self.store.schedule(controller, key, at, recurring);
    }

    /// Takes (controller, key) off the timeline.
    pub fn unschedule(&mut self, controller: &str, key: &str) {
        self.store.unschedule(controller, key);
    }

    /// Whether (controller, key) is on the timeline.
    pub fn is_scheduled(&mut self, controller: &str, key: &str) -> bool {
        matches!(self.store.scheduled(controller, key), Ok(Some(_)))
    }

    /// The first entries of the timeline.
    pub fn due(&mut self, count: usize) -> Result<Vec<Due>> {
        self.store.due(count).map_err(broken)
    }

    /// Removes and answers the first entry of the timeline that is due at `until`.
    pub fn take_due(&mut self, until: Time) -> Result<Option<Due>> {
        self.store.take_due(until).map_err(broken)
    }

    /// The store below, for the composition root: commit, discard, check.
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// The key of an object of a kind.
    fn key(kind: &dyn Kind, namespace: &str, name: &str) -> ObjectKey {
        let namespace = if kind.names().namespaced { namespace } else { "" };
        ObjectKey { resource: kind.names().resource(), namespace: namespace.into(), name: name.into() }
    }

    /// The object a request names, or the 404 that says so.
    fn must_read(&mut self, kind: &dyn Kind, namespace: &str, name: &str) -> Result<Arc<Object>> {
        let names = kind.names();
        let found = self.store.get(&Server::key(kind, namespace, name)).map_err(broken)?;
        found.ok_or_else(|| Status::not_found(names.group, names.plural, name))
    }

    /// An object as the client wants to see it: in the version it speaks.
    fn shown(&self, kind: &dyn Kind, object: Arc<Object>, version: &Option<(String, String)>) -> Arc<Object> {
        match version {
            Some((group, version)) if object.api_version() != dotted_version(group, version) => {
                let mut converted = (*object).clone();
                kind.convert(&mut converted, group, version);
                Arc::new(converted)
            }
            _ => object,
        }
    }

    /// The kind behind a catalog reference of an owner: (apiVersion, kind).
    pub fn kind_of(&self, api_version: &str, kind: &str) -> Option<KindRef> {
        let (group, version) = kctl_base::gvk::split_api_version(api_version);
        self.catalog.by_gvk(group, version, kind)
    }
}

/// Some kinds can only be asked for, or only be asked.
fn check_verb(kind: &dyn Kind, request: &Request) -> Result<()> {
    if request.subresource.is_empty() && !kind.verbs().contains(&request.verb.as_str()) {
        let text = "the server does not allow this method on the requested resource";
        return Err(Status::new(Reason::MethodNotAllowed, text));
    }
    Ok(())
}

/// `apps/v1`, `v1`.
fn dotted_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.into() } else { format!("{group}/{version}") }
}

/// Resources whose objects an owner may adopt: those without a controller are found under their labels.
const ADOPTABLE: &[&str] = &["controllerrevisions.apps", "pods", "replicasets.apps"];

/// The index of objects that an owner may adopt; its values are `key=value` for every label, and `` for all.
pub const ORPHANS: &str = "orphan";

/// Index entries of an object: its owners, whether it has no controller, and what its kind adds. The store keeps them.
pub fn index_entries(resource: &str, object: &Object) -> Vec<(&'static str, String)> {
    let owners = object.list("/metadata/ownerReferences").iter().map(|o| ("owner", o.str("/uid").to_string()));
    let mut entries: Vec<(&'static str, String)> = owners.collect();
    if ADOPTABLE.contains(&resource) && !object.is_managed() {
        entries.push((ORPHANS, String::new()));
        entries.extend(object.labels().iter().map(|(key, value)| (ORPHANS, format!("{key}={value}"))));
    }
    if let Some(kind) = Catalog::default().by_resource(resource) {
        entries.extend(kind.index_entries(object));
    }
    entries
}
