//! Updating an object through one of its endpoints (`apiserver/pkg/registry/rest/update.go`).

use std::sync::Arc;

use super::admission::{self, Admission, Operation};
use super::create::add_rule_violations;
use super::strategy::{self, UpdateStrategy};
use super::{Request, Response, Result, Server, Verb, decode, limits, managers, meta};
use kctl_base::field::{self, ErrorList, Path, quote};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_kinds::{Kind, gates};

/// An update and its stages: preconditions, defaults, preparation, admission, validation, store.
pub(super) struct Update<'a> {
    kind: &'a dyn Kind,
    strategy: &'static dyn UpdateStrategy,
    request: &'a Request,
    now: Time,
    old: Arc<Object>,
    new: Object,
    warnings: Vec<String>,
    /// True when `new` already carries its managedFields.
    is_recorded: bool,
}

impl Server {
    /// Replaces an object with the body of a request, which is left empty.
    pub(super) fn update(&mut self, kind: &dyn Kind, request: &mut Request, now: Time) -> Result<Response> {
        let body = request.take_object()?;
        let mut warnings = Vec::new();
        let mut new = decode::body(kind, body, request, &mut warnings)?;
        decode::expect_kind(kind, &new)?;
        self.to_stored_version(kind, &mut new);
        self.set_namespace(kind, &mut new, request)?;
        let old = self.must_read(kind, &request.namespace, &request.name)?;
        self.replace(kind, old, new, request, now, warnings)
    }

    /// Replaces `old` with `new`, which is decoded and in the stored version: the stages that updates, patches and writes to
    /// subresources share.
    pub(super) fn replace(
        &mut self,
        kind: &dyn Kind,
        old: Arc<Object>,
        new: Object,
        request: &Request,
        now: Time,
        warnings: Vec<String>,
    ) -> Result<Response> {
        let strategy = strategy::of(kind, &request.subresource).ok_or_else(Status::no_resource)?;
        Update { kind, strategy, request, now, old, new, warnings, is_recorded: false }.run(self)
    }

    /// Like [`Server::replace`], for the result of server-side apply, which already carries its managedFields.
    pub(super) fn replace_applied(
        &mut self,
        kind: &dyn Kind,
        old: Arc<Object>,
        new: Object,
        request: &Request,
        now: Time,
        warnings: Vec<String>,
    ) -> Result<Response> {
        let strategy = strategy::of(kind, &request.subresource).ok_or_else(Status::no_resource)?;
        Update { kind, strategy, request, now, old, new, warnings, is_recorded: true }.run(self)
    }

    /// Writes the new version of an object unless nothing has changed, and removes an object in deletion that has no
    /// finalizers left.
    pub(super) fn store_update(
        &mut self,
        kind: &dyn Kind,
        old: &Arc<Object>,
        new: Object,
        dry_run: bool,
    ) -> Result<Arc<Object>> {
        if same_content(&new, old) {
            return Ok(old.clone());
        }
        if dry_run {
            return Ok(Arc::new(new));
        }
        let key = Server::key(kind, new.namespace(), new.name());
        let object = self.store.write(&key, new)?;
        self.after_write(kind, false)?;
        if is_removable(&object) {
            return Ok(self.remove(kind, &key)?.unwrap_or(object));
        }
        Ok(object)
    }
}

/// Returns whether an object in deletion can be removed: no finalizers are left and its grace period has ended.
fn is_removable(object: &Object) -> bool {
    object.is_deleting()
        && object.finalizers().is_empty()
        && object.int("/metadata/deletionGracePeriodSeconds").unwrap_or(0) == 0
        && object.list("/spec/finalizers").is_empty()
}

/// Returns whether two versions have the same content. Such an update is not written, so that it triggers no watch. The
/// timestamps in managedFields are ignored.
fn same_content(new: &Object, old: &Object) -> bool {
    let (Some(a), Some(b)) = (new.as_object(), old.as_object()) else { return false };
    a.len() == b.len()
        && a.iter().all(|(key, value)| match (key.as_str(), b.get(key)) {
            ("metadata", Some(other)) => same_metadata(value, other),
            (_, Some(other)) => value == other,
            (_, None) => false,
        })
}

