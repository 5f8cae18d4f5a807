//! Deleting objects: preconditions, grace periods, finalizers and propagation (`apiserver/pkg/registry/rest/delete.go`,
//! `apiserver/pkg/registry/generic/registry/store.go`).

use std::sync::Arc;

use super::{Propagation, Request, Response, Result, Server, admission};
use crate::store::ObjectKey;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;
use kctl_kinds::Kind;

/// The finalizer that makes the garbage collector orphan the dependents first.
pub(super) const ORPHAN: &str = "orphan";
/// The finalizer that makes the garbage collector delete the dependents first.
pub(super) const FOREGROUND: &str = "foregroundDeletion";

/// Resources whose objects are numerous and never owners, so that their uids have no counters.
const NEVER_OWNERS: &[&str] = &["events"];

impl Server {
    /// Deletes an object: removes it, or marks it when it has finalizers or a grace period.
    pub(super) fn delete(&mut self, kind: &dyn Kind, request: &Request, now: Time) -> Result<Response> {
        let old = self.must_read(kind, &request.namespace, &request.name)?;
        let names = kind.names();
        check_preconditions(kind, request, &old)?;
        admission::admit_deletion(kind, &old)?;
        let mut warnings = Vec::new();
        admission::validating_policy::admit_deletion(self, kind, &old, request, &mut warnings)?;
        admission::webhooks::admit_deletion(self, kind, &old, request)?;
        let response = match names.kind {
            "Namespace" => self.delete_namespace(kind, old, request, now)?,
            "CustomResourceDefinition" => self.delete_definition(kind, old, request, now)?,
            _ => self.delete_object(kind, old, request, now)?,
        };
        Ok(Response { warnings, ..response })
    }

    /// Removes an object or marks it for deletion.
    fn delete_object(&mut self, kind: &dyn Kind, old: Arc<Object>, request: &Request, now: Time) -> Result<Response> {
        let finalizers = finalizers_of(kind, &old, request.options.propagation);
        let period = kind.grace_period(&old, request.options.grace);
        let grace = period.unwrap_or(0).max(0);
        if grace == 0 && finalizers.is_empty() {
            if !request.options.dry_run {
                let key = Server::key(kind, old.namespace(), old.name());
                if period.is_some() {
                    // A kind with graceful deletion is marked even without a grace period: watches see that version.
                    self.store.write(&key, marked(&old, &finalizers, 0, now))?;
                }
                self.remove(kind, &key)?;
            }
            return Ok(Response::of(old));
        }
        let new = marked(&old, &finalizers, grace, now);
        if request.options.dry_run {
            return Ok(Response::of(new.into()));
        }
        self.store_update(kind, &old, new, false).map(Response::of)
    }

    /// Removes an object from the store and returns its last version. Also removes the kind of a definition, and the counters
    /// of the uid, which is never used again.
    pub(super) fn remove(&mut self, kind: &dyn Kind, key: &ObjectKey) -> Result<Option<Arc<Object>>> {
        let Some(last) = self.store.remove(key)? else { return Ok(None) };
        self.after_write(kind, false)?;
        if !NEVER_OWNERS.contains(&kind.names().plural) {
            self.store.forget_counters(last.uid())?;
        }
        Ok(Some(last))
    }

    /// Marks a definition for deletion with the finalizer that keeps it until its instances are gone
    /// (`apiextensions-apiserver/pkg/registry/customresourcedefinition/etcd.go`).
    fn delete_definition(
        &mut self,
        kind: &dyn Kind,
        old: Arc<Object>,
        request: &Request,
        now: Time,
    ) -> Result<Response> {
        if old.is_deleting() {
            return self.delete_object(kind, old, request, now);
        }
        self.delete_object(kind, with_cleanup(&old, now).into(), request, now)
    }

    /// Marks a namespace as terminating; its controller deletes the contents and then removes the finalizer.
    fn delete_namespace(
        &mut self,
        kind: &dyn Kind,
        old: Arc<Object>,
        request: &Request,
        now: Time,
    ) -> Result<Response> {
        let mut new = (*old).clone();
        if !new.is_deleting() {
            new.put("/metadata/deletionTimestamp", now.rfc3339());
            new.put("/status/phase", "Terminating");
        }
        if request.options.dry_run {
            return Ok(Response::of(new.into()));
        }
        self.store_update(kind, &old, new, false).map(Response::of)
    }
}

/// Returns a definition that its controller removes after its instances.
fn with_cleanup(old: &Object, now: Time) -> Object {
    let mut new = old.clone();
    new.add_finalizer(kctl_kinds::custom::CLEANUP);
    let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    let condition = json!({"type": "Terminating", "status": "True", "reason": "InstanceDeletionPending",
        "message": message, "lastTransitionTime": now.rfc3339()});
    new.list_mut("/status/conditions").push(condition);
    new
}

/// Rejects a deletion whose uid or resourceVersion precondition does not match the object.
fn check_preconditions(kind: &dyn Kind, request: &Request, old: &Object) -> Result<()> {
    let names = kind.names();
    if let Some(uid) = request.options.uid.as_deref().filter(|u| *u != old.uid()) {
        let detail = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", old.uid());
        return Err(Status::conflict(names.group, names.plural, old.name(), &detail));
    }
    if let Some(version) = request.options.resource_version.as_deref().filter(|v| *v != old.resource_version()) {
        let present = old.resource_version();
        let detail = format!(
            "Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: {present}"
        );
        return Err(Status::conflict(names.group, names.plural, old.name(), &detail));
    }
    Ok(())
}

/// Returns the finalizers of an object to delete. The propagation policies orphan and foreground add one that the garbage
/// collector removes; background deletion needs none.
fn finalizers_of<'a>(kind: &dyn Kind, old: &'a Object, policy: Option<Propagation>) -> Vec<&'a str> {
    let mut finalizers = old.finalizers();
    let is_policy = |finalizer: &&str| [ORPHAN, FOREGROUND].contains(finalizer);
    let policy = match policy {
        Some(policy) => policy,
        None if finalizers.iter().any(is_policy) => return finalizers,
        None if kind.orphans_by_default() => Propagation::Orphan,
        None => Propagation::Background,
    };
    finalizers.retain(|finalizer| !is_policy(finalizer));
    match policy {
        Propagation::Orphan => finalizers.push(ORPHAN),
        Propagation::Foreground => finalizers.push(FOREGROUND),
        Propagation::Background => {}
    }
    finalizers
}

/// Returns the version of an object that is marked for deletion.
fn marked(old: &Object, finalizers: &[&str], grace: i64, now: Time) -> Object {
    let mut new = old.clone();
    match finalizers.is_empty() {
        true => drop(new.remove_at("/metadata/finalizers")),
        false => new.put("/metadata/finalizers", finalizers),
    }
    set_deletion(&mut new, old, grace, now);
    new
}

/// Sets the deletion timestamp and grace period; the grace period of a deletion in progress can only be shortened.
fn set_deletion(new: &mut Object, old: &Object, grace: i64, now: Time) {
    let current = old.int("/metadata/deletionGracePeriodSeconds");
    if old.is_deleting() && current.is_some_and(|current| current <= grace) {
        return;
    }
    new.put("/metadata/deletionTimestamp", (now + Duration::from_secs(grace)).rfc3339());
    new.put("/metadata/deletionGracePeriodSeconds", grace);
    if !old.is_deleting() && old.generation() > 0 {
        new.put("/metadata/generation", old.generation() + 1);
    }
}
