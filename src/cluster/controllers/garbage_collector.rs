//! Who dies with whom: objects whose owners are gone, owners that wait for their dependents, dependents that are set free.
//!
//! Keys are objects: the namespace and `RESOURCE/NAME`. Dependents are found by the index of owners, never by a scan. What
//! references mean is decided in [`judge`] out of plain values; the rest reads and writes.

use std::sync::Arc;

use super::runtime::Result;
use super::shared::claim::{release, remove_owners};
use super::{Action, Context, Controller, Key, Watch};
use crate::api::{Propagation, Server};
use crate::store::{Change, ChangeKind};
use kctl_base::json::SharedStr;
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};

/// Holds an owner back until its dependents have lost the reference to it.
const ORPHAN: &str = "orphan";
/// Holds an owner back until the dependents that block it are gone.
const FOREGROUND: &str = "foregroundDeletion";

/// The controller.
pub const CONTROLLER: Controller =
    Controller { name: "garbage-collector-controller", watches: &[Watch::mapped("*", concerned)], reconcile };

/// The key of an object of a resource.
fn key_of(resource: &str, object: &Object) -> Key {
    Key::new(object.namespace(), &format!("{resource}/{}", object.name()))
}

/// Whom a change concerns.
fn concerned(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let object = &change.object;
    let mut keys = Vec::new();
    match change.kind {
        ChangeKind::Deleted => {
            // What it owned may be garbage now; what waited for it to go may go.
            keys.extend(dependents(ctx, object)?.iter().map(|(resource, dependent)| key_of(resource, dependent)));
            keys.extend(waiting_owners(ctx, object)?);
        }
        ChangeKind::Added | ChangeKind::Modified => {
            let before = change.old.as_ref().and_then(|old| old.at("/metadata/ownerReferences"));
            let moved = object.at("/metadata/ownerReferences") != before;
            let began = object.is_deleting() && !change.old.as_ref().is_some_and(|o| o.is_deleting());
            let waits = is_waiting(object) && (began || has_other_finalizers(change));
            if waits || (moved && !has_only_solid_owners(ctx, object)?) {
                keys.push(key_of(&change.key.resource, object));
            }
            if let Some(old) = change.old.as_ref().filter(|_| moved) {
                keys.extend(waiting_owners(ctx, old)?);
            }
        }
    }
    Ok(keys)
}

/// Whether the object is held back for the sake of its dependents.
fn is_waiting(object: &Object) -> bool {
    object.is_deleting() && (object.has_finalizer(ORPHAN) || object.has_finalizer(FOREGROUND))
}

fn has_other_finalizers(change: &Change) -> bool {
    change.old.as_ref().is_none_or(|old| old.finalizers() != change.object.finalizers())
}

