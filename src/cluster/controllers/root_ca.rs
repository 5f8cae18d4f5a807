//! Publishes the cluster's CA certificate as ConfigMap `kube-root-ca.crt` in every active namespace
//! (`pkg/controller/certificates/rootcacertpublisher`).
//!
use super::runtime::Result;
use super::service_account::{active_namespace, is_active};
use super::{Action, Context, Controller, Key, Watch};
use crate::api::authority::Authority;
use crate::store::{Change, ChangeKind};
use kctl_base::json::json;
use kctl_base::object::{ObjectMeta, ValueWrite};
use kctl_base::status::Status;

/// The name of the ConfigMap.
pub(crate) const NAME: &str = "kube-root-ca.crt";
/// The annotation that describes the ConfigMap.
const DESCRIPTION: (&str, &str) = (
    "kubernetes.io/description",
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
);

/// The controller; its keys are namespaces.
pub(super) const CONTROLLER: Controller = Controller {
    name: "root-ca-certificate-publisher-controller",
    watches: &[Watch::mapped("namespaces", active_namespace), Watch::mapped("configmaps", changed_certificate)],
    reconcile,
};

/// Maps a changed or deleted certificate to its namespace.
fn changed_certificate(change: &Change, _: &mut Context<'_>) -> Result<Vec<Key>> {
    let is_changed = change.object.name() == NAME && change.kind != ChangeKind::Added;
    Ok(is_changed.then(|| Key::new("", change.object.namespace())).into_iter().collect())
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    if !ctx.get("namespaces", "", &key.name)?.is_some_and(|n| is_active(&n)) {
        return Ok(Action::AwaitChange);
    }
    let data = json!({"ca.crt": certificate(ctx)?});
    match ctx.get("configmaps", &key.name, NAME)? {
        None => {
            let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data,
                                 "metadata": {"name": NAME, "namespace": key.name}});
            map.set_annotation(DESCRIPTION.0, DESCRIPTION.1);
            ctx.create("configmaps", map)?;
        }
        Some(map) if map.get("data") != Some(&data) || map.annotation(DESCRIPTION.0) != Some(DESCRIPTION.1) => {
            let mut map = (*map).clone();
            map.put("/data", data);
            map.set_annotation(DESCRIPTION.0, DESCRIPTION.1);
            ctx.update("configmaps", map)?;
        }
        Some(_) => {}
    }
    Ok(Action::AwaitChange)
}

/// Returns the certificate of the cluster in PEM, which is made once in the life of a process.
pub(super) fn certificate(ctx: &mut Context<'_>) -> Result<String> {
    let made = ctx.cache::<String>().clone();
    if !made.is_empty() {
        return Ok(made);
    }
    let certificate = Authority::of(ctx.ids()).and_then(|authority| authority.certificate());
    let certificate = certificate.map_err(|e| Status::internal(e.to_string()))?;
    ctx.cache::<String>().clone_from(&certificate);
    Ok(certificate)
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;
    use crate::api::Propagation;
    use crate::controllers::shared::testing::Bench;

    #[test]
    fn the_certificate_is_restored() {
        let mut bench = Bench::open();
        let authority = Authority::of(bench.cluster.server().ids()).and_then(|authority| authority.certificate());
        let right = json!({"ca.crt": authority.expect("a certificate")});
        assert_eq!(bench.get("configmaps", NAME)["data"], right);
        bench.patch("configmaps", NAME, json!({"data": {"ca.crt": "nothing"}}));
        assert_eq!(bench.get("configmaps", NAME)["data"], right);
        bench.delete("configmaps", NAME, Propagation::Background);
        assert_eq!(bench.get("configmaps", NAME)["data"], right);
    }
}
