//! Replacing an object, whole or only its status.

use std::sync::Arc;

use super::admission;
use super::create::add_broken_rules;
use super::{Body, Request, Response, Result, Server, broken, decode, managers, meta};

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::status::Status;
use kctl_kinds::Kind;

impl Server {
    /// Takes the object out of the request.
    pub(super) fn update(&mut self, kind: &dyn Kind, request: &mut Request, now: Time) -> Result<Response> {
        let Body::Object(body) = std::mem::take(&mut request.body) else {
            return Err(Status::bad_request("the body of the request was in an unknown format"));
        };
        let mut warnings = Vec::new();
        let mut new = decode::body(kind, body, &request.options, &mut warnings)?;
        decode::expect_kind(kind, &new, request)?;
        self.to_stored_version(kind, &mut new);
        self.enter_namespace(kind, &mut new, request)?;
        let old = self.must_read(kind, &request.namespace, &request.name)?;
        self.replace(kind, old, new, request, now, warnings)
    }

    /// The second half of an update, which patches share: `new` is decoded and takes the place of `old`.
    pub(super) fn replace(
        &mut self,
        kind: &dyn Kind,
        old: Arc<Object>,
        mut new: Object,
        request: &Request,
        now: Time,
        mut warnings: Vec<String>,
    ) -> Result<Response> {
        let names = *kind.names();
        let status_only = request.subresource == "status";
        if request.subresource == "status" && !kind.has_status() {
            return Err(Status::no_resource());
        }
        if new.name() != request.name {
            let message = format!(
                "the name of the object ({}) does not match the name on the URL ({})",
                new.name(),
                request.name
            );
            return Err(Status::bad_request(message));
        }
        check_preconditions(kind, &new, &old)?;
        carry_identity(&mut new, &old);
        let binding = request.subresource == "binding";
        // The control plane writes whole statuses, a binding sets one field, and what only changes its metadata (an owner, a
        // finalizer) is as complete as before: there is nothing to fill in.
        let whole = request.options.trusted && (status_only || binding || differs_in_metadata_only(&new, &old));
        if !whole {
            kind.set_defaults(&mut new);
        }
        let managed = match request.body {
            // A binding is owned by nobody.
            _ if binding => new.pointer("/metadata/managedFields").cloned(),
            // Server-side apply has recorded it already.
            Body::Patch(super::PatchType::Apply, _) => new.pointer("/metadata/managedFields").cloned(),
            _ => managers::after(kind, Some(&old), &new, request, now),
        };
        match request.subresource.as_str() {
            "status" => kind.prepare_status(&mut new, &old),
            "finalize" => {
                let finalizers = new.get("spec").cloned();
                let mut kept = (*old).clone();
                if let Some(spec) = finalizers {
                    kept.put("/spec", spec);
                }
                new = kept;
            }
            // A binding writes the node and what follows from it, and counts as no change of the spec.
            "binding" => {}
            _ => kind.prepare_update(&mut new, &old),
        }
        if !status_only {
            admission::run(&mut self.admission(kind, &mut new, Some(&old), request, now, &mut warnings))?;
        }
        if !request.options.trusted {
            let mut errors = meta::validate_update(kind, &new, &old);
            if status_only {
                errors.extend(kind.validate_status(&new, &old));
            } else {
                errors.extend(kind.validate(&new));
                errors.extend(kind.validate_update(&new, &old));
            }
            add_broken_rules(kind, &new, Some(&old), &mut errors);
            if !errors.is_empty() {
                return Err(Status::invalid(names.group, names.kind, &request.name, &errors));
            }
            if !status_only {
                warnings.extend(kind.warnings(&new, Some(&old)));
            }
        }
        if !status_only {
            self.allocate(kind, &mut new, Some(&old))?;
            admission::validate(&mut self.admission(kind, &mut new, Some(&old), request, now, &mut warnings))?;
        }
        if !whole {
            decode::complete(kind, &mut new);
        }
        managers::put(&mut new, managed);
        let object = self.store_update(kind, &old, new, request.options.dry_run)?;
        let unchanged = Arc::ptr_eq(&object, &old);
        let object = self.shown(kind, object, &request.version);
        Ok(Response { object, warnings, unchanged, ..Response::default() })
    }

