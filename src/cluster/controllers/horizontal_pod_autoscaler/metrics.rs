//! Samples of the pods of one target. Where the usage comes from is in [`crate::simulation`].

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::simulation::{Measurements, ResourceUsage};
use kctl_base::object::{Object, ObjectMeta};

/// Values of one metric in thousandths, by pod name.
pub(super) type Samples = BTreeMap<String, i64>;

/// Resource usage of the pods of a target.
pub(super) struct Measured {
    by_pod: BTreeMap<String, ResourceUsage>,
    /// The metrics APIs are served: there is usage of any pod in the cluster.
    is_available: bool,
}

impl Measured {
    /// Collects the usage of the pods.
    pub(super) fn of(pods: &[Arc<Object>], measurements: &Measurements) -> Measured {
        let usages = pods.iter().map(|pod| (pod.name().to_string(), measurements.usage(pod)));
        let by_pod: BTreeMap<String, ResourceUsage> = usages.filter(|(_, usage)| !usage.is_empty()).collect();
        let is_available = measurements.are_served() || !by_pod.is_empty();
        Measured { by_pod, is_available }
    }

    /// Returns the samples of `cpu` or `memory` (`metrics.k8s.io`).
    ///
    /// # Errors
    /// The message of the metrics client, if there are none.
    pub(super) fn resource(&self, name: &str) -> Result<Samples, String> {
        let problem = match self.is_available {
            false => {
                "unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
            }
            true => "no metrics returned from resource metrics API",
        };
        self.samples(name).ok_or_else(|| format!("unable to get metrics for resource {name}: {problem}"))
    }

    /// Returns the samples of a custom metric (`custom.metrics.k8s.io`).
    ///
    /// # Errors
    /// The message of the metrics client, if there are none.
    pub(super) fn custom(&self, name: &str) -> Result<Samples, String> {
        let problem = match self.is_available {
            false => {
                "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"
            }
            true => "no metrics returned from custom metrics API",
        };
        self.samples(name).ok_or_else(|| format!("unable to get metric {name}: {problem}"))
    }

    fn samples(&self, name: &str) -> Option<Samples> {
        let sample = |(pod, usage): (&String, &ResourceUsage)| Some((pod.clone(), usage.get(name)?.milli_value()));
        let samples: Samples = self.by_pod.iter().filter_map(sample).collect();
        (!samples.is_empty()).then_some(samples)
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;
    use crate::simulation::METRICS_ANNOTATION;

    #[test]
    fn pods_without_a_metric_have_no_sample() {
        let pod = |name: &str, usage: &str| {
            let annotations = json!({METRICS_ANNOTATION: usage});
            Arc::new(json!({"metadata": {"name": name, "namespace": "d", "annotations": annotations}}))
        };
        let pods = [pod("a", "cpu=250m,memory=64Mi"), pod("b", "cpu=100m"), pod("c", "cpu")];
        let measured = Measured::of(&pods, &Measurements::default());
        assert_eq!(measured.resource("cpu"), Ok(Samples::from([("a".into(), 250), ("b".into(), 100)])));
        let problem = measured.resource("other").unwrap_err();
        assert_eq!(problem, "unable to get metrics for resource other: no metrics returned from resource metrics API");
        let none = Measured::of(&[], &Measurements::default());
        assert!(none.resource("cpu").unwrap_err().ends_with("(get pods.metrics.k8s.io)"));
    }
}
