//! Deletion: preconditions, grace, finalizers and what becomes of dependents.

use std::sync::Arc;

use super::update::is_finished;
use super::{Propagation, Request, Response, Result, Server, broken};
use crate::kinds::Kind;
use crate::machinery::object::{Meta, Object, Reading, Writing};
use crate::machinery::status::Status;
use crate::sim::{Duration, Time};

/// The finalizer that makes the garbage collector orphan the dependents first.
pub(super) const ORPHAN: &str = "orphan";
/// The finalizer that makes the garbage collector delete the dependents first.
pub(super) const FOREGROUND: &str = "foregroundDeletion";

impl Server {
    pub(super) fn delete(&mut self, kind: &dyn Kind, request: &Request, now: Time) -> Result<Response> {
        let old = self.must_read(kind, &request.namespace, &request.name)?;
        let names = kind.names();
        check_preconditions(kind, request, &old)?;
        let mut warnings = Vec::new();
        let mut new = (*old).clone();
        self.admit(kind, &mut new, Some(&old), request, now, &mut warnings)?;
        if names.kind == "Namespace" {
            return self.delete_namespace(kind, old, request, now);
        }
        set_policy_finalizers(kind, &mut new, request.options.propagation);
        let period = kind.grace_period(&old, request.options.grace);
        let grace = period.unwrap_or(0).max(0);
        let key = Server::key(kind, old.namespace(), old.name());
        if grace == 0 && new.finalizers().is_empty() {
            if !request.options.dry_run {
                if period.is_some() {
                    // What can end gracefully is marked even when it ends now: that is a version of its own, which watches see.
                    mark_deleted(&mut new, &old, 0, now);
                    self.store.write(&key, new).map_err(broken)?;
                }
                self.store.remove(&key).map_err(broken)?;
                self.after_remove(kind, &old)?;
            }
            return Ok(Response { object: old, warnings, ..Response::default() });
        }
        mark_deleted(&mut new, &old, grace, now);
        if request.options.dry_run {
            return Ok(Response { object: Arc::new(new), warnings, pending: true, ..Response::default() });
        }
        let object = self.store_update(kind, &old, new, false)?;
        let pending = !is_finished(&object);
        Ok(Response { object, warnings, pending, ..Response::default() })
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
            return Ok(Response { object: Arc::new(new), pending: true, ..Response::default() });
        }
        let object = self.store_update(kind, &old, new, false)?;
        Ok(Response { pending: !is_finished(&object), object, ..Response::default() })
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

/// The policy becomes a finalizer that the garbage collector works off; background deletion needs none.
fn set_policy_finalizers(kind: &dyn Kind, new: &mut Object, policy: Option<Propagation>) {
    let policy = match policy {
        Some(policy) => policy,
        None if new.has_finalizer(ORPHAN) || new.has_finalizer(FOREGROUND) => return,
        None if kind.orphans_by_default() => Propagation::Orphan,
        None => Propagation::Background,
    };
    new.remove_finalizer(ORPHAN);
    new.remove_finalizer(FOREGROUND);
    match policy {
        Propagation::Orphan => new.add_finalizer(ORPHAN),
        Propagation::Foreground => new.add_finalizer(FOREGROUND),
        Propagation::Background => {}
    }
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
