//! Namespaces that are being deleted: their content goes, the pods first, and when nothing is left the namespace goes too.
//!
//! Work begins some seconds after the deletion, so that what is being created in the meantime is not missed, and is taken
//! up again as long as anything remains. What is said of it, as conditions of the namespace, is in [`plan`].

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

/// How long the controller waits after a namespace has changed.
const DELAY: Duration = Duration::from_secs(5);
/// How long objects that wait for their finalizers are expected to take.
const FINALIZERS_TAKE: i64 = 15;
/// The finalizer of every namespace.
const FINALIZER: &str = "kubernetes";

/// The controller.
pub const CONTROLLER: Controller =
    Controller { name: "namespace-controller", watches: &[Watch::mapped("namespaces", going)], reconcile };

fn going(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let going = change.kind != ChangeKind::Deleted && change.object.is_deleting();
    Ok(going.then(|| Key::of(&change.object)).into_iter().collect())
}

/// The row with the instant until which a namespace is left alone.
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
    let remaining = empty(ctx, &namespace)?;
    let conditions = plan::conditions(namespace.list("/status/conditions"), &remaining, ctx.now);
    let news = namespace.list("/status/conditions") != conditions;
    if news {
        let mut updated = (*namespace).clone();
        updated.put("/status/conditions", conditions);
        ctx.update_status("namespaces", updated)?;
    }
    if remaining.is_empty() {
        ctx.clear_state(&row);
        finalize(ctx, &key.name)?;
        return Ok(Action::AwaitChange);
    }
    // The change of its conditions makes the namespace due like any other change does.
    let wait = Duration::from_secs(remaining.estimate / 2 + 1);
    let next = ctx.now + if news { wait.min(DELAY) } else { wait };
    ctx.set_state(&row, next);
    Ok(Action::RequeueAt(next))
}

/// Deletes what is in a namespace and answers what remains. As long as there are pods nothing else is touched.
fn empty(ctx: &mut Context<'_>, namespace: &Object) -> Result<Remaining> {
    let mut remaining = Remaining::default();
    empty_resource(ctx, namespace, "pods", &mut remaining)?;
    if !remaining.is_empty() {
        return Ok(remaining);
    }
    for resource in deletable_resources(ctx.server()) {
        empty_resource(ctx, namespace, &resource, &mut remaining)?;
    }
    Ok(remaining)
}

/// Everything that lives in namespaces and can be listed and deleted.
fn deletable_resources(server: &Server) -> Vec<String> {
    let deletable = |verbs: &[&str]| ["delete", "list"].iter().all(|verb| verbs.contains(verb));
    let kinds = server.catalog().iter().filter(|k| k.names().namespaced && deletable(k.verbs()));
    kinds.map(|k| k.names().resource().into()).collect()
}

fn empty_resource(ctx: &mut Context<'_>, namespace: &Object, resource: &str, remaining: &mut Remaining) -> Result<()> {
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
        () if !finalizers.is_empty() => FINALIZERS_TAKE,
        () => 0,
    };
    remaining.add(resource, left.len(), finalizers, estimate);
    Ok(())
}

/// Takes the finalizer off; the namespace goes when it was the last.
fn finalize(ctx: &mut Context<'_>, name: &str) -> Result<()> {
    let Some(namespace) = ctx.get("namespaces", "", name)? else { return Ok(()) };
    let mut freed = (*namespace).clone();
    freed.list_mut("/spec/finalizers").retain(|f| f != FINALIZER);
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

    fn make(bench: &mut Bench) {
        bench.create("namespaces", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}));
    }

    fn go(bench: &mut Bench) {
        bench.cluster.handle(&Request::delete("namespaces", "", "team")).unwrap();
    }

    #[test]
    fn a_namespace_goes_some_seconds_after_its_deletion() {
        let mut bench = Bench::open();
        make(&mut bench);
        bench.create(
            "configmaps",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "namespace": "team",
                   "finalizers": ["example.com/keep"]}}),
        );
        go(&mut bench);
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
    fn pods_go_first() {
        let mut bench = Bench::open();
        make(&mut bench);
        let mut tool = pod("tool", json!({}));
        tool.put("/metadata/namespace", "team");
        bench.create("pods", tool);
        bench.settle();
        go(&mut bench);
        bench.advance(5);
        let said = namespace(&mut bench).expect("it waits for the pod");
        assert_eq!(
            said["status"]["conditions"][3]["message"],
            "Some resources are remaining: pods. has 1 resource instances"
        );
        assert!(bench.cluster.server().read("configmaps", "team", "kube-root-ca.crt").unwrap().is_some());
        bench.settle();
        bench.advance(20);
        assert_eq!(namespace(&mut bench), None);
    }
}
