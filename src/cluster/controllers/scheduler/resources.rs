//! Amounts of resources as plain numbers (`framework.Resource`), and the requests of pods.
//!
//! A pod requests the sum of its containers, or what its init containers need if that is more. Sidecars run beside both.
//! Requests at pod level replace the sum, and the overhead is added (`component-helpers/resource/helpers.go`, `PodRequests`).
//! While a resize of a pod is not complete, the larger of the desired and the present requests count.

use std::collections::BTreeMap;

use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_base::quantity::Quantity;
use kctl_kinds::shared::pod_spec::effective::{Effective, ResourceList};

/// CPU that scores assume for a container without a request, in thousandths of a core (`DefaultMilliCPURequest`).
const DEFAULT_CPU: i64 = 100;
/// Memory that scores assume for a container without a request, in bytes (`DefaultMemoryRequest`).
const DEFAULT_MEMORY: i64 = 200 * 1024 * 1024;

/// CPU in thousandths of a core and memory in bytes, with the defaults for containers without requests.
pub(super) type NonZeroRequests = (i64, i64);

/// Amounts of resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Resource {
    /// Thousandths of a core.
    pub(super) cpu: i64,
    /// Bytes.
    pub(super) memory: i64,
    /// Bytes.
    pub(super) ephemeral_storage: i64,
    /// All other resources by name: `hugepages-2Mi`, `nvidia.com/gpu`.
    pub(super) scalar: BTreeMap<String, i64>,
}

impl Resource {
    /// Parses a resource list, without quantities that cannot be parsed.
    pub(super) fn read(object: &Value, pointer: &str) -> Resource {
        let mut amounts = Resource::default();
        for (name, value) in object.map(pointer).into_iter().flatten() {
            if let Ok(quantity) = Quantity::from_value(value) {
                amounts.set(name, &quantity);
            }
        }
        amounts
    }

    fn set(&mut self, name: &str, quantity: &Quantity) {
        match name {
            "cpu" => self.cpu = quantity.milli_value(),
            "memory" => self.memory = quantity.value(),
            "ephemeral-storage" => self.ephemeral_storage = quantity.value(),
            "pods" => {}
            other => {
                self.scalar.insert(other.into(), quantity.value());
            }
        }
    }

    /// Returns the amount of a resource, 0 by default.
    pub(super) fn amount(&self, name: &str) -> i64 {
        match name {
            "cpu" => self.cpu,
            "memory" => self.memory,
            "ephemeral-storage" => self.ephemeral_storage,
            other => self.scalar.get(other).copied().unwrap_or(0),
        }
    }

    /// Sets the amount of one resource to that of `other`.
    fn copy(&mut self, name: &str, other: &Resource) {
        match name {
            "cpu" => self.cpu = other.cpu,
            "memory" => self.memory = other.memory,
            "ephemeral-storage" => self.ephemeral_storage = other.ephemeral_storage,
            name => {
                if let Some(amount) = other.scalar.get(name) {
                    self.scalar.insert(name.into(), *amount);
                }
            }
        }
    }

    /// Combines each amount with that of `other`.
    fn combine(&mut self, other: &Resource, with: impl Fn(i64, i64) -> i64) {
        self.cpu = with(self.cpu, other.cpu);
        self.memory = with(self.memory, other.memory);
        self.ephemeral_storage = with(self.ephemeral_storage, other.ephemeral_storage);
        for (name, amount) in &other.scalar {
            let here = self.scalar.entry(name.clone()).or_default();
            *here = with(*here, *amount);
        }
    }

    /// Adds `other`.
    pub(super) fn add(&mut self, other: &Resource) {
        self.combine(other, i64::saturating_add);
    }

    /// Subtracts `other`.
    pub(super) fn subtract(&mut self, other: &Resource) {
        self.combine(other, i64::saturating_sub);
        self.scalar.retain(|_, amount| *amount != 0);
    }

    /// Raises each amount to at least that of `other`.
    fn raise_to(&mut self, other: &Resource) {
        self.combine(other, i64::max);
    }
}

