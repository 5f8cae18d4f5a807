//! Every active namespace has a ServiceAccount `default`.

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::store::{Change, ChangeKind};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The account that pods have when they name none.
const DEFAULT: &str = "default";

/// The controller; its keys are namespaces.
pub const CONTROLLER: Controller = Controller {
    name: "service-account-controller",
    watches: &[Watch::mapped("namespaces", active_namespace), Watch::mapped("serviceaccounts", lost_account)],
    reconcile,
};

/// Whether objects can still be created in a namespace.
pub(super) fn is_active(namespace: &Object) -> bool {
    !namespace.is_deleting() && namespace.str("/status/phase") != "Terminating"
}

/// The namespace that changed, unless it is going: what every namespace has is made there.
pub(super) fn active_namespace(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let wanted = change.kind != ChangeKind::Deleted && is_active(&change.object);
    Ok(wanted.then(|| Key::of(&change.object)).into_iter().collect())
}

fn lost_account(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let lost = change.kind == ChangeKind::Deleted && change.object.name() == DEFAULT;
    Ok(lost.then(|| Key::new("", change.object.namespace())).into_iter().collect())
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
    fn every_namespace_gets_its_account_again() {
        let mut bench = Bench::open();
        let first = bench.get("serviceaccounts", "default").uid().to_string();
        bench.delete("serviceaccounts", "default", Propagation::Background);
        assert_ne!(bench.get("serviceaccounts", "default").uid(), first);
        let system = bench.cluster.server().read("serviceaccounts", "kube-system", "default").unwrap();
        assert!(system.is_some());
    }
}
