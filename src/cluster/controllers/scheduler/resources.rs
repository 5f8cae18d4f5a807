//! What pods ask for and what nodes have, as plain numbers.
//!
//! A pod asks for the sum of its containers, or for what one init container needs if that is more; sidecars run all the
//! time; amounts of the pod itself win; the overhead comes on top.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_base::quantity::Quantity;

/// What a container that asks for no CPU counts for in scores: a tenth of a core, in thousandths.
const ASSUMED_CPU: i64 = 100;
/// What a container that asks for no memory counts for in scores, in bytes.
const ASSUMED_MEMORY: i64 = 200 * 1024 * 1024;

/// Amounts of resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Amounts {
    /// Thousandths of a core.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) cpu: i64,
    /// Bytes.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) memory: i64,
    /// Bytes of ephemeral storage.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) storage: i64,
    /// Everything else, by name: `hugepages-2Mi`, `nvidia.com/gpu`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) other: BTreeMap<String, i64>,
}

fn is_zero(amount: &i64) -> bool {
    *amount == 0
}

impl Amounts {
    /// Reads a resource list.
    pub(super) fn read(object: &Value, pointer: &str) -> Amounts {
        let mut amounts = Amounts::default();
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
            "ephemeral-storage" => self.storage = quantity.value(),
            "pods" => {}
            other => {
                self.other.insert(other.into(), quantity.value());
            }
        }
    }

    /// Combines every amount with that of the other side.
    fn combine(&mut self, other: &Amounts, with: impl Fn(i64, i64) -> i64) {
        self.cpu = with(self.cpu, other.cpu);
        self.memory = with(self.memory, other.memory);
        self.storage = with(self.storage, other.storage);
        for (name, amount) in &other.other {
            let here = self.other.entry(name.clone()).or_default();
            *here = with(*here, *amount);
        }
    }

    /// Adds amounts.
    pub(super) fn add(&mut self, other: &Amounts) {
        self.combine(other, i64::saturating_add);
    }

    /// Takes amounts away.
    pub(super) fn subtract(&mut self, other: &Amounts) {
        self.combine(other, i64::saturating_sub);
        self.other.retain(|_, amount| *amount != 0);
    }

    fn raise_to(&mut self, other: &Amounts) {
        self.combine(other, i64::max);
    }
}

/// What a pod asks for.
pub(super) fn requests(pod: &Object) -> Amounts {
    sum(pod, |container| Amounts::read(container, "/resources/requests"))
}

/// CPU and memory that a pod counts for in scores, where containers that ask for nothing count for a little.
pub(super) fn assumed_requests(pod: &Object) -> (i64, i64) {
    let amounts = sum(pod, |container| {
        let mut amounts = Amounts::read(container, "/resources/requests");
        let asks = |name| container.pointer("/resources/requests").is_some_and(|r| r.get(name).is_some());
        if !asks("cpu") {
            amounts.cpu = ASSUMED_CPU;
        }
        if !asks("memory") {
            amounts.memory = ASSUMED_MEMORY;
        }
        amounts
    });
    (amounts.cpu, amounts.memory)
}

fn sum(pod: &Object, of: impl Fn(&Value) -> Amounts) -> Amounts {
    let mut total = Amounts::default();
    for container in pod.list("/spec/containers") {
        total.add(&of(container));
    }
    let (mut sidecars, mut most) = (Amounts::default(), Amounts::default());
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
    for (name, value) in pod.map("/spec/resources/requests").into_iter().flatten() {
        if let Ok(quantity) = Quantity::from_value(value) {
            total.set(name, &quantity);
        }
    }
    total.add(&Amounts::read(pod, "/spec/overhead"));
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
    fn pods_ask_for_their_containers_or_the_hungriest_init_container() {
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
    fn containers_that_ask_for_nothing_count_a_little() {
        let pod = json!({"spec": {"containers": [{"name": "a"}, container("1")]}});
        assert_eq!(assumed_requests(&pod), (1100, 2 * ASSUMED_MEMORY));
        assert_eq!(requests(&pod).memory, 0);
    }

    #[test]
    fn what_is_added_can_be_taken_away() {
        let gpu = Amounts::read(&json!({"r": {"cpu": "1", "nvidia.com/gpu": "2", "pods": "110"}}), "/r");
        let mut amounts = gpu.clone();
        amounts.add(&gpu);
        assert_eq!(amounts.other["nvidia.com/gpu"], 4);
        amounts.subtract(&gpu);
        amounts.subtract(&gpu);
        assert_eq!(amounts, Amounts::default());
    }
}
