//! Creating objects: names, identity, admission and validation (`apiserver/pkg/registry/rest/create.go`).

use std::sync::Arc;

use super::admission::{self, Admission, Operation};
use super::twin::has_twins;
use super::{
    DEFINITIONS, Request, Response, Result, Server, certificate_requests, decode, limits, managers, meta, review,
};
use kctl_base::field::ErrorList;
use kctl_base::json::{SharedStr, Value};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_kinds::catalog::KindRef;
use kctl_kinds::{Kind, gates};

/// Maximum number of generated names that are tried (`maxNameGenerationCreateAttempts`).
const NAME_TRIES: usize = 8;

impl Server {
    /// Creates the object in the body of a request, which is left empty.
    pub(super) fn create(&mut self, kind: KindRef, request: &mut Request, now: Time) -> Result<Response> {
        let body = request.take_object()?;
        let mut warnings = Vec::new();
        let mut new = decode::body(&*kind, body, request, &mut warnings)?;
        decode::expect_kind(&*kind, &new)?;
        if review::is_review(&*kind) {
            return self.review(&*kind, new, request, now, warnings);
        }
        self.check_definition(&*kind, new.name())?;
        self.to_stored_version(&*kind, &mut new);
        self.set_namespace(&*kind, &mut new, request)?;
        new.remove_at("/metadata/managedFields");
        self.create_object(kind, new, None, request, now, warnings)
    }

    /// Rejects a new object whose definition is being deleted.
    fn check_definition(&mut self, kind: &dyn Kind, name: &str) -> Result<()> {
        if kind.field_types().is_none() {
            return Ok(());
        }
        let names = kind.names();
        let definition = self.read(DEFINITIONS, "", &names.resource())?;
        if definition.is_none_or(|definition| !definition.is_deleting()) {
            return Ok(());
        }
        let text = "create not allowed while custom resource definition is terminating";
        Err(Status::forbidden(names.group, names.plural, name, text))
    }

    /// Creates a decoded object: the stages that creates and server-side apply share. Server-side apply passes the
    /// managedFields that it has computed; `None` records those of a create.
    pub(super) fn create_object(
        &mut self,
        kind: KindRef,
        new: Object,
        managed: Option<Value>,
        request: &Request,
        now: Time,
        mut warnings: Vec<String>,
    ) -> Result<Response> {
        match self.create_stages(kind, new, managed, request, now, &mut warnings) {
            Ok(object) => Ok(Response { warnings, created: true, ..Response::of(object) }),
            Err(status) => Err(status.with_warnings(warnings)),
        }
    }

    fn create_stages(
        &mut self,
        kind: KindRef,
        mut new: Object,
        managed: Option<Value>,
        request: &Request,
        now: Time,
        warnings: &mut Vec<String>,
    ) -> Result<Arc<Object>> {
        // A dry run is not persisted, so its resourceVersion is not checked.
        let has_version = new.resource_version().parse::<u64>().is_ok_and(|v| v != 0) && !request.options.dry_run;
        if managed.is_none()
            && let Some(copy) = self.copy_of_twin(&*kind, &new, request, now)?
        {
            let object = self.store.write(&Server::key(&*kind, copy.namespace(), copy.name()), copy)?;
            return Ok(self.in_version(&*kind, object, &request.version));
        }
        let may_have_twins = managed.is_none() && has_twins(&*kind, &new, request);
        let managed = self.set_defaults_and_name(&*kind, &mut new, managed, request, now)?;
        self.set_identity(&*kind, &mut new, request, now)?;
        self.note_reads(may_have_twins);
        kind.prepare_create(&mut new);
        certificate_requests::set_requester(&*kind, &mut new, request);
        gates::drop_disabled_fields(&*kind, &mut new, None);
        if admission::mutate(&mut self.admission(&*kind, &mut new, None, request, now, warnings))? {
            // What is derived from the object has to fit what policies have made of it.
            kind.prepare_create(&mut new);
        }
        // As in Kubernetes, an address or port that cannot be allocated is reported before all other problems.
        self.allocate(&*kind, &mut new, None, request.options.dry_run)?;
        self.validate_new(&*kind, &new, request)?;
        if !request.is_from_control_plane() {
            warnings.extend(kind.warnings(&new, None));
        }
        let key = Server::key(&*kind, new.namespace(), new.name());
        if let Some(present) = self.store.get(&key)? {
            let mut exists = Status::already_exists(kind.names().group, kind.names().plural, new.name());
            if present.is_deleting() {
                exists.message = format!("object is being deleted: {}", exists.message);
            }
            return Err(exists);
        }
        if has_version {
            let text = "resourceVersion should not be set on objects to be created";
            return Err(Status::new(Reason::Unknown, text));
        }
        admission::validate(&mut self.admission(&*kind, &mut new, None, request, now, warnings))?;
        kind.set_defaults_on_read(&mut new);
        decode::complete(&*kind, &mut new);
        managers::put(&mut new, managed);
        limits::check_entry(&*kind, &new, request)?;
        let object = if request.options.dry_run { Arc::new(new) } else { self.store.write(&key, new)? };
        self.remember_admitted(&*kind, &object, !warnings.is_empty())?;
        self.after_write(&*kind, request.options.dry_run)?;
        Ok(self.in_version(&*kind, object, &request.version))
    }

