//! Every active namespace has a ServiceAccount `default`.

use super::context::Result;
use super::{Action, Context, Controller, Key, Wake};
use crate::api::Server;
use crate::store::{Change, ChangeKind};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The account that pods have when they name none.
const DEFAULT: &str = "default";

/// The controller; its keys are namespaces.
pub const CONTROLLER: Controller = Controller {
    name: "service-account-controller",
    wakes: &[Wake::custom("namespaces", active_namespace), Wake::custom("serviceaccounts", lost_account)],
    reconcile,
};

/// Whether objects can still be created in a namespace.
pub(super) fn is_active(namespace: &Object) -> bool {
    !namespace.is_deleting() && namespace.str("/status/phase") != "Terminating"
}

/// The namespace that changed, unless it is going: what every namespace has is made there.
pub(super) fn active_namespace(change: &Change, _: &mut Server) -> Vec<Key> {
    let wanted = change.kind != ChangeKind::Deleted && is_active(&change.object);
    wanted.then(|| Key::of(&change.object)).into_iter().collect()
}

fn lost_account(change: &Change, _: &mut Server) -> Vec<Key> {
    let lost = change.kind == ChangeKind::Deleted && change.object.name() == DEFAULT;
    lost.then(|| Key::new("", change.object.namespace())).into_iter().collect()
}

fn reconcile(context: &mut Context<'_>, key: &Key) -> Result<Action> {
    let active = context.get("namespaces", "", &key.name)?.is_some_and(|n| is_active(&n));
    if active && context.get("serviceaccounts", &key.name, DEFAULT)?.is_none() {
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
                             "metadata": {"name": DEFAULT, "namespace": key.name}});
        context.create("serviceaccounts", account)?;
    }
    Ok(Action::Done)
}

#[cfg(test)]
mod tests {
    use crate::api::Propagation;
    use crate::controllers::shared::testing::Bench;
    use kctl_base::object::ObjectMeta;

    #[test]
    fn every_namespace_gets_its_account_again() {
        let mut bench = Bench::new(&["serviceaccounts"]).expect("core kinds are served");
        let first = bench.get("serviceaccounts", "default").uid().to_string();
        bench.delete("serviceaccounts", "default", Propagation::Background);
        assert_ne!(bench.get("serviceaccounts", "default").uid(), first);
        let system = bench.cluster.server().read("serviceaccounts", "kube-system", "default").unwrap();
        assert!(system.is_some());
    }
}
