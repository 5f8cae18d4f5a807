//! Cascading deletion: background, foreground and orphan (`pkg/controller/garbagecollector`).
//!
//! Keys are objects: the namespace and `RESOURCE/NAME`. Dependents are found by the index of owners, never by a scan.
//! [`decide`] is the pure decision about an object; the rest reads and writes.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::runtime::Result;
use super::shared::claim::{release, remove_owners};
use super::{Action, Context, Controller, Key, Watch};
use crate::api::{Propagation, Server};
use crate::store::{Change, ChangeKind};
use kctl_base::json::SharedStr;
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};

/// The finalizer of an owner whose dependents are to lose their references to it.
const ORPHAN: &str = "orphan";
/// The finalizer of an owner that waits until its blocking dependents are gone.
const FOREGROUND: &str = "foregroundDeletion";

/// The garbage collector.
pub(super) const CONTROLLER: Controller =
    Controller { name: "garbage-collector-controller", watches: &[Watch::mapped("*", affected_objects)], reconcile };

/// The resource whose objects are never collected, nor owners (`DefaultIgnoredResources`).
const IGNORED: &str = "events";

/// Returns the key of an object.
fn key_of(resource: &str, object: &Object) -> Key {
    Key::new(object.namespace(), &format!("{resource}/{}", object.name()))
}

/// Maps a change to the objects that it may make garbage or unblock (`processGraphChanges`).
fn affected_objects(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let object = &change.object;
    let mut keys = Vec::new();
    if change.key.resource == IGNORED {
        return Ok(keys);
    }
    match change.kind {
        ChangeKind::Deleted => {
            ctx.cache::<AbsentOwners>().insert(object.uid().into());
            // Its dependents may be garbage now, and an owner that waited for it may be unblocked.
            keys.extend(dependents(ctx, object)?.iter().map(|(resource, dependent)| key_of(resource, dependent)));
            keys.extend(waiting_owners(ctx, object)?);
        }
        ChangeKind::Added | ChangeKind::Modified => {
            let before = change.old.as_ref().and_then(|old| old.at("/metadata/ownerReferences"));
            let owners_changed = object.at("/metadata/ownerReferences") != before;
            let deletion_began = object.is_deleting() && !change.old.as_ref().is_some_and(|o| o.is_deleting());
            let waits = is_waiting(object) && (deletion_began || has_other_finalizers(change));
            if waits || (owners_changed && !has_only_solid_owners(ctx, object)?) {
                keys.push(key_of(&change.key.resource, object));
            }
            if let Some(old) = change.old.as_ref().filter(|_| owners_changed) {
                keys.extend(waiting_owners(ctx, old)?);
            }
        }
    }
    Ok(keys)
}

/// Returns `true` when an object is being deleted and waits for its dependents.
fn is_waiting(object: &Object) -> bool {
    object.is_deleting() && (object.has_finalizer(ORPHAN) || object.has_finalizer(FOREGROUND))
}

fn has_other_finalizers(change: &Change) -> bool {
    change.old.as_ref().is_none_or(|old| old.finalizers() != change.object.finalizers())
}

