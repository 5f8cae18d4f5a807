//! ControllerRevisions, which keep the past templates of StatefulSets and DaemonSets (`pkg/controller/history`).
//!
//! A revision has a number and holds a template as a patch of its owner; its name is that of the owner and a hash of the data.
//! Equal data is stored once: when a template returns, its object gets a new number. The owners decide which revision is
//! current and which ones are in use.

use std::sync::Arc;

use super::Context;
use super::runtime::Result;
use super::shared::claim;
use kctl_base::json::{Map, Value, json, to_compact};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};
use kctl_base::order::Order as _;
use kctl_base::sim::ids::safe_encode;

/// The resource of revisions.
pub(super) const REVISIONS: &str = "controllerrevisions.apps";

/// The label with the hash of the template, on pods and on the revisions of DaemonSets.
pub(super) const HASH_LABEL: &str = "controller-revision-hash";
/// The label with the hash of the data on the revisions of StatefulSets (`ControllerRevisionHashLabel`).
pub(super) const DATA_HASH_LABEL: &str = "controller.kubernetes.io/hash";

/// The length in bytes to which the owner's name is cut in the name of a revision.
const PREFIX_MAX: usize = 223;

/// Returns the data of a revision: the owner's template as a patch that replaces it (`getPatch`).
pub(super) fn data_of(owner: &Object) -> Value {
    let mut template = owner.at("/spec/template").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    template["$patch"] = "replace".into();
    json!({"spec": {"template": template}})
}

/// Returns the template that a revision holds.
pub(super) fn template_of(revision: &Object) -> Value {
    let mut template = revision.at("/data/spec/template").cloned().unwrap_or(Value::Null);
    if let Some(map) = template.as_object_mut() {
        map.remove("$patch");
    }
    template
}

/// Returns the number of a revision.
pub(super) fn number(revision: &Object) -> i64 {
    revision.int("/revision").unwrap_or(0)
}

/// Returns the number after those of all the revisions (`nextRevision`).
pub(super) fn next_number<'a>(revisions: impl IntoIterator<Item = &'a Arc<Object>>) -> i64 {
    revisions.into_iter().map(|r| number(r)).max().unwrap_or(0) + 1
}

/// Returns the hash of a revision's data (`HashControllerRevision`): FNV-1 over its JSON and the number of earlier collisions,
/// in the alphabet of generated names.
pub(super) fn hash(data: &Value, collisions: i64) -> String {
    let text = to_compact(data) + &collisions.to_string();
    let sum = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte));
    safe_encode(&sum.to_string())
}

/// Returns the name `OWNER-HASH` of a revision (`ControllerRevisionName`).
pub(super) fn name(owner: &str, hash: &str) -> String {
    let end = (0..=owner.len().min(PREFIX_MAX)).rev().find(|end| owner.is_char_boundary(*end)).unwrap_or(0);
    format!("{}-{hash}", &owner[..end])
}

/// Returns a new revision for the owner's current template (`NewControllerRevision`). `label` is where the hash goes.
pub(super) fn make(owner: &Object, data: Value, (label, hash): (&str, &str), number: i64) -> Object {
    let mut labels = owner.map("/spec/template/metadata/labels").cloned().unwrap_or_default();
    labels.insert(label, hash.into());
    let mut revision = json!({
        "apiVersion": "apps/v1", "kind": "ControllerRevision",
        "metadata": {
            "name": name(owner.name(), hash),
            "namespace": owner.namespace(),
            "labels": labels,
            "ownerReferences": [OwnerReference::controller(owner).to_value()],
        },
        "data": data,
        "revision": number,
    });
    if let Some(annotations) = owner.at("/metadata/annotations") {
        revision.put("/metadata/annotations", annotations.clone());
    }
    revision
}

/// Lists the revisions of an owner by number, the latest last. Adopts orphans that its selector matches.
pub(super) fn claim(ctx: &mut Context<'_>, owner: &Object, selector: &Selector) -> Result<Vec<Arc<Object>>> {
    let candidates = claim::candidates(ctx, owner, REVISIONS, selector)?;
    let mut revisions = claim::claim(ctx, owner, REVISIONS, selector, candidates)?;
    revisions.order_by_key(|r| (number(r), r.creation_time(), r.name().to_string()));
    Ok(revisions)
}