    /// Writes the new version of an object unless nothing changed; an object that was only waiting for its finalizers goes.
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
        let object = self.store.write(&key, new).map_err(broken)?;
        self.after_write(kind, &object, false)?;
        if is_finished(&object) {
            return Ok(self.remove(kind, &key)?.unwrap_or(object));
        }
        Ok(object)
    }
}

/// Whether an object in deletion has nothing left to wait for.
pub(super) fn is_finished(object: &Object) -> bool {
    object.is_deleting()
        && object.finalizers().is_empty()
        && object.int("/metadata/deletionGracePeriodSeconds").unwrap_or(0) == 0
        && object.list("/spec/finalizers").is_empty()
}

/// Whether two versions are the same but for their metadata.
fn differs_in_metadata_only(new: &Object, old: &Object) -> bool {
    let (Some(a), Some(b)) = (new.as_object(), old.as_object()) else { return false };
    a.len() == b.len() && a.iter().all(|(key, value)| key == "metadata" || b.get(key) == Some(value))
}

/// An update that brings nothing new writes nothing, so that nobody is woken by it. The times in managedFields do not count.
fn same_content(new: &Object, old: &Object) -> bool {
    let (Some(a), Some(b)) = (new.as_object(), old.as_object()) else { return false };
    a.len() == b.len()
        && a.iter().all(|(key, value)| match (key.as_str(), b.get(key)) {
            ("metadata", Some(other)) => same_metadata(value, other),
            (_, Some(other)) => value == other,
            (_, None) => false,
        })
}

fn same_metadata(new: &Object, old: &Object) -> bool {
    let ignored = |key: &str| key == "managedFields" || key == "resourceVersion";
    let (Some(a), Some(b)) = (new.as_object(), old.as_object()) else { return false };
    a.iter().filter(|(k, _)| !ignored(k)).eq(b.iter().filter(|(k, _)| !ignored(k))) && same_managers(new, old)
}

/// Whether managers own the same fields, whenever they came to.
fn same_managers(new: &Object, old: &Object) -> bool {
    let (a, b) = (new.list("/managedFields"), old.list("/managedFields"));
    a.len() == b.len()
        && a.iter().zip(b).all(|(x, y)| {
            ["manager", "operation", "subresource", "apiVersion", "fieldsV1"].iter().all(|k| x.get(k) == y.get(k))
        })
}

/// Optimistic concurrency: a version or uid that is sent along must be the present one.
fn check_preconditions(kind: &dyn Kind, new: &Object, old: &Object) -> Result<()> {
    let names = kind.names();
    if !new.uid().is_empty() && new.uid() != old.uid() {
        let why = format!("Precondition failed: UID in precondition: {}, UID in object meta: {}", new.uid(), old.uid());
        return Err(Status::conflict(names.group, names.plural, old.name(), &why));
    }
    if !new.resource_version().is_empty() && new.resource_version() != old.resource_version() {
        return Err(Status::modified(names.group, names.plural, old.name()));
    }
    Ok(())
}

/// What an update can not change is taken from the old version.
fn carry_identity(new: &mut Object, old: &Object) {
    const KEPT: [&str; 7] = [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
        "generateName",
    ];
    let new = new.map_mut("/metadata");
    let old = |field: &str| old.get("metadata").and_then(|metadata| metadata.get(field));
    for field in KEPT {
        match old(field) {
            Some(value) if new.get(field) == Some(value) => {}
            Some(value) => drop(new.insert(field, value.clone())),
            None => drop(new.remove(field)),
        }
    }
    if new.get("managedFields").is_none_or(Value::is_null)
        && let Some(managed) = old("managedFields")
    {
        new.insert("managedFields", managed.clone());
    }
}