    /// Validates a new object and reports all errors at once.
    fn validate_new(&self, kind: &dyn Kind, new: &Object, request: &Request) -> Result<()> {
        let mut errors = meta::validate_create(kind, new);
        errors.extend(kind.validate(new));
        errors.extend(kind.validate_create(new));
        if let Some(version) = &request.version {
            errors.extend(kind.validate_create_in(&version.group, new));
        }
        add_rule_violations(kind, new, None, &mut errors);
        if errors.is_empty() {
            return Ok(());
        }
        let names = kind.names();
        Err(Status::invalid(names.group, names.kind, new.name_or_prefix(), &errors))
    }

    /// Converts an object from another served version to the stored one.
    pub(super) fn to_stored_version(&self, kind: &dyn Kind, object: &mut Object) {
        let names = kind.names();
        if object.api_version() != names.api_version() {
            kind.convert(object, names.group, names.version);
            object.put("/apiVersion", names.api_version());
        }
    }

    /// Sets the namespace of the request in an object without one, and rejects an object of another namespace.
    pub(super) fn set_namespace(&self, kind: &dyn Kind, object: &mut Object, request: &Request) -> Result<()> {
        if !kind.names().namespaced {
            object.remove_at("/metadata/namespace");
            return Ok(());
        }
        match object.namespace() {
            "" => object.put("/metadata/namespace", request.namespace.as_str()),
            same if same == request.namespace => {}
            _ => {
                return Err(Status::bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request",
                ));
            }
        }
        Ok(())
    }

    /// Names an object that has only `metadata.generateName`: the prefix and five random characters.
    pub(super) fn generate_name(&mut self, kind: &dyn Kind, new: &mut Object) -> Result<()> {
        let prefix = new.str("/metadata/generateName").to_string();
        if !new.name().is_empty() || prefix.is_empty() {
            return Ok(());
        }
        let prefix: String = prefix.chars().take(58).collect();
        let controller = self.controller_of(new)?;
        let owner =
            controller.unwrap_or_else(|| format!("{}/{}/{prefix}", kind.names().resource(), new.namespace()).into());
        for _ in 0..NAME_TRIES {
            let counter = self.next_counter("name", &owner)?;
            let name = format!("{prefix}{}", self.ids.suffix("name", &owner, counter, 5));
            if self.store.get(&Server::key(kind, new.namespace(), &name))?.is_none() {
                new.put("/metadata/name", name);
                return Ok(());
            }
        }
        Err(Status::already_exists(kind.names().group, kind.names().plural, &prefix))
    }

    /// Sets the uid and creation time, and removes metadata that only the server may set.
    pub(super) fn set_identity(
        &mut self,
        kind: &dyn Kind,
        new: &mut Object,
        request: &Request,
        now: Time,
    ) -> Result<()> {
        let meta = new.map_mut("/metadata");
        for field in ["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion"] {
            meta.remove(field);
        }
        new.put("/metadata/creationTimestamp", now.rfc3339());
        // A controller can derive a uid from its own data, which then stays the same whatever else is created.
        if request.is_from_control_plane() && !new.uid().is_empty() {
            return Ok(());
        }
        let resource = kind.names().resource();
        let uid = match self.controller_of(new)? {
            Some(controller) => {
                let counter = self.next_counter(&format!("uid/{resource}"), &controller)?;
                self.ids.uid("uid", &format!("{controller}/{resource}"), counter)
            }
            None => {
                let owner = format!("{resource}/{}/{}", new.namespace(), new.name());
                let counter = self.next_counter("uid", &owner)?;
                self.ids.uid("uid", &owner, counter)
            }
        };
        new.put("/metadata/uid", uid);
        Ok(())
    }

    /// Returns the uid of the controller of a new object; `None` without a controller, or when it no longer exists and its
    /// counters have been removed with it.
    fn controller_of(&mut self, new: &Object) -> Result<Option<SharedStr>> {
        let Some(owner) = new.controller_of() else { return Ok(None) };
        let Some(kind) = self.kind_of(&owner.api_version, &owner.kind) else { return Ok(None) };
        let namespace = if kind.names().namespaced { new.namespace() } else { "" };
        let found = self.read(&kind.names().resource(), namespace, &owner.name)?;
        Ok(found.is_some_and(|found| found.uid() == owner.uid).then_some(owner.uid))
    }

    /// Returns the admission request of an object, for [`admission::mutate`] before and [`admission::validate`] after the
    /// validation of its kind.
    pub(super) fn admission<'a>(
        &'a mut self,
        kind: &'a dyn Kind,
        new: &'a mut Object,
        old: Option<&'a Object>,
        request: &'a Request,
        now: Time,
        warnings: &'a mut Vec<String>,
    ) -> Admission<'a> {
        Admission { server: self, request, kind, operation: Operation::of(old), new, old, now, warnings }
    }
}

/// Adds the violated CEL rules of the kind, unless an earlier error prevents their evaluation.
pub(super) fn add_rule_violations(kind: &dyn Kind, new: &Object, old: Option<&Object>, errors: &mut ErrorList) {
    if !errors.iter().any(|error| error.cause.hides_rules()) {
        errors.extend(kind.evaluate_rules(new, old));
    }
}
