//! The `scale` subresource: the replica count, written through the whole object (`pkg/registry/apps/*/storage`, `ScaleREST`).

use kctl_base::field::ErrorList;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_kinds::{Kind, ScalePaths};

use super::{UpdateStrategy, recorded, spec};
use crate::api::{Request, managers};

pub(super) struct Scale;

impl UpdateStrategy for Scale {
    fn prepare(&self, kind: &dyn Kind, new: &mut Object, old: &Object) {
        spec::Spec.prepare(kind, new, old);
    }

    fn validate(&self, kind: &dyn Kind, new: &Object, old: &Object) -> ErrorList {
        spec::Spec.validate(kind, new, old)
    }

    /// Takes over the ownership of the replicas if a manager has it; otherwise the field stays unowned. A Scale omits
    /// the number 0, which nobody owns then.
    fn managed_fields(
        &self,
        kind: &dyn Kind,
        old: &Object,
        sent: &Object,
        request: &Request,
        now: Time,
    ) -> Option<Value> {
        let paths = kind.scale().filter(|paths| has_replicas_owner(paths, old));
        let Some(paths) = paths else { return recorded(old) };
        if sent.int(paths.spec_replicas) != Some(0) || old.int(paths.spec_replicas) == Some(0) {
            return managers::after(kind, Some(old), sent, request, now);
        }
        let mut without_replicas = sent.clone();
        without_replicas.remove_at(paths.spec_replicas);
        managers::after(kind, Some(old), &without_replicas, request, now)
    }
}

/// Returns whether a manager owns the replicas of an object.
fn has_replicas_owner(paths: &ScalePaths, object: &Object) -> bool {
    let owned = format!("/fieldsV1{}", paths.spec_replicas.replace('/', "/f:"));
    object.list("/metadata/managedFields").iter().any(|entry| entry.pointer(&owned).is_some())
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;
    use crate::{Cluster, OpenOptions};

    /// Sets the replicas through the endpoint and returns the managers of replicas and whether they have times.
    fn scale(cluster: &mut Cluster, replicas: i64) -> Vec<(String, bool)> {
        let path = |verb: fn(&str, &str, &str) -> Request| verb("deployments.apps", "default", "web");
        let mut scale = (*cluster.handle(&path(Request::get).subresource("scale")).unwrap().into_object()).clone();
        scale.put("/spec/replicas", replicas);
        let mut update = Request::update("deployments.apps", "default", "web", scale).subresource("scale");
        update.options.manager = "scaler".into();
        cluster.handle(&update).unwrap();
        let web = cluster.server().read("deployments.apps", "default", "web").unwrap().unwrap();
        let owners =
            web.list("/metadata/managedFields").iter().filter(|e| e.at("/fieldsV1/f:spec/f:replicas").is_some());
        owners.map(|e| (e.str("/manager").to_owned(), e.at("/time").is_some())).collect()
    }

    #[test]
    fn owners_have_no_time_and_nobody_owns_the_number_0() {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        let labels = json!({"app": "web"});
        let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
        let spec = json!({"replicas": 2, "selector": {"matchLabels": labels}, "template": template});
        let web = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec});
        cluster.handle(&Request::create("deployments.apps", "default", web)).unwrap();
        assert_eq!(scale(&mut cluster, 3), [("scaler".to_owned(), false)]);
        assert_eq!(scale(&mut cluster, 4), [("scaler".to_owned(), false)]);
        assert_eq!(scale(&mut cluster, 0), []);
        assert_eq!(scale(&mut cluster, 2), [], "what has no owner stays so");
    }
}