fn has_only_solid_owners(ctx: &mut Context<'_>, object: &Object) -> Result<bool> {
    for owner in object.owners() {
        if classify_owner(ctx, object, &owner)? != Owner::Solid {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns the owners of an object that wait for their dependents to be deleted.
fn waiting_owners(ctx: &mut Context<'_>, object: &Object) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    for owner in object.owners() {
        if classify_owner(ctx, object, &owner)? == Owner::Waiting
            && let Some(kind) = ctx.server().kind_of(&owner.api_version, &owner.kind)
        {
            let namespace = if kind.names().namespaced { object.namespace() } else { "" };
            keys.push(Key::new(namespace, &format!("{}/{}", kind.names().resource(), owner.name)));
        }
    }
    Ok(keys)
}

fn resource_of(server: &Server, api_version: &str, kind: &str) -> Option<SharedStr> {
    server.kind_of(api_version, kind).map(|k| k.names().resource())
}

/// The state of the owner that a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// The owner exists.
    Solid,
    /// The owner is being deleted in the foreground and waits for its dependents.
    Waiting,
    /// The owner does not exist, or another object has its name.
    Dangling,
    /// Unknown, because the kind is not served, or a cluster-scoped object names a namespaced owner.
    Unknown,
}

/// Reads the owner that a reference of `dependent` names (`isDangling`). Only the uid identifies it.
fn classify_owner(ctx: &mut Context<'_>, dependent: &Object, reference: &OwnerReference) -> Result<Owner> {
    let Some(kind) = ctx.server().kind_of(&reference.api_version, &reference.kind) else { return Ok(Owner::Unknown) };
    let names = *kind.names();
    if names.namespaced && dependent.namespace().is_empty() {
        return Ok(Owner::Unknown);
    }
    let namespace = if names.namespaced { dependent.namespace() } else { "" };
    Ok(match ctx.get(&names.resource(), namespace, &reference.name)? {
        Some(owner) if owner.uid() == reference.uid => {
            if owner.is_deleting() && owner.has_finalizer(FOREGROUND) {
                Owner::Waiting
            } else {
                Owner::Solid
            }
        }
        _ => Owner::Dangling,
    })
}

/// The uids of objects that have been deleted (`absentOwnerCache`): no object elsewhere has one of them, which need not be
/// looked for among all objects of the kind for each of their dependents.
#[derive(Default)]
struct AbsentOwners(FxHashSet<SharedStr>);

impl AbsentOwners {
    /// The number of uids that are remembered; one more drops them all.
    const LENGTH_MAX: usize = 20_000;

    fn insert(&mut self, uid: SharedStr) {
        if self.0.len() >= AbsentOwners::LENGTH_MAX {
            self.0.clear();
        }
        self.0.insert(uid);
    }
}

/// Records that an owner which a reference names does not exist in the namespace of the dependent, while its uid belongs to
/// an object elsewhere (`reportInvalidNamespaceOwnerRef`).
fn report_foreign_owner(ctx: &mut Context<'_>, dependent: &Object, reference: &OwnerReference) -> Result<()> {
    if ctx.cache::<AbsentOwners>().0.contains(&reference.uid) {
        return Ok(());
    }
    let Some(kind) = ctx.server().kind_of(&reference.api_version, &reference.kind) else { return Ok(()) };
    let namespaced = kind.names().namespaced;
    let namespace = dependent.namespace();
    let elsewhere = ctx.server().read_all(&kind.names().resource(), None)?;
    if !elsewhere.iter().any(|o| o.uid() == reference.uid && namespaced && o.namespace() != namespace) {
        return Ok(());
    }
    let OwnerReference { api_version, kind, name, uid, .. } = reference;
    let text = format!(
        "ownerRef [{api_version}/{kind}, namespace: {namespace}, name: {name}, uid: {uid}] does not exist in namespace \"{namespace}\""
    );
    ctx.event(dependent, "Warning", "OwnerRefInvalidNamespace", &text);
    Ok(())
}

/// The decision about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Decision {
    /// It stays as it is.
    Keep,
    /// It stays and loses its references to these owners.
    RemoveOwners(Vec<SharedStr>),
    /// It is deleted.
    Delete(Propagation),
}

/// Decides about an object with these owners. One solid owner keeps it. Otherwise it is deleted: in the foreground when an owner
/// waits for it and it has dependents, else with the policy that its finalizers stand for.
fn decide(object: &Object, owners: &[(SharedStr, Owner)], has_dependents: bool) -> Decision {
    let any = |wanted: Owner| owners.iter().any(|(_, owner)| *owner == wanted);
    if owners.is_empty() || any(Owner::Unknown) {
        return Decision::Keep;
    }
    if any(Owner::Solid) {
        let lost: Vec<SharedStr> =
            owners.iter().filter(|(_, owner)| *owner != Owner::Solid).map(|(uid, _)| uid.clone()).collect();
        return if lost.is_empty() { Decision::Keep } else { Decision::RemoveOwners(lost) };
    }
    Decision::Delete(if any(Owner::Waiting) && has_dependents {
        Propagation::Foreground
    } else if object.has_finalizer(ORPHAN) {
        Propagation::Orphan
    } else if object.has_finalizer(FOREGROUND) {
        Propagation::Foreground
    } else {
        Propagation::Background
    })
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some((resource, name)) = key.name.split_once('/') else { return Ok(Action::AwaitChange) };
    let Some(object) = ctx.get(resource, &key.namespace, name)? else { return Ok(Action::AwaitChange) };
    if object.is_deleting() && object.has_finalizer(ORPHAN) {
        orphan_dependents(ctx, &object)?;
        return remove_finalizer(ctx, resource, &object, ORPHAN);
    }
    if object.is_deleting() && object.has_finalizer(FOREGROUND) {
        return process_deleting_dependents(ctx, resource, &object);
    }
    attempt_to_delete_item(ctx, resource, &object)?;
    Ok(Action::AwaitChange)
}

