//! Deletes the content of namespaces that are being deleted, and then the namespaces (`pkg/controller/namespace`).
//!
//! The work begins some seconds after the deletion, so that objects created meanwhile are not missed, and is repeated while
//! anything remains. [`plan`] makes the conditions that report it.

mod plan;

use std::collections::BTreeMap;

use plan::Remaining;

use super::runtime::Result;
use super::shared::pods;
use super::{Action, Context, Controller, Key, Watch};
use crate::api::{Body, Request, Server, Verb};
use crate::store::{Change, ChangeKind};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};

/// The delay after a change of a namespace (`namespaceDeletionGracePeriod`).
const DELAY: Duration = Duration::from_secs(5);
/// The seconds that objects with finalizers are expected to take (`finalizerEstimateSeconds`).
const FINALIZER_ESTIMATE: i64 = 15;
/// The finalizer of every namespace.
const FINALIZER: &str = "kubernetes";

/// The namespace controller.
pub(super) const CONTROLLER: Controller =
    Controller { name: "namespace-controller", watches: &[Watch::mapped("namespaces", deleting_namespace)], reconcile };

/// Maps a namespace that is being deleted to itself.
fn deleting_namespace(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let is_deleting = change.kind != ChangeKind::Deleted && change.object.is_deleting();
    Ok(is_deleting.then(|| Key::of(&change.object)).into_iter().collect())
}

/// Returns the name of the state with the instant until which a namespace is left alone.
fn row(namespace: &Object) -> String {
    format!("due/{}", namespace.uid())
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(namespace) = ctx.get("namespaces", "", &key.name)? else { return Ok(Action::AwaitChange) };
    if !namespace.is_deleting() || !namespace.list("/spec/finalizers").iter().any(|f| f == FINALIZER) {
        return Ok(Action::AwaitChange);
    }
    let row = row(&namespace);
    let due = ctx.state::<Time>(&row)?;
    let due = due.unwrap_or(namespace.deletion_time().unwrap_or(ctx.now) + DELAY);
    if due > ctx.now {
        return Ok(Action::RequeueAt(due));
    }
    let remaining = delete_all_content(ctx, &namespace)?;
    // Pods that remain keep everything else from being looked at, and the conditions do not tell of them either.
    let told = if remaining.are_pods() { &Remaining::default() } else { &remaining };
    let conditions = plan::conditions(namespace.list("/status/conditions"), told, ctx.now);
    let is_changed = namespace.list("/status/conditions") != conditions;
    if is_changed {
        let mut updated = (*namespace).clone();
        updated.put("/status/conditions", conditions);
        ctx.update_status("namespaces", updated)?;
    }
    if remaining.is_empty() {
        ctx.clear_state(&row);
        finalize(ctx, &key.name)?;
        return Ok(Action::AwaitChange);
    }
    // The change of its conditions, like any other, makes the namespace due after the usual delay.
    let wait = Duration::from_secs(remaining.estimate / 2 + 1);
    let next = ctx.now + if is_changed { wait.min(DELAY) } else { wait };
    ctx.set_state(&row, next);
    Ok(Action::RequeueAt(next))
}

/// Deletes the content of a namespace (`deleteAllContent`) and returns what remains. While there are pods, only they are
/// deleted.
fn delete_all_content(ctx: &mut Context<'_>, namespace: &Object) -> Result<Remaining> {
    let mut remaining = Remaining::default();
    delete_all_of_resource(ctx, namespace, "pods", &mut remaining)?;
    if !remaining.is_empty() {
        return Ok(remaining);
    }
    for resource in deletable_resources(ctx.server()) {
        delete_all_of_resource(ctx, namespace, &resource, &mut remaining)?;
    }
    Ok(remaining)
}

/// Returns the namespaced resources that can be listed and deleted.
fn deletable_resources(server: &Server) -> Vec<String> {
    let deletable = |verbs: &[&str]| ["delete", "list"].iter().all(|verb| verbs.contains(verb));
    let kinds = server.catalog().iter().filter(|k| k.names().namespaced && deletable(k.verbs()));
    kinds.map(|k| k.names().resource().into()).collect()
}