/// Gives a revision another number (`UpdateControllerRevision`).
pub(super) fn renumber(ctx: &mut Context<'_>, revision: &Arc<Object>, to: i64) -> Result<Arc<Object>> {
    if number(revision) == to {
        return Ok(revision.clone());
    }
    let mut changed = (**revision).clone();
    changed.put("/revision", to);
    ctx.update(REVISIONS, changed)
}

/// The outcome of creating a revision.
pub(super) enum Created {
    /// The revision exists: it was created, or one with the same data was found.
    Made(Arc<Object>),
    /// A revision with other data has the name.
    Collision,
}

/// Creates a revision, or finds the existing one of the same name and data (`CreateControllerRevision`).
pub(super) fn create(ctx: &mut Context<'_>, revision: Object) -> Result<Created> {
    match ctx.create(REVISIONS, revision.clone()) {
        Ok(made) => Ok(Created::Made(made)),
        Err(status) if status.is_already_exists() => {
            match ctx.get(REVISIONS, revision.namespace(), revision.name())? {
                Some(there) if there.get("data") == revision.get("data") => Ok(Created::Made(there)),
                _ => Ok(Created::Collision),
            }
        }
        Err(status) => Err(status),
    }
}

/// Returns the revisions to delete, oldest first: those that are not in use, beyond the history limit.
pub(super) fn surplus(revisions: &[Arc<Object>], limit: i64, is_live: impl Fn(&Object) -> bool) -> Vec<&Arc<Object>> {
    let unused: Vec<_> = revisions.iter().filter(|r| !is_live(r)).collect();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let count = unused.len().saturating_sub(limit);
    unused.into_iter().take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(name: &str, number: i64) -> Arc<Object> {
        Arc::new(json!({"metadata": {"name": name}, "revision": number}))
    }

    #[test]
    fn data_is_a_patch_and_comes_back_as_a_template() {
        let owner = json!({"spec": {"replicas": 3, "template": {"metadata": {"labels": {"a": "b"}}}}});
        let data = data_of(&owner);
        assert_eq!(data, json!({"spec": {"template": {"$patch": "replace", "metadata": {"labels": {"a": "b"}}}}}));
        assert_eq!(template_of(&json!({"data": data})), owner["spec"]["template"]);
    }

    #[test]
    fn hashes_are_those_of_a_real_control_plane() {
        // Recorded from a cluster: the templates of a StatefulSet before and after its image was set.
        let template = |image: &str| {
            json!({"spec": {"template": {
                "$patch": "replace",
                "metadata": {"labels": {"app": "nginx-pod"}},
                "spec": {
                    "containers": [{
                        "image": image, "imagePullPolicy": "IfNotPresent", "name": "nginx",
                        "ports": [{"containerPort": 80, "name": "http", "protocol": "TCP"}], "resources": {},
                        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                        "volumeMounts": [{"mountPath": "/usr/share/nginx/html", "name": "nginxdata"}],
                    }],
                    "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
                    "securityContext": {}, "terminationGracePeriodSeconds": 30,
                },
            }}})
        };
        assert_eq!(hash(&template("nginx:1.12"), 0), "675fbdbd88");
        assert_eq!(hash(&template("nginx:1.14"), 0), "86cbf57fdb");
    }

    #[test]
    fn names_leave_room_for_the_hash() {
        assert_eq!(name("web", "abc"), "web-abc");
        assert_eq!(name(&"x".repeat(250), "abc").len(), 227);
    }

    #[test]
    fn what_is_in_use_does_not_count_against_the_limit() {
        let revisions = [revision("a", 1), revision("b", 2), revision("c", 3), revision("d", 4)];
        for (limit, live, want) in [
            (10, &["d"][..], &[][..]),
            (1, &["d"], &["a", "b"]),
            (1, &["d", "a"], &["b"]),
            (0, &["d", "b"], &["a", "c"]),
            (-1, &["d"], &[]),
        ] {
            let names: Vec<&str> =
                surplus(&revisions, limit, |r| live.contains(&r.name())).iter().map(|r| r.name()).collect();
            assert_eq!(names, want, "limit {limit}, in use {live:?}");
        }
        assert_eq!(next_number(&revisions), 5);
        assert_eq!(next_number([]), 1);
    }
}