fn has_only_solid_owners(ctx: &mut Context<'_>, object: &Object) -> Result<bool> {
    for owner in object.owners() {
        if !matches!(look_up(ctx, object, &owner)?, Owner::Solid | Owner::Unknown) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The owners of an object that wait for their dependents to go.
fn waiting_owners(ctx: &mut Context<'_>, object: &Object) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    for owner in object.owners() {
        if look_up(ctx, object, &owner)? == Owner::Waiting
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

/// What an owner reference points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// An object that is there.
    Solid,
    /// An object that is being deleted and waits for its dependents.
    Waiting,
    /// Nothing: the object is gone, or another one has its name.
    Dangling,
    /// It can not be said: the kind is not served, or an object of the cluster names an owner in a namespace.
    Unknown,
}

/// Looks at the owner that `dependent` names; only the uid identifies it.
fn look_up(ctx: &mut Context<'_>, dependent: &Object, reference: &OwnerReference) -> Result<Owner> {
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

/// What becomes of a dependent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    /// It stays as it is.
    Keep,
    /// It stays, without the references to these owners.
    Drop(Vec<SharedStr>),
    /// It goes.
    Delete(Propagation),
}

/// What becomes of an object with these owners: one solid owner keeps it. Otherwise it goes, and takes its own dependents
/// along first when an owner is waiting for it; else as its finalizers say.
fn judge(object: &Object, owners: &[(SharedStr, Owner)], has_dependents: bool) -> Verdict {
    let any = |wanted: Owner| owners.iter().any(|(_, owner)| *owner == wanted);
    if owners.is_empty() || any(Owner::Unknown) {
        return Verdict::Keep;
    }
    if any(Owner::Solid) {
        let lost: Vec<SharedStr> =
            owners.iter().filter(|(_, owner)| *owner != Owner::Solid).map(|(uid, _)| uid.clone()).collect();
        return if lost.is_empty() { Verdict::Keep } else { Verdict::Drop(lost) };
    }
    Verdict::Delete(if any(Owner::Waiting) && has_dependents {
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
        set_free(ctx, &object)?;
        return take_off(ctx, resource, &object, ORPHAN);
    }
    if object.is_deleting() && object.has_finalizer(FOREGROUND) {
        return delete_dependents_first(ctx, resource, &object);
    }
    collect(ctx, resource, &object)?;
    Ok(Action::AwaitChange)
}

/// The objects that name `owner` among their owners, with their resources.
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

/// Takes the reference to an owner off all its dependents.
fn set_free(ctx: &mut Context<'_>, owner: &Object) -> Result<()> {
    for (resource, dependent) in dependents(ctx, owner)? {
        release(ctx, owner.uid(), &resource, &dependent)?;
    }
    Ok(())
}

/// Deletes the dependents and lets the owner go when none is left that blocks it.
fn delete_dependents_first(ctx: &mut Context<'_>, resource: &str, owner: &Object) -> Result<Action> {
    for (resource, dependent) in dependents(ctx, owner)? {
        collect(ctx, &resource, &dependent)?;
    }
    let blocks = |dependent: &Object| {
        dependent.owners().iter().any(|reference| reference.uid == owner.uid() && reference.block_owner_deletion)
    };
    if dependents(ctx, owner)?.iter().any(|(_, dependent)| blocks(dependent)) {
        // Every one that goes wakes the owner again.
        return Ok(Action::AwaitChange);
    }
    take_off(ctx, resource, owner, FOREGROUND)
}

fn take_off(ctx: &mut Context<'_>, resource: &str, object: &Object, finalizer: &str) -> Result<Action> {
    let Some(present) = ctx.get(resource, object.namespace(), object.name())? else { return Ok(Action::AwaitChange) };
    let mut freed = (*present).clone();
    freed.remove_finalizer(finalizer);
    ctx.update(resource, freed)?;
    Ok(Action::AwaitChange)
}

/// Deletes a dependent that has no owner any more, or takes off what has become of no meaning.
fn collect(ctx: &mut Context<'_>, resource: &str, object: &Object) -> Result<()> {
    if object.is_deleting() {
        return Ok(());
    }
    let mut owners = Vec::new();
    for reference in object.owners() {
        let found = look_up(ctx, object, &reference)?;
        owners.push((reference.uid, found));
    }
    let own = if owners.iter().any(|(_, o)| *o == Owner::Waiting) { dependents(ctx, object)? } else { Vec::new() };
    match judge(object, &owners, !own.is_empty()) {
        Verdict::Keep => Ok(()),
        Verdict::Drop(uids) => {
            let mut kept = object.clone();
            remove_owners(&mut kept, &uids.iter().map(SharedStr::as_str).collect::<Vec<_>>());
            ctx.update(resource, kept).map(drop)
        }
        Verdict::Delete(policy) => {
            if own.iter().any(|(_, dependent)| dependent.is_deleting() && dependent.has_finalizer(FOREGROUND)) {
                unblock(ctx, resource, object)?;
            }
            ctx.delete_with(resource, object, None, policy)
        }
    }
}

/// A circle of owners that wait for each other is broken: nobody has to wait for this object any more.
fn unblock(ctx: &mut Context<'_>, resource: &str, object: &Object) -> Result<()> {
    let mut unblocked = object.clone();
    for reference in unblocked.items_mut("/metadata/ownerReferences") {
        reference["blockOwnerDeletion"] = false.into();
    }
    ctx.update(resource, unblocked).map(drop)
}

#[cfg(test)]
mod tests {
    use kctl_base::json::{Value, json};

    use super::*;
    use crate::controllers::shared::testing::{Bench, workload};

    #[test]
    fn one_solid_owner_keeps_an_object() {
        use Owner::{Dangling, Solid, Unknown, Waiting};
        let gone = |policy| Verdict::Delete(policy);
        let lost = |uids: &[&str]| Verdict::Drop(uids.iter().map(|u| (*u).into()).collect());
        let cases: &[(&[Owner], bool, Verdict)] = &[
            (&[], false, Verdict::Keep),
            (&[Solid], false, Verdict::Keep),
            (&[Solid, Dangling, Waiting], false, lost(&["1", "2"])),
            (&[Dangling], true, gone(Propagation::Background)),
            (&[Waiting], false, gone(Propagation::Background)),
            (&[Waiting, Dangling], true, gone(Propagation::Foreground)),
            (&[Dangling, Unknown], false, Verdict::Keep),
        ];
        for (owners, has_dependents, want) in cases {
            let owners: Vec<(SharedStr, Owner)> =
                owners.iter().enumerate().map(|(i, o)| (i.to_string().into(), *o)).collect();
            assert_eq!(judge(&json!({}), &owners, *has_dependents), *want, "{owners:?}");
        }
        let orphaning = json!({"metadata": {"finalizers": [ORPHAN]}});
        assert_eq!(judge(&orphaning, &[("0".into(), Dangling)], true), gone(Propagation::Orphan));
    }

    fn config_map(bench: &mut Bench, name: &str, owners: &[(&str, &str, bool)]) -> String {
        let reference = |(name, uid, block): &(&str, &str, bool)| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid, "blockOwnerDeletion": block});
        let owners: Vec<Value> = owners.iter().map(reference).collect();
        let map =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": owners}});
        bench.create("configmaps", map).uid().to_string()
    }

    fn there(bench: &mut Bench, name: &str) -> bool {
        bench.find("configmaps", name).is_some()
    }

    #[test]
    fn dependents_go_with_their_last_owner() {
        let mut bench = Bench::open();
        let (a, b) = (config_map(&mut bench, "a", &[]), config_map(&mut bench, "b", &[]));
        let both = config_map(&mut bench, "both", &[("a", &a, false), ("b", &b, false)]);
        config_map(&mut bench, "deep", &[("both", &both, false)]);
        bench.delete("configmaps", "a", Propagation::Background);
        assert_eq!(bench.get("configmaps", "both").owners().len(), 1, "the reference to the lost owner goes");
        bench.delete("configmaps", "b", Propagation::Background);
        assert!(!there(&mut bench, "both") && !there(&mut bench, "deep"));
    }

    #[test]
    fn owners_that_never_were_are_no_owners() {
        let mut bench = Bench::open();
        config_map(&mut bench, "stray", &[("ghost", "11111111-2222-3333-4444-555555555555", false)]);
        assert!(!there(&mut bench, "stray"));
        config_map(&mut bench, "boss", &[]);
        config_map(&mut bench, "namesake", &[("boss", "11111111-2222-3333-4444-555555555555", false)]);
        assert!(!there(&mut bench, "namesake"), "the name alone is no owner");
        let unknown = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "odd", "ownerReferences": [
            {"apiVersion": "example.com/v1", "kind": "Unheard", "name": "x", "uid": "u"}]}});
        bench.create("configmaps", unknown);
        assert!(there(&mut bench, "odd"), "nobody knows what becomes of unknown kinds");
    }

    #[test]
    fn foreground_deletion_waits_for_those_that_block() {
        let mut bench = Bench::open();
        let boss = config_map(&mut bench, "boss", &[]);
        config_map(&mut bench, "held", &[("boss", &boss, true)]);
        config_map(&mut bench, "free", &[("boss", &boss, false)]);
        for name in ["held", "free"] {
            bench.patch("configmaps", name, json!({"metadata": {"finalizers": ["example.com/keep"]}}));
        }
        bench.delete("configmaps", "boss", Propagation::Foreground);
        assert!(there(&mut bench, "boss") && bench.get("configmaps", "held").is_deleting());
        bench.patch("configmaps", "held", json!({"metadata": {"finalizers": null}}));
        assert!(!there(&mut bench, "boss") && !there(&mut bench, "held"));
        assert!(there(&mut bench, "free"), "its own finalizer still holds it");
    }

    #[test]
    fn orphans_lose_their_owner_and_stay() {
        let mut bench = Bench::open();
        let boss = config_map(&mut bench, "boss", &[]);
        config_map(&mut bench, "one", &[("boss", &boss, true)]);
        bench.delete("configmaps", "boss", Propagation::Orphan);
        assert!(!there(&mut bench, "boss"));
        assert!(bench.get("configmaps", "one").owners().is_empty());
    }

    #[test]
    fn workloads_go_down_to_their_pods() {
        let mut bench = Bench::open();
        for policy in [Propagation::Background, Propagation::Foreground] {
            bench.create("deployments.apps", workload("apps/v1", "Deployment", "web", 2, "nginx:1"));
            bench.settle();
            bench.delete("deployments.apps", "web", policy);
            assert_eq!(bench.list("pods").iter().filter(|p| p.is_deleting()).count(), 2, "pods keep their grace");
            let waits = policy == Propagation::Foreground;
            assert_eq!(bench.find("deployments.apps", "web").is_some(), waits);
            bench.settle();
            for resource in ["pods", "replicasets.apps", "deployments.apps"] {
                assert_eq!(bench.list(resource).len(), 0, "{resource} after {policy:?}");
            }
        }
    }
}
