//! The API server: every request of a client goes through [`Server::handle`].
//!
//! The stages of a request, in order:
//!
//! 1. **authenticate**: the request says who sends it ([`Requester`]);
//! 2. **authorize** by roles and bindings ([`authorize`]);
//! 3. **route** by verb and subresource;
//! 4. for a write: **decode** the body ([`decode`]), apply defaults, prepare by the rules of the endpoint ([`strategy`]),
//!    **admit** ([`admission`]), validate, record field ownership ([`managers`]);
//! 5. **store**: stage the new version with its change.
//!
//! A request that fails stages nothing. The server knows no terminal, no file and no clock: the current time comes with
//! each call. Controllers react to writes by reading [`Server::changes_since`]; they read the store through the server as
//! informers read their caches, without authorization.

mod addresses;
pub(crate) mod admission;
mod allocate;
mod apply;
pub(crate) mod authority;
mod authorize;
mod backends;
mod binding;
mod certificate_requests;
mod component_statuses;
mod continue_token;
mod create;
mod decode;
mod delete;
mod events;
mod eviction;
mod limits;
mod log;
mod managers;
mod meta;
mod metrics;
mod patch;
mod proxy;
mod read;
pub(crate) mod request;
pub(crate) mod response;
mod review;
mod rows;
mod scale;
mod session;
mod strategy;
mod tokens;
mod twin;
mod update;
mod user;
mod watch;

use std::sync::Arc;

pub(crate) use authorize::Attributes;
pub(crate) use backends::{Backends, LogLine, LogQuery, PodUsage};
pub(crate) use request::Settings;
pub use request::{Body, FieldValidation, LogOptions, Options, PatchType, Propagation, Request, Requester, Verb};
pub use response::{Log, ObjectList, Payload, Response, WatchEvent};
pub use session::{AttachOptions, ExecOptions, Forwarded, SessionCall, SessionState};
pub(crate) use tokens::{pod_token, secret_token};
pub use user::User;

use rustc_hash::FxHashMap;

use crate::profile::Installation;
use crate::store::{ObjectKey, Store, StoreError};
use kctl_base::gvk::{GroupVersion, split_api_version};
use kctl_base::json::{SharedStr, Value};
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition};
use kctl_base::order::Order as _;
use kctl_base::sim::{Ids, Time};
use kctl_base::status::{Reason, Status};
use kctl_kinds::catalog::KindRef;
use kctl_kinds::custom::Custom;
use kctl_kinds::{Catalog, Kind};

/// The result of a request.
pub type Result<T> = std::result::Result<T, Status>;

/// The resource whose objects add kinds to the server.
pub(crate) const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// Resources whose objects controllers can adopt: those without a controller are indexed by their labels.
const ADOPTABLE: &[&str] = &["controllerrevisions.apps", "pods", "replicasets.apps"];

/// The index of objects without a controller. The values of an object are `key=value` for each label, and the empty string.
pub(crate) const ORPHANS: &str = "orphan";

/// The API server over one store.
pub struct Server {
    store: Store,
    catalog: Catalog,
    ids: Ids,
    settings: Settings,
    backends: Backends,
    /// The hints of the request at work.
    hints: Vec<String>,
    twin: Option<twin::Twin>,
    /// The last new object of each built-in resource and manager, with its defaults, and its managedFields, which depend on
    /// nothing else. Never iterated.
    created: FxHashMap<(SharedStr, SharedStr), (Object, Value)>,
    /// The resources read for the admission of a new object; `None` unless one is being admitted.
    reads: Option<twin::Reads>,
}

/// Clients see a store error as an internal error, with the message of the store as its cause.
impl From<StoreError> for Status {
    fn from(error: StoreError) -> Status {
        Status::storage(error.to_string())
    }
}

