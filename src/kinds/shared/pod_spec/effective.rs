//! The resources of a pod that count for its node and for quotas: those of the spec, and while a resize is not complete the
//! allocated and the actual ones too (`determineContainerReqs` in `k8s.io/component-helpers/resource/helpers.go`).

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// An object and the pointer of a resource list in it.
pub type ResourceList<'a> = (&'a Value, &'static str);

/// The spec and the status of a pod, as far as its resources are concerned.
#[derive(Debug)]
pub struct Effective<'a> {
    pod: &'a Object,
    /// The spec may differ from what the kubelet has allocated.
    may_resize: bool,
    /// The spec does not count where the status is known: the kubelet has refused the resize for good.
    skips_spec: bool,
}

impl<'a> Effective<'a> {
    /// Reads a pod. Only pods whose spec has changed since their creation can be in a resize.
    pub fn of(pod: &'a Object) -> Effective<'a> {
        let may_resize = pod.generation() > 1;
        let refuses = |c: &Value| c.str("/type") == "PodResizePending" && c.str("/reason") == "Infeasible";
        let is_infeasible = may_resize && pod.list("/status/conditions").iter().any(refuses);
        Effective { pod, may_resize, skips_spec: is_infeasible }
    }

    /// Reads a pod without what it asks for in a resize.
    pub(super) fn allocated(pod: &'a Object) -> Effective<'a> {
        let may_resize = pod.generation() > 1;
        Effective { pod, may_resize, skips_spec: may_resize }
    }

    /// Returns the resource lists of a container of the pod, the largest amounts of which count; `what` is `requests` or
    /// `limits`.
    pub fn of_container(&self, container: &'a Value, what: &str) -> Vec<ResourceList<'a>> {
        let desired = (container, if what == "requests" { "/resources/requests" } else { "/resources/limits" });
        match self.may_resize.then(|| self.status_of(container)).flatten() {
            Some(status) => self.combine(desired, status, what),
            None => vec![desired],
        }
    }

    /// Returns the lists of the pod-level resources.
    pub fn of_whole(&self, what: &str) -> Vec<ResourceList<'a>> {
        let spec = self.pod.at("/spec").unwrap_or(&Value::Null);
        let desired = (spec, if what == "requests" { "/resources/requests" } else { "/resources/limits" });
        match self.pod.at("/status").filter(|status| self.may_resize && status.at("/resources").is_some()) {
            Some(status) => self.combine(desired, status, what),
            None => vec![desired],
        }
    }

    fn combine(&self, desired: ResourceList<'a>, status: &'a Value, what: &str) -> Vec<ResourceList<'a>> {
        let present: &[&str] = match what {
            "requests" => &["/resources/requests", "/allocatedResources"],
            _ => &["/resources/limits"],
        };
        let desired = (!self.skips_spec).then_some(desired);
        desired.into_iter().chain(present.iter().map(|pointer| (status, *pointer))).collect()
    }

    fn status_of(&self, container: &Value) -> Option<&'a Value> {
        let lists = ["/status/containerStatuses", "/status/initContainerStatuses"];
        let mut all = lists.iter().flat_map(|list| self.pod.list(list));
        all.find(|status| status.str("/name") == container.str("/name") && status.at("/resources").is_some())
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use crate::shared::pod_spec::resources::of_pod;

    #[test]
    fn the_largest_of_desired_allocated_and_actual_resources_counts() {
        let pod = |generation: i64, reason: &str| {
            json!({
                "metadata": {"generation": generation},
                "spec": {"containers": [{"name": "c", "resources":
                    {"requests": {"cpu": "3", "memory": "1"}, "limits": {"cpu": "3"}}}]},
                "status": {
                    "conditions": [{"type": "PodResizePending", "reason": reason}],
                    "containerStatuses": [{"name": "c", "allocatedResources": {"cpu": "1", "memory": "2"},
                        "resources": {"requests": {"cpu": "2", "memory": "2"}, "limits": {"cpu": "4"}}}],
                },
            })
        };
        let amount = |pod, what, name: &str| of_pod(&pod, what)[name].canonical();
        assert_eq!(amount(pod(1, "Deferred"), "requests", "memory"), "1");
        assert_eq!(amount(pod(2, "Deferred"), "requests", "cpu"), "3");
        assert_eq!(amount(pod(2, "Deferred"), "requests", "memory"), "2");
        assert_eq!(amount(pod(2, "Deferred"), "limits", "cpu"), "4");
        assert_eq!(amount(pod(2, "Infeasible"), "requests", "cpu"), "2");
    }
}