/// Lists the objects that have `owner` among their owners, with their resources.
fn dependents(ctx: &mut Context<'_>, owner: &Object) -> Result<Vec<(SharedStr, Arc<Object>)>> {
    let found = ctx.server().read_index("owner", owner.uid())?;
    let mut dependents = Vec::with_capacity(found.len());
    for dependent in found {
        if let Some(resource) = resource_of(ctx.server(), dependent.api_version(), dependent.kind()) {
            dependents.push((resource, dependent));
        }
    }
    Ok(dependents)
}

/// Removes the references to an owner from all its dependents (`orphanDependents`).
fn orphan_dependents(ctx: &mut Context<'_>, owner: &Object) -> Result<()> {
    for (resource, dependent) in dependents(ctx, owner)? {
        release(ctx, owner.uid(), &resource, &dependent)?;
    }
    Ok(())
}

/// Deletes the dependents of an owner, and removes its finalizer when none is left that blocks it
/// (`processDeletingDependentsItem`).
fn process_deleting_dependents(ctx: &mut Context<'_>, resource: &str, owner: &Object) -> Result<Action> {
    for (resource, dependent) in dependents(ctx, owner)? {
        attempt_to_delete_item(ctx, &resource, &dependent)?;
    }
    let blocks = |dependent: &Object| {
        dependent.owners().iter().any(|reference| reference.uid == owner.uid() && reference.block_owner_deletion)
    };
    if dependents(ctx, owner)?.iter().any(|(_, dependent)| blocks(dependent)) {
        // Each deletion of a dependent enqueues the owner again.
        return Ok(Action::AwaitChange);
    }
    remove_finalizer(ctx, resource, owner, FOREGROUND)
}

fn remove_finalizer(ctx: &mut Context<'_>, resource: &str, object: &Object, finalizer: &str) -> Result<Action> {
    let Some(present) = ctx.get(resource, object.namespace(), object.name())? else { return Ok(Action::AwaitChange) };
    let mut changed = (*present).clone();
    changed.remove_finalizer(finalizer);
    ctx.update(resource, changed)?;
    Ok(Action::AwaitChange)
}

/// Deletes an object without a solid owner, or removes its dangling references (`attemptToDeleteItem`).
fn attempt_to_delete_item(ctx: &mut Context<'_>, resource: &str, object: &Object) -> Result<()> {
    if object.is_deleting() {
        return Ok(());
    }
    let mut owners = Vec::new();
    for reference in object.owners() {
        let found = classify_owner(ctx, object, &reference)?;
        if matches!(found, Owner::Dangling | Owner::Unknown) {
            report_foreign_owner(ctx, object, &reference)?;
        }
        owners.push((reference.uid, found));
    }
    let own = if owners.iter().any(|(_, o)| *o == Owner::Waiting) { dependents(ctx, object)? } else { Vec::new() };
    match decide(object, &owners, !own.is_empty()) {
        Decision::Keep => Ok(()),
        Decision::RemoveOwners(uids) => {
            let mut kept = object.clone();
            remove_owners(&mut kept, &uids.iter().map(SharedStr::as_str).collect::<Vec<_>>());
            ctx.update(resource, kept).map(drop)
        }
        Decision::Delete(policy) => {
            if own.iter().any(|(_, dependent)| dependent.is_deleting() && dependent.has_finalizer(FOREGROUND)) {
                unblock_owners(ctx, resource, object)?;
            }
            ctx.delete_with(resource, object, None, policy)
        }
    }
}

/// Lets no owner wait for an object any more, which breaks a cycle of owners that wait for each other
/// (`unblockOwnerReferencesPatch`).
fn unblock_owners(ctx: &mut Context<'_>, resource: &str, object: &Object) -> Result<()> {
    let mut unblocked = object.clone();
    for reference in unblocked.items_mut("/metadata/ownerReferences") {
        reference["blockOwnerDeletion"] = false.into();
    }
    ctx.update(resource, unblocked).map(drop)
}

#[cfg(test)]
mod tests;
