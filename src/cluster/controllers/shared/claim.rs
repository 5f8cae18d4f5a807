//! Adopts matching orphans and releases objects that no longer match (`pkg/controller/controller_ref_manager.go`).

use std::sync::Arc;

use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};
use kctl_base::order::Order as _;
use kctl_base::status::Reason;

/// The decision of an owner about one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The owner controls it, and its selector matches.
    Keep,
    /// It has no controller, and the selector matches.
    Adopt,
    /// The owner controls it, but its selector no longer matches.
    Release,
    /// Another owner controls it, or nothing is to be done.
    Ignore,
}

/// Decides what `owner` does about `object` (`ClaimObject`).
pub(crate) fn decide(owner: &Object, selector: &Selector, object: &Object) -> Claim {
    let matches = selector.matches_object(object);
    match object.controller_of() {
        Some(controller) if controller.uid != owner.uid() => Claim::Ignore,
        Some(_) if matches => Claim::Keep,
        // An owner that is being deleted releases nothing: its dependents are left to the garbage collector.
        Some(_) if owner.is_deleting() => Claim::Ignore,
        Some(_) => Claim::Release,
        None if owner.is_deleting() || object.is_deleting() || !matches => Claim::Ignore,
        None => Claim::Adopt,
    }
}

/// Lists the objects that `owner` may claim by name: those that it controls and matching orphans.
pub(crate) fn candidates(
    ctx: &mut Context<'_>,
    owner: &Object,
    resource: &str,
    selector: &Selector,
) -> Result<Vec<Arc<Object>>> {
    let mut found = ctx.owned(resource, owner.uid())?;
    found.retain(|o| o.is_controlled_by(owner.uid()));
    found.extend(ctx.orphans(resource, owner.namespace(), selector)?);
    found.order_by(|a, b| a.name().cmp(b.name()));
    Ok(found)
}

/// Adopts and releases among `candidates`. Returns those that `owner` controls after that, in the same order.
pub(crate) fn claim(
    ctx: &mut Context<'_>,
    owner: &Object,
    resource: &str,
    selector: &Selector,
    candidates: Vec<Arc<Object>>,
) -> Result<Vec<Arc<Object>>> {
    let mut kept = Vec::with_capacity(candidates.len());
    for object in candidates {
        match decide(owner, selector, &object) {
            Claim::Keep => kept.push(object),
            Claim::Adopt => kept.extend(adopt(ctx, owner, resource, &object)?),
            Claim::Release => release(ctx, owner.uid(), resource, &object)?,
            Claim::Ignore => {}
        }
    }
    Ok(kept)
}

/// Makes `owner` the controller of an object. Returns `None` when the object no longer exists.
fn adopt(ctx: &mut Context<'_>, owner: &Object, resource: &str, object: &Object) -> Result<Option<Arc<Object>>> {
    let mut adopted = object.clone();
    let references = adopted.list_mut("/metadata/ownerReferences");
    references.retain(|r| r.str("/uid") != owner.uid());
    // Upstream adopts by a strategic merge patch, which puts new items first.
    references.insert(0, OwnerReference::controller(owner).to_value());
    match ctx.update(resource, adopted) {
        Ok(object) => Ok(Some(object)),
        Err(status) if status.is_not_found() => Ok(None),
        Err(status) => Err(status),
    }
}

/// Removes every reference to the owner `uid` from an object. As upstream (`ReleasePod`), an object that no longer exists, or
/// whose references have changed meanwhile, is left alone.
pub(crate) fn release(ctx: &mut Context<'_>, uid: &str, resource: &str, object: &Object) -> Result<()> {
    let mut released = object.clone();
    remove_owners(&mut released, &[uid]);
    match ctx.update(resource, released) {
        Err(status) if !status.is_not_found() && status.reason != Reason::Invalid => Err(status),
        _ => Ok(()),
    }
}

/// Removes the references to some owners, and the list when it is empty then.
pub(crate) fn remove_owners(object: &mut Object, uids: &[&str]) {
    let references = object.list_mut("/metadata/ownerReferences");
    references.retain(|r: &Value| !uids.contains(&r.str("/uid")));
    if references.is_empty() {
        object.remove_at("/metadata/ownerReferences");
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn matching_orphans_are_adopted_and_other_objects_released() {
        let selector = Selector::parse("app=web").unwrap();
        let owner = json!({"metadata": {"uid": "me"}});
        let deleting_owner = json!({"metadata": {"uid": "me", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
        let object = |app: &str, controller: Option<&str>| {
            let owners: Vec<Value> =
                controller.map(|uid| json!({"uid": uid, "controller": true})).into_iter().collect();
            json!({"metadata": {"labels": {"app": app}, "ownerReferences": owners}})
        };
        let cases = [
            (&owner, object("web", Some("me")), Claim::Keep),
            (&owner, object("web", None), Claim::Adopt),
            (&owner, object("other", Some("me")), Claim::Release),
            (&owner, object("other", None), Claim::Ignore),
            (&owner, object("web", Some("somebody")), Claim::Ignore),
            (&deleting_owner, object("web", None), Claim::Ignore),
            (&deleting_owner, object("other", Some("me")), Claim::Ignore),
            (&deleting_owner, object("web", Some("me")), Claim::Keep),
        ];
        for (owner, object, want) in cases {
            assert_eq!(decide(owner, &selector, &object), want, "{object}");
        }
        let mut leaving = object("web", None);
        leaving.put("/metadata/deletionTimestamp", "2026-01-01T00:00:00Z");
        assert_eq!(decide(&owner, &selector, &leaving), Claim::Ignore);
    }

    #[test]
    fn an_empty_list_of_owners_is_removed() {
        let mut object = json!({"metadata": {"ownerReferences": [{"uid": "a"}, {"uid": "b"}]}});
        remove_owners(&mut object, &["a"]);
        assert_eq!(object, json!({"metadata": {"ownerReferences": [{"uid": "b"}]}}));
        remove_owners(&mut object, &["b"]);
        assert_eq!(object, json!({"metadata": {}}));
    }
}