/// Compares metadata without the resourceVersion and the timestamps in managedFields.
fn same_metadata(new: &Object, old: &Object) -> bool {
    let ignored = |key: &str| key == "managedFields" || key == "resourceVersion";
    let (Some(a), Some(b)) = (new.as_object(), old.as_object()) else { return false };
    a.iter().filter(|(k, _)| !ignored(k)).eq(b.iter().filter(|(k, _)| !ignored(k))) && same_managers(new, old)
}

/// Returns whether the same managers own the same fields, whatever the timestamps.
fn same_managers(new: &Object, old: &Object) -> bool {
    let (a, b) = (new.list("/managedFields"), old.list("/managedFields"));
    a.len() == b.len()
        && a.iter().zip(b).all(|(x, y)| {
            ["manager", "operation", "subresource", "apiVersion", "fieldsV1"].iter().all(|k| x.get(k) == y.get(k))
        })
}

impl Update<'_> {
    /// Runs the stages of the update in order and returns the object as the client sees it.
    fn run(mut self, server: &mut Server) -> Result<Response> {
        let result = self.stages(server);
        let warnings = self.warnings;
        match result {
            Ok(object) => Ok(Response { warnings, ..Response::of(object) }),
            Err(status) => Err(status.with_warnings(warnings)),
        }
    }

    fn stages(&mut self, server: &mut Server) -> Result<Arc<Object>> {
        self.check_name()?;
        check_preconditions(self.kind, &self.new, &self.old, self.request)?;
        keep_identity(&mut self.new, &self.old);
        let is_complete = self.request.is_from_control_plane() && self.strategy.is_complete(&self.new, &self.old);
        if !is_complete {
            self.kind.set_defaults(&mut self.new);
        }
        let managed = match self.is_recorded {
            true => strategy::recorded(&self.new),
            false => self.strategy.managed_fields(self.kind, &self.old, &self.new, self.request, self.now),
        };
        self.strategy.prepare(self.kind, &mut self.new, &self.old);
        gates::drop_disabled_fields(self.kind, &mut self.new, Some(&self.old));
        if self.strategy.is_admitted() {
            if admission::mutate(&mut self.admission(server))? {
                self.strategy.prepare(self.kind, &mut self.new, &self.old);
            }
            server.allocate(self.kind, &mut self.new, Some(&self.old), self.request.options.dry_run)?;
        }
        self.validate()?;
        if self.strategy.is_admitted() {
            admission::validate(&mut self.admission(server))?;
        }
        if !is_complete {
            decode::complete(self.kind, &mut self.new);
        }
        managers::put(&mut self.new, managed);
        limits::check_entry(self.kind, &self.new, self.request)?;
        let new = std::mem::take(&mut self.new);
        let object = server.store_update(self.kind, &self.old, new, self.request.options.dry_run)?;
        Ok(server.in_version(self.kind, object, &self.request.version))
    }

    /// Rejects an object whose name differs from that in the request.
    fn check_name(&self) -> Result<()> {
        let (sent, addressed) = (self.new.name(), &self.request.name);
        if sent == addressed {
            return Ok(());
        }
        let message = format!("the name of the object ({sent}) does not match the name on the URL ({addressed})");
        Err(Status::bad_request(message))
    }

    fn admission<'b>(&'b mut self, server: &'b mut Server) -> Admission<'b> {
        Admission {
            server,
            request: self.request,
            kind: self.kind,
            operation: Operation::Update,
            new: &mut self.new,
            old: Some(&self.old),
            now: self.now,
            warnings: &mut self.warnings,
        }
    }

    /// Validates what a client sent; the control plane writes valid objects.
    fn validate(&mut self) -> Result<()> {
        if self.request.is_from_control_plane() {
            return Ok(());
        }
        let errors = self.errors();
        if !errors.is_empty() {
            let names = self.kind.names();
            return Err(Status::invalid(names.group, names.kind, &self.request.name, &errors));
        }
        if self.strategy.is_admitted() {
            self.warnings.extend(self.kind.warnings(&self.new, Some(&self.old)));
        }
        Ok(())
    }

    fn errors(&self) -> ErrorList {
        let mut errors = meta::validate_update(self.kind, &self.new, &self.old);
        errors.extend(self.strategy.validate(self.kind, &self.new, &self.old));
        add_rule_violations(self.kind, &self.new, Some(&self.old), &mut errors);
        errors
    }
}

