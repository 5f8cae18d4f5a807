//! Creates the ServiceAccount `default` of every active namespace (`pkg/controller/serviceaccount`).

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The account of pods that do not name one.
const DEFAULT: &str = "default";

/// The controller; its keys are namespaces.
pub(super) const CONTROLLER: Controller = Controller {
    name: "service-account-controller",
    watches: &[Watch::mapped("namespaces", active_namespace), Watch::mapped("serviceaccounts", deleted_account)],
    reconcile,
};

/// Returns `true` when objects can still be created in a namespace.
pub(super) fn is_active(namespace: &Object) -> bool {
    !namespace.is_deleting() && namespace.str("/status/phase") != "Terminating"
}

/// Maps a namespace to itself unless it is being deleted.
pub(super) fn active_namespace(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let is_present = change.kind != ChangeKind::Deleted && is_active(&change.object);
    Ok(is_present.then(|| Key::of(&change.object)).into_iter().collect())
}

/// Maps the deletion of a default account to its namespace.
fn deleted_account(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let is_default = change.kind == ChangeKind::Deleted && change.object.name() == DEFAULT;
    Ok(is_default.then(|| Key::new("", change.object.namespace())).into_iter().collect())
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let active = ctx.get("namespaces", "", &key.name)?.is_some_and(|n| is_active(&n));
    if active && ctx.get("serviceaccounts", &key.name, DEFAULT)?.is_none() {
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
                             "metadata": {"name": DEFAULT, "namespace": key.name}});
        ctx.create("serviceaccounts", account)?;
    }
    Ok(Action::AwaitChange)
}

#[cfg(test)]
mod tests {
    use crate::api::Propagation;
    use crate::controllers::shared::testing::Bench;
    use kctl_base::object::ObjectMeta;

    #[test]
    fn a_deleted_default_account_is_recreated() {
        let mut bench = Bench::open();
        let first = bench.get("serviceaccounts", "default").uid().to_string();
        bench.delete("serviceaccounts", "default", Propagation::Background);
        assert_ne!(bench.get("serviceaccounts", "default").uid(), first);
        let system = bench.cluster.server().read("serviceaccounts", "kube-system", "default").unwrap();
        assert!(system.is_some());
    }
}