impl Server {
    /// Creates a server over a store, and reads the custom kinds from it.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn new(
        store: Store,
        ids: Ids,
        settings: Settings,
        backends: Backends,
    ) -> std::result::Result<Server, StoreError> {
        let catalog = Catalog::default();
        let mut server = Server {
            store,
            catalog,
            ids,
            settings,
            backends,
            hints: Vec::new(),
            twin: None,
            created: FxHashMap::default(),
            reads: None,
        };
        server.reload_custom_kinds()?;
        Ok(server)
    }

    /// Replaces the store. A watch closes it while it sleeps, and opens it again.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn replace_store(&mut self, store: Store) -> std::result::Result<(), StoreError> {
        self.store = store;
        self.twin = None;
        self.reload_custom_kinds()
    }

    /// Begins anew with what the store holds.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub(crate) fn reload(&mut self, ids: Ids, installation: Installation) -> std::result::Result<(), StoreError> {
        self.ids = ids;
        self.settings.installation = installation;
        self.twin = None;
        self.reload_custom_kinds()
    }

    /// Discards everything that is staged in the store.
    pub(crate) fn discard(&mut self) {
        self.store.discard();
        self.twin = None;
    }

    /// Begins a trial of the store.
    pub(crate) fn begin_trial(&mut self) {
        self.store.begin_trial();
        self.twin = None;
    }

    /// Ends the trial of the store.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub(crate) fn end_trial(&mut self) -> std::result::Result<(), StoreError> {
        self.store.end_trial()?;
        self.twin = None;
        self.reload_custom_kinds()
    }

    /// Handles a request at an instant.
    ///
    /// # Errors
    /// The status that the API reports; then nothing has been staged.
    pub fn handle(&mut self, mut request: Request, now: Time) -> Result<Response> {
        self.hints.clear();
        self.authorize(&request)?;
        if metrics::serves(&request.resource) {
            return self.metrics(&request, now);
        }
        let kind = self.catalog.by_resource(&request.resource).ok_or_else(Status::no_resource)?;
        let kind = in_request_version(kind, &request);
        check_scope(&*kind, &request)?;
        check_verb(&*kind, &request)?;
        limits::check_body(&request)?;
        limits::check_manager(&request)?;
        let deprecation = deprecation_of(&*kind, &request);
        let result = self.route(kind, &mut request, now);
        let hints = std::mem::take(&mut self.hints);
        match result {
            Ok(mut response) => {
                response.warnings.extend(deprecation);
                response.hints = hints;
                Ok(response)
            }
            Err(status) => Err(status.with_warnings(deprecation)),
        }
    }

    /// Adds a hint to the response of the request at work.
    fn hint(&mut self, hint: String) {
        self.hints.push(hint);
    }

    /// Calls the handler for the verb and subresource of an authorized request.
    fn route(&mut self, kind: KindRef, request: &mut Request, now: Time) -> Result<Response> {
        let subresource = request.subresource.clone();
        let is_pod = request.resource == "pods";
        match (request.verb, subresource.as_str()) {
            (Verb::Get | Verb::List, "") if request.resource == component_statuses::RESOURCE => {
                self.component_statuses(&*kind, request)
            }
            (Verb::Get, "") => self.get(&*kind, request),
            (Verb::Get, "status") if kind.has_status() => self.get(&*kind, request),
            (Verb::List, "") => self.list(&*kind, request),
            (Verb::Watch, "") => self.watch(&*kind, request),
            (Verb::Create, "") => self.create(kind, request, now),
            (Verb::Update, "" | "status" | "finalize") => self.update(&*kind, request, now),
            (Verb::Patch, "" | "status") => self.patch(&*kind, request, now),
            (Verb::Delete, "") => self.delete(&*kind, request, now),
            (_, "scale") => self.scale(&*kind, request, now),
            (Verb::Create, "eviction") if is_pod => self.evict(&*kind, request, now),
            (Verb::Create, "binding") if is_pod => self.bind(&*kind, request, now),
            (Verb::Get, "approval") if certificate_requests::is_request(&*kind) => self.get(&*kind, request),
            (Verb::Update, "approval") if certificate_requests::is_request(&*kind) => {
                self.approve(&*kind, request, now)
            }
            (Verb::Create, "token") if request.resource == "serviceaccounts" => self.issue_token(&*kind, request, now),
            (Verb::Create, "exec" | "attach" | "portforward") if is_pod => self.session(&*kind, request, now),
            (_, "proxy") if is_pod || request.resource == "services" => self.proxy(&*kind, request, now),
            (Verb::Get, "log") if is_pod => self.log(&*kind, request, now),
            (Verb::Get, "ephemeralcontainers" | "resize") if is_pod => self.get(&*kind, request),
            (Verb::Update, "ephemeralcontainers" | "resize") if is_pod => self.update(&*kind, request, now),
            (Verb::Patch, "ephemeralcontainers" | "resize") if is_pod => self.patch(&*kind, request, now),
            _ => Err(Status::no_resource()),
        }
    }

    /// Returns all kinds that the server serves.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Returns the deterministic generator of names and numbers.
    pub fn ids(&self) -> Ids {
        self.ids
    }

    /// Returns the settings of the simulated cluster.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the store, for the composition root: commit, discard, check.
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Returns the kind for an `apiVersion` and a kind name; `None` when it is not served.
    pub fn kind_of(&self, api_version: &str, kind: &str) -> Option<KindRef> {
        let (group, version) = kctl_base::gvk::split_api_version(api_version);
        self.catalog.by_gvk(group, version, kind)
    }

    /// Returns the key of an object of a kind.
    fn key(kind: &dyn Kind, namespace: &str, name: &str) -> ObjectKey {
        let namespace = if kind.names().namespaced { namespace } else { "" };
        ObjectKey { resource: kind.names().resource(), namespace: namespace.into(), name: name.into() }
    }

    /// Reads the object that a request names; status 404 when it does not exist.
    fn must_read(&mut self, kind: &dyn Kind, namespace: &str, name: &str) -> Result<Arc<Object>> {
        let names = kind.names();
        let found = self.store.get(&Server::key(kind, namespace, name))?;
        let found = found.ok_or_else(|| Status::not_found(names.group, names.plural, name))?;
        Ok(self.in_version(kind, found, &None))
    }

    /// Converts an object to the version that the client speaks; `None` is the preferred one. A definition may have got a
    /// higher version since an object was stored.
    fn in_version(&self, kind: &dyn Kind, object: Arc<Object>, version: &Option<GroupVersion>) -> Arc<Object> {
        let names = kind.names();
        let (group, version) = match version {
            Some(asked) => (asked.group.as_str(), asked.version.as_str()),
            None => (names.group, names.version),
        };
        if split_api_version(object.api_version()) == (group, version) {
            return object;
        }
        let mut converted = (*object).clone();
        kind.convert(&mut converted, group, version);
        Arc::new(converted)
    }

    /// Rebuilds the catalog with the kinds of all definitions in the store, by group, unless their names are in conflict with
    /// those of others. A definition that cannot be decoded must not keep
    /// all others from being read: its kind is not served.
    pub(crate) fn reload_custom_kinds(&mut self) -> std::result::Result<(), StoreError> {
        let mut definitions = self.store.list_readable(DEFINITIONS)?;
        definitions.order_by(|left, right| left.str("/spec/group").cmp(right.str("/spec/group")));
        let is_refused = |d: &Object| condition(d, "Established").is_some_and(|c| c.str("/status") == "False");
        let accepted = definitions.iter().filter(|d| !is_refused(d));
        let kinds = accepted.filter_map(|d| Custom::from_definition(d));
        self.catalog = Catalog::new(kinds.map(|kind| Arc::new(kind) as Arc<dyn Kind>).collect());
        Ok(())
    }

    /// Updates the catalog after a write to a definition.
    fn after_write(&mut self, kind: &dyn Kind, dry_run: bool) -> Result<()> {
        if kind.names().kind == "CustomResourceDefinition" && !dry_run {
            self.reload_custom_kinds()?;
        }
        Ok(())
    }
}

