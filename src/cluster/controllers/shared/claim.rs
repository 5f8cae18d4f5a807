//! Whose objects are whose: an owner adopts the orphans that its selector matches and releases what it no longer matches.

use std::sync::Arc;

use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};
use kctl_base::status::Reason;

/// What an owner does about one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is the owner's, and stays.
    Keep,
    /// It is nobody's and matches: it becomes the owner's.
    Adopt,
    /// It is the owner's and matches no longer: it is let go.
    Release,
    /// It is none of the owner's business.
    Ignore,
}

/// What `owner` does about `object`.
pub fn decide(owner: &Object, selector: &Selector, object: &Object) -> Claim {
    let matches = selector.matches_object(object);
    match object.controller_of() {
        Some(controller) if controller.uid != owner.uid() => Claim::Ignore,
        Some(_) if matches => Claim::Keep,
        // An owner that is going lets go of nothing: the garbage collector decides.
        Some(_) if owner.is_deleting() => Claim::Ignore,
        Some(_) => Claim::Release,
        None if owner.is_deleting() || object.is_deleting() || !matches => Claim::Ignore,
        None => Claim::Adopt,
    }
}

/// Everything that `owner` could claim: what it owns and the orphans that match, by name. Costs what it answers.
pub fn candidates(
    ctx: &mut Context<'_>,
    owner: &Object,
    resource: &str,
    selector: &Selector,
) -> Result<Vec<Arc<Object>>> {
    let mut found = ctx.owned(resource, owner.uid())?;
    found.retain(|o| o.is_controlled_by(owner.uid()));
    found.extend(ctx.orphans(resource, owner.namespace(), selector)?);
    found.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(found)
}

/// Adopts and releases among `candidates` and answers those that are the owner's after that, in the same order.
pub fn claim(
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

/// Makes `owner` the controller of an object; nothing when the object has gone in the meantime.
fn adopt(ctx: &mut Context<'_>, owner: &Object, resource: &str, object: &Object) -> Result<Option<Arc<Object>>> {
    let mut adopted = object.clone();
    let references = adopted.list_mut("/metadata/ownerReferences");
    references.retain(|r| r.str("/uid") != owner.uid());
    // A strategic merge puts what is new first.
    references.insert(0, OwnerReference::controller(owner).to_value());
    match ctx.update(resource, adopted) {
        Ok(object) => Ok(Some(object)),
        Err(status) if status.is_not_found() => Ok(None),
        Err(status) => Err(status),
    }
}

/// Takes every reference to the owner `uid` off an object. An object that is gone or refuses is none of our business.
pub fn release(ctx: &mut Context<'_>, uid: &str, resource: &str, object: &Object) -> Result<()> {
    let mut released = object.clone();
    drop_owners(&mut released, &[uid]);
    match ctx.update(resource, released) {
        Err(status) if !status.is_not_found() && status.reason != Reason::Invalid => Err(status),
        _ => Ok(()),
    }
}

/// Removes the references to some owners; an empty list goes too.
pub fn drop_owners(object: &mut Object, uids: &[&str]) {
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
    fn matching_orphans_are_adopted_and_strangers_released() {
        let selector = Selector::parse("app=web").unwrap();
        let owner = json!({"metadata": {"uid": "me"}});
        let going = json!({"metadata": {"uid": "me", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
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
            (&going, object("web", None), Claim::Ignore),
            (&going, object("other", Some("me")), Claim::Ignore),
            (&going, object("web", Some("me")), Claim::Keep),
        ];
        for (owner, object, want) in cases {
            assert_eq!(decide(owner, &selector, &object), want, "{object}");
        }
        let mut leaving = object("web", None);
        leaving.put("/metadata/deletionTimestamp", "2026-01-01T00:00:00Z");
        assert_eq!(decide(&owner, &selector, &leaving), Claim::Ignore);
    }

    #[test]
    fn the_last_reference_takes_the_list_with_it() {
        let mut object = json!({"metadata": {"ownerReferences": [{"uid": "a"}, {"uid": "b"}]}});
        drop_owners(&mut object, &["a"]);
        assert_eq!(object, json!({"metadata": {"ownerReferences": [{"uid": "b"}]}}));
        drop_owners(&mut object, &["b"]);
        assert_eq!(object, json!({"metadata": {}}));
    }
}