/// Deletes all objects of a resource (`deleteAllContentForGroupVersionResource`) and adds what remains.
fn delete_all_of_resource(
    ctx: &mut Context<'_>,
    namespace: &Object,
    resource: &str,
    remaining: &mut Remaining,
) -> Result<()> {
    let name = namespace.name().to_string();
    let content = ctx.list(resource, Some(&name))?;
    if content.is_empty() {
        return Ok(());
    }
    for object in content.iter().filter(|o| !o.is_deleting()) {
        ctx.delete(resource, object)?;
    }
    let left = ctx.list(resource, Some(&name))?;
    let mut finalizers: BTreeMap<String, usize> = BTreeMap::new();
    for finalizer in left.iter().flat_map(|o| o.finalizers()) {
        *finalizers.entry(finalizer.into()).or_default() += 1;
    }
    let graces = left.iter().filter(|o| resource == "pods" && !pods::is_terminal(o));
    let grace = graces.filter_map(|p| p.int("/spec/terminationGracePeriodSeconds")).max().unwrap_or(0);
    let passed = ctx.now - namespace.deletion_time().unwrap_or(ctx.now);
    let estimate = match () {
        () if passed < Duration::from_secs(grace) => grace,
        () if !finalizers.is_empty() => FINALIZER_ESTIMATE,
        () => 0,
    };
    remaining.add(resource, left.len(), finalizers, estimate);
    Ok(())
}

/// Removes the finalizer of a namespace (`finalizeNamespace`).
fn finalize(ctx: &mut Context<'_>, name: &str) -> Result<()> {
    let Some(namespace) = ctx.get("namespaces", "", name)? else { return Ok(()) };
    let mut freed = (*namespace).clone();
    freed.list_mut("/spec/finalizers").retain(|f| f != FINALIZER);
    if freed.list("/spec/finalizers").is_empty() {
        freed.remove_at("/spec/finalizers");
    }
    let request = Request::new(Verb::Update, "namespaces", "", name).subresource("finalize").body(Body::Object(freed));
    ctx.send(request).map(drop)
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;
    use crate::controllers::shared::testing::{Bench, pod};

    fn namespace(bench: &mut Bench) -> Option<Object> {
        bench.cluster.server().read("namespaces", "", "team").unwrap().map(|n| (*n).clone())
    }

    fn create_namespace(bench: &mut Bench) {
        bench.create("namespaces", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}));
    }

    fn delete_namespace(bench: &mut Bench) {
        bench.cluster.handle(&Request::delete("namespaces", "", "team")).unwrap();
    }

    #[test]
    fn content_is_deleted_some_seconds_after_the_namespace() {
        let mut bench = Bench::open();
        create_namespace(&mut bench);
        bench.create(
            "configmaps",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "namespace": "team",
                   "finalizers": ["example.com/keep"]}}),
        );
        delete_namespace(&mut bench);
        bench.advance(4);
        let there = bench.cluster.server().read("configmaps", "team", "kube-root-ca.crt").unwrap();
        assert!(there.is_some(), "nothing has happened yet");
        bench.advance(2);
        let conditions = namespace(&mut bench).expect("it waits")["status"]["conditions"].clone();
        assert_eq!(conditions[3]["message"], "Some resources are remaining: configmaps. has 1 resource instances");
        assert_eq!(
            conditions[4]["message"],
            "Some content in the namespace has finalizers remaining: example.com/keep in 1 resource instances"
        );
        let free = json!({"metadata": {"finalizers": null}});
        let free = Request::patch("configmaps", "team", "held", crate::api::PatchType::Merge, free);
        bench.cluster.handle(&free).unwrap();
        bench.advance(10);
        assert_eq!(namespace(&mut bench), None);
        assert!(bench.cluster.server().read_all("serviceaccounts", Some("team")).unwrap().is_empty());
    }

    #[test]
    fn pods_are_deleted_first() {
        let mut bench = Bench::open();
        create_namespace(&mut bench);
        let mut tool = pod("tool", json!({}));
        tool.put("/metadata/namespace", "team");
        bench.create("pods", tool);
        bench.settle();
        delete_namespace(&mut bench);
        bench.advance(5);
        let deleted = namespace(&mut bench).expect("it waits for the pod");
        assert_eq!(deleted["status"]["conditions"][3]["message"], "All content successfully removed");
        assert!(bench.cluster.server().read("configmaps", "team", "kube-root-ca.crt").unwrap().is_some());
        bench.settle();
        bench.advance(20);
        assert_eq!(namespace(&mut bench), None);
    }
}
