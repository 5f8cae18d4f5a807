//! Deletion: preconditions, grace, finalizers and what becomes of dependents.

use std::sync::Arc;

use super::{Propagation, Request, Response, Result, Server, admission};
use crate::store::ObjectKey;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;
use kctl_kinds::Kind;

/// The finalizer that makes the garbage collector orphan the dependents first.
pub(super) const ORPHAN: &str = "orphan";
/// The finalizer that makes the garbage collector delete the dependents first.
pub(super) const FOREGROUND: &str = "foregroundDeletion";

/// Kinds whose objects are many and own nothing.
const NEVER_OWNERS: &[&str] = &["events"];

impl Server {
    pub(super) fn delete(&mut self, kind: &dyn Kind, request: &Request, now: Time) -> Result<Response> {
        let old = self.must_read(kind, &request.namespace, &request.name)?;
        let names = kind.names();
        check_preconditions(kind, request, &old)?;
        admission::admit_deletion(kind, &old)?;
        let mut warnings = Vec::new();
        admission::policies::admit_deletion(self, kind, &old, request, &mut warnings)?;
        let response = match names.kind {
            "Namespace" => self.delete_namespace(kind, old, request, now)?,
            _ => self.delete_object(kind, old, request, now)?,
        };
        Ok(Response { warnings, ..response })
    }

    fn delete_object(&mut self, kind: &dyn Kind, old: Arc<Object>, request: &Request, now: Time) -> Result<Response> {
        let finalizers = finalizers_of(kind, &old, request.options.propagation);
        let period = kind.grace_period(&old, request.options.grace);
        let grace = period.unwrap_or(0).max(0);
        if grace == 0 && finalizers.is_empty() {
            if !request.options.dry_run {
                let key = Server::key(kind, old.namespace(), old.name());
                if period.is_some() {
                    // What can end gracefully is marked even when it ends now: that is a version of its own, which watches see.
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

    /// Takes an object out of the store, and with it what was kept for its sake: a definition takes its kinds along, and no
    /// owner of the same uid will ever come back. Answers its last version.
    pub(super) fn remove(&mut self, kind: &dyn Kind, key: &ObjectKey) -> Result<Option<Arc<Object>>> {
        let Some(last) = self.store.remove(key)? else { return Ok(None) };
        self.after_write(kind, false)?;
        if !NEVER_OWNERS.contains(&kind.names().plural) {
            self.store.forget_counters(last.uid())?;
        }
        Ok(Some(last))
    }

    /// A namespace only begins to go: its controller empties it and then takes the finalizer off.
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

fn check_preconditions(kind: &dyn Kind, request: &Request, old: &Object) -> Result<()> {
    let names = kind.names();
    if let Some(uid) = request.options.uid.as_deref().filter(|u| *u != old.uid()) {
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", old.uid());
        return Err(Status::conflict(names.group, names.plural, old.name(), &why));
    }
    if let Some(version) = request.options.resource_version.as_deref().filter(|v| *v != old.resource_version()) {
        let present = old.resource_version();
        let why = format!(
            "Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: {present}"
        );
        return Err(Status::conflict(names.group, names.plural, old.name(), &why));
    }
    Ok(())
}

/// The finalizers of what is being deleted: the policy becomes one that the garbage collector works off; background deletion
/// needs none.
fn finalizers_of<'a>(kind: &dyn Kind, old: &'a Object, policy: Option<Propagation>) -> Vec<&'a str> {
    let mut finalizers = old.finalizers();
    let of_policy = |finalizer: &&str| [ORPHAN, FOREGROUND].contains(finalizer);
    let policy = match policy {
        Some(policy) => policy,
        None if finalizers.iter().any(of_policy) => return finalizers,
        None if kind.orphans_by_default() => Propagation::Orphan,
        None => Propagation::Background,
    };
    finalizers.retain(|finalizer| !of_policy(finalizer));
    match policy {
        Propagation::Orphan => finalizers.push(ORPHAN),
        Propagation::Foreground => finalizers.push(FOREGROUND),
        Propagation::Background => {}
    }
    finalizers
}

/// The version of an object that says that it is being deleted.
fn marked(old: &Object, finalizers: &[&str], grace: i64, now: Time) -> Object {
    let mut new = old.clone();
    match finalizers.is_empty() {
        true => drop(new.remove_at("/metadata/finalizers")),
        false => new.put("/metadata/finalizers", finalizers),
    }
    mark_deleted(&mut new, old, grace, now);
    new
}

/// Sets the deletion time; a deletion that is under way can only be shortened.
fn mark_deleted(new: &mut Object, old: &Object, grace: i64, now: Time) {
    let running = old.int("/metadata/deletionGracePeriodSeconds");
    if old.is_deleting() && running.is_some_and(|r| r <= grace) {
        return;
    }
    new.put("/metadata/deletionTimestamp", (now + Duration::from_secs(grace)).rfc3339());
    new.put("/metadata/deletionGracePeriodSeconds", grace);
    if !old.is_deleting() && old.generation() > 0 {
        new.put("/metadata/generation", old.generation() + 1);
    }
}