/// Rejects an update whose resourceVersion or uid is not that of the stored object (optimistic concurrency). The uid of a
/// patched object is validated instead (`ValidateObjectMetaUpdate`).
fn check_preconditions(kind: &dyn Kind, new: &Object, old: &Object, request: &Request) -> Result<()> {
    let names = kind.names();
    let has_precondition = request.verb == Verb::Update || request.is_from_control_plane();
    if has_precondition && !new.uid().is_empty() && new.uid() != old.uid() {
        let detail = format!(
            "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
            storage_key(kind, old),
            new.uid(),
            old.uid()
        );
        return Err(Status::conflict(names.group, names.plural, old.name(), &detail));
    }
    let sent = new.resource_version();
    if sent.is_empty() || request.is_from_control_plane() && sent == old.resource_version() {
        return Ok(());
    }
    let version: u64 = sent.parse().map_err(|_| {
        Status::new(Reason::Unknown, format!("strconv.ParseUint: parsing {}: invalid syntax", quote(sent)))
    })?;
    // Version 0 stands for any, which custom resources do not allow (`AllowUnconditionalUpdate`).
    if version == 0 && decode::root(kind).is_none() {
        let error = field::invalid(&Path::new("metadata.resourceVersion"), 0, "must be specified for an update");
        return Err(Status::invalid(names.group, names.plural, old.name(), &vec![error]));
    }
    if version != 0 && sent != old.resource_version() {
        return Err(Status::modified(names.group, names.plural, old.name()));
    }
    Ok(())
}

/// Returns the key of an object in the storage of the real API server (`DefaultStorageFactory`).
fn storage_key(kind: &dyn Kind, object: &Object) -> String {
    let names = kind.names();
    let resource = match names.plural {
        "replicationcontrollers" => "controllers".into(),
        "endpoints" => "services/endpoints".into(),
        "services" => "services/specs".into(),
        "nodes" => "minions".into(),
        "ingresses" => "ingress".into(),
        plural if decode::root(kind).is_none() || plural == "customresourcedefinitions" || plural == "apiservices" => {
            format!("{}/{plural}", names.group)
        }
        plural => plural.to_owned(),
    };
    let parts = ["/registry", &resource, object.namespace(), object.name()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

/// Copies the metadata that an update cannot change from the old version.
fn keep_identity(new: &mut Object, old: &Object) {
    const KEPT: [&str; 7] = [
        "selfLink",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
        "generateName",
    ];
    // A controller that changes the status sends the metadata that it has read.
    if old.get("metadata").is_some_and(|metadata| new.get("metadata") == Some(metadata)) {
        return;
    }
    let new = new.map_mut("/metadata");
    let old = old.get("metadata");
    let old = |field: &str| old.and_then(|metadata| metadata.get(field));
    for field in KEPT {
        match old(field) {
            Some(value) if new.get(field) == Some(value) => {}
            Some(value) => drop(new.insert(field, value.clone())),
            None => drop(new.remove(field)),
        }
    }
    if let Some(uid) = old("uid")
        && new.get("uid").and_then(Value::as_str).is_none_or(str::is_empty)
    {
        new.insert("uid", uid.clone());
    }
    if new.get("managedFields").is_none_or(Value::is_null)
        && let Some(managed) = old("managedFields")
    {
        new.insert("managedFields", managed.clone());
    }
}
