//! ComponentStatuses (deprecated): what the API server hears from the components of the control plane
//! (`pkg/registry/core/componentstatus`). They are made for each request; a bare cluster has no such components.

use std::sync::Arc;

use super::read::Selection;
use super::{ObjectList, Payload, Request, Response, Result, Server, Verb};
use crate::profile::Profile;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::status::Status;
use kctl_kinds::Kind;

/// The resource.
pub(super) const RESOURCE: &str = "componentstatuses";

/// The deprecation warning for every use of the kind.
pub(super) const DEPRECATION: &str = "v1 ComponentStatus is deprecated in v1.19+";

/// The components, in the order in which the API server names them, which is not sorted.
const COMPONENTS: [&str; 3] = ["scheduler", "controller-manager", "etcd-0"];

impl Server {
    /// Gets or lists the components.
    pub(super) fn component_statuses(&mut self, kind: &dyn Kind, request: &Request) -> Result<Response> {
        let names = if self.settings.installation.profile == Profile::Bare { &[][..] } else { &COMPONENTS };
        let mut statuses = names.iter().map(|name| Arc::new(healthy(name)));
        if request.verb == Verb::Get {
            let found = statuses.find(|status| status.name() == request.name);
            return found.map(Response::of).ok_or_else(|| Status::not_found("", RESOURCE, &request.name));
        }
        let selection = Selection::of(kind, request)?;
        let items = statuses.filter(|status| selection.matches(kind, status)).collect();
        let list = ObjectList { items, resource_version: self.revision(), continue_token: String::new() };
        Ok(Response { payload: Payload::List(list), ..Response::default() })
    }
}

/// Returns the status of a component that answers.
fn healthy(name: &str) -> Object {
    json!({"apiVersion": "v1", "kind": "ComponentStatus", "metadata": {"name": name},
           "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}]})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::ClusterPlan;
    use crate::{Cluster, OpenOptions};

    #[test]
    fn installed_clusters_have_healthy_components() {
        for (profile, count) in [(Profile::Bare, 0), (Profile::Kind, 3)] {
            let plan = ClusterPlan { profile, ..ClusterPlan::default() };
            let mut cluster = Cluster::open(OpenOptions { plan, ..OpenOptions::memory(1) }).expect("a cluster");
            let list = cluster.handle(&Request::list(RESOURCE, "")).expect("a list").into_items();
            assert_eq!(list.len(), count, "{profile:?}");
            assert_eq!(cluster.handle(&Request::get(RESOURCE, "", "etcd-0")).is_ok(), count > 0);
        }
    }
}