/// Rejects requests for a namespaced object that name no namespace.
fn check_scope(kind: &dyn Kind, request: &Request) -> Result<()> {
    let spans_namespaces = matches!(request.verb, Verb::List | Verb::Watch);
    if kind.names().namespaced && request.namespace.is_empty() && !spans_namespaces {
        return Err(Status::bad_request("an empty namespace may not be set during creation"));
    }
    Ok(())
}

/// Rejects verbs that a kind does not support: reviews can only be created, for example.
fn check_verb(kind: &dyn Kind, request: &Request) -> Result<()> {
    if request.subresource.is_empty() && !kind.verbs().contains(&request.verb.as_str()) {
        let text = "the server does not allow this method on the requested resource";
        return Err(Status::new(Reason::MethodNotAllowed, text));
    }
    Ok(())
}

/// Returns a kind as the version of a request describes it.
fn in_request_version(kind: KindRef, request: &Request) -> KindRef {
    let asked = request.version.as_ref().and_then(|asked| kind.at_version(&asked.version));
    asked.map_or(kind, KindRef::Custom)
}

/// Returns the warning about a deprecated resource or version, for clients outside the control plane.
fn deprecation_of(kind: &dyn Kind, request: &Request) -> Option<String> {
    match request.resource.as_str() {
        _ if request.is_from_control_plane() => None,
        "endpoints" => Some(kctl_kinds::core::endpoints::DEPRECATION.to_string()),
        component_statuses::RESOURCE => Some(component_statuses::DEPRECATION.to_string()),
        _ => kind.deprecation(),
    }
}

/// The usual number of index entries of an object, at most.
const INDEX_ENTRIES: usize = 8;

/// Returns the index entries of an object, which the store maintains: its owners, [`ORPHANS`], and those of its kind.
pub(crate) fn index_entries(resource: &str, object: &Object) -> Vec<(&'static str, String)> {
    let mut entries = Vec::with_capacity(INDEX_ENTRIES);
    entries.extend(object.owner_uids().map(|uid| ("owner", uid.to_string())));
    if ADOPTABLE.contains(&resource) && !object.is_managed() {
        entries.push((ORPHANS, String::new()));
        entries.extend(object.labels().iter().map(|(key, value)| (ORPHANS, format!("{key}={value}"))));
    }
    if let Some(kind) = Catalog::default().by_resource(resource) {
        entries.extend(kind.index_entries(object));
    }
    entries
}