/// Returns the requests of a pod.
pub(super) fn requests(pod: &Object) -> Resource {
    sum(pod, largest_of)
}

/// Returns the largest amount of each resource in the lists.
fn largest_of(lists: &[ResourceList<'_>]) -> Resource {
    let mut largest = Resource::default();
    lists.iter().for_each(|(object, pointer)| largest.raise_to(&Resource::read(object, pointer)));
    largest
}

/// Returns the requests of a pod with the defaults for containers without requests.
pub(super) fn non_zero_requests(pod: &Object) -> NonZeroRequests {
    let amounts = sum(pod, |lists| {
        let mut amounts = largest_of(lists);
        let names =
            |(object, pointer): &ResourceList<'_>, name| object.pointer(pointer).is_some_and(|r| r.get(name).is_some());
        let has_request = |name| lists.iter().any(|list| names(list, name));
        if !has_request("cpu") {
            amounts.cpu = DEFAULT_CPU;
        }
        if !has_request("memory") {
            amounts.memory = DEFAULT_MEMORY;
        }
        amounts
    });
    (amounts.cpu, amounts.memory)
}

/// Sums up the amounts that `of` returns for the resource lists of each container of a pod.
fn sum(pod: &Object, of: impl Fn(&[ResourceList<'_>]) -> Resource) -> Resource {
    let effective = Effective::of(pod);
    let of = |container| of(&effective.of_container(container, "requests"));
    let mut total = Resource::default();
    for container in pod.list("/spec/containers") {
        total.add(&of(container));
    }
    let (mut sidecars, mut most) = (Resource::default(), Resource::default());
    for container in pod.list("/spec/initContainers") {
        let mut need = of(container);
        if container.str("/restartPolicy") == "Always" {
            total.add(&need);
            sidecars.add(&need);
            need = sidecars.clone();
        } else {
            need.add(&sidecars);
        }
        most.raise_to(&need);
    }
    total.raise_to(&most);
    let whole = effective.of_whole("requests");
    let most = largest_of(&whole);
    for (object, pointer) in &whole {
        object.map(pointer).into_iter().flatten().for_each(|(name, _)| total.copy(name, &most));
    }
    total.add(&Resource::read(pod, "/spec/overhead"));
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn container(cpu: &str) -> Value {
        json!({"resources": {"requests": {"cpu": cpu}}})
    }

    #[test]
    fn requests_are_those_of_the_containers_or_of_the_largest_init_container() {
        let mut sidecar = container("200m");
        sidecar["restartPolicy"] = "Always".into();
        let cases = [
            (json!({"containers": [container("1"), container("500m")]}), 1500),
            (json!({"containers": [container("1")], "initContainers": [container("2"), container("1")]}), 2000),
            (json!({"containers": [container("1")], "initContainers": [sidecar.clone(), container("2")]}), 2200),
            (json!({"containers": [container("1")], "initContainers": [container("1100m"), sidecar.clone()]}), 1200),
            (json!({"containers": [container("1")], "overhead": {"cpu": "250m"}}), 1250),
            (json!({"containers": [container("1")], "resources": {"requests": {"cpu": "3"}}}), 3000),
        ];
        for (spec, cpu) in cases {
            assert_eq!(requests(&json!({"spec": spec})).cpu, cpu, "{spec}");
        }
    }

    #[test]
    fn containers_without_requests_have_defaults_for_scores() {
        let pod = json!({"spec": {"containers": [{"name": "a"}, container("1")]}});
        assert_eq!(non_zero_requests(&pod), (1100, 2 * DEFAULT_MEMORY));
        assert_eq!(requests(&pod).memory, 0);
    }

    #[test]
    fn subtraction_undoes_addition() {
        let gpu = Resource::read(&json!({"r": {"cpu": "1", "nvidia.com/gpu": "2", "pods": "110"}}), "/r");
        let mut amounts = gpu.clone();
        amounts.add(&gpu);
        assert_eq!(amounts.scalar["nvidia.com/gpu"], 4);
        amounts.subtract(&gpu);
        amounts.subtract(&gpu);
        assert_eq!(amounts, Resource::default());
    }
}
