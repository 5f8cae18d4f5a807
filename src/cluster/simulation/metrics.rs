//! Declared resource usage of pods. Nothing is measured: an annotation of the pod or `kctl sim metrics` says what a metrics
//! server reports.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::quantity::Quantity;

/// Annotation of a pod with its usage: `cpu=250m,memory=64Mi`.
///
/// Names other than `cpu` and `memory` are custom metrics (`type: Pods` of an autoscaler).
pub const METRICS_ANNOTATION: &str = "kctl.dev/metrics";

/// Usage of one pod by metric: `cpu` in cores, `memory` in bytes, custom metrics in their own unit.
pub type ResourceUsage = BTreeMap<String, Quantity>;

/// Declared usage by `namespace/name` of the pod; it takes precedence over the annotation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodMetrics(BTreeMap<String, ResourceUsage>);

impl PodMetrics {
    /// Reports whether no usage is declared.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Replaces the usage of the pod `namespace/name`; an empty one removes the pod.
    pub fn set(&mut self, pod: &str, usage: ResourceUsage) {
        match usage.is_empty() {
            true => self.0.remove(pod),
            false => self.0.insert(pod.into(), usage),
        };
    }

    /// Returns the usage declared for the pod `namespace/name`.
    pub fn get(&self, pod: &str) -> Option<&ResourceUsage> {
        self.0.get(pod)
    }

    /// Iterates over the pods by `namespace/name`.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ResourceUsage)> {
        self.0.iter().map(|(pod, usage)| (pod.as_str(), usage))
    }

    /// Returns the usage of a pod: its annotation, overridden metric by metric by the declared usage.
    pub fn usage(&self, pod: &Object) -> ResourceUsage {
        let mut usage = pod.annotation(METRICS_ANNOTATION).map(parse).unwrap_or_default();
        let declared = self.get(&format!("{}/{}", pod.namespace(), pod.name()));
        usage.extend(declared.into_iter().flatten().map(|(metric, amount)| (metric.clone(), *amount)));
        usage
    }
}

impl Serialize for PodMetrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let written = |usage: &ResourceUsage| -> BTreeMap<String, String> {
            usage.iter().map(|(metric, amount)| (metric.clone(), amount.canonical())).collect()
        };
        serializer.collect_map(self.0.iter().map(|(pod, usage)| (pod, written(usage))))
    }
}

impl<'de> Deserialize<'de> for PodMetrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<PodMetrics, D::Error> {
        let mut all = BTreeMap::new();
        for (pod, written) in BTreeMap::<String, BTreeMap<String, Value>>::deserialize(deserializer)? {
            let mut usage = ResourceUsage::new();
            for (metric, amount) in written {
                let amount = Quantity::from_value(&amount);
                usage.insert(metric.clone(), amount.map_err(|e| D::Error::custom(format!("{pod}: {metric}: {e}")))?);
            }
            all.insert(pod, usage);
        }
        Ok(PodMetrics(all))
    }
}

/// Parses the annotation. Words that are not `METRIC=QUANTITY` are ignored; the last of several amounts counts.
fn parse(text: &str) -> ResourceUsage {
    let pair = |word: &str| {
        let (metric, amount) = word.split_once('=')?;
        Some((metric.trim().to_string(), amount.trim().parse().ok()?))
    };
    text.split([',', ' ']).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn shown(usage: &ResourceUsage) -> String {
        usage.iter().map(|(metric, amount)| format!("{metric}={amount};")).collect()
    }

    #[test]
    fn the_annotation_lists_metrics_with_amounts() {
        assert_eq!(shown(&parse("cpu=250m,memory=64Mi")), "cpu=250m;memory=64Mi;");
        assert_eq!(shown(&parse("requests=5 cpu=x, memory")), "requests=5;");
        assert_eq!(shown(&parse("cpu=1,cpu=2")), "cpu=2;");
    }

    #[test]
    fn declared_usage_overrides_the_annotation() {
        let mut metrics = PodMetrics::default();
        metrics.set("d/b", parse("cpu=100m"));
        let pod = |name: &str| json!({"metadata": {"name": name, "namespace": "d", "annotations": {METRICS_ANNOTATION: "cpu=1,memory=1Mi"}}});
        assert_eq!(shown(&metrics.usage(&pod("a"))), "cpu=1;memory=1Mi;");
        assert_eq!(shown(&metrics.usage(&pod("b"))), "cpu=100m;memory=1Mi;");
        metrics.set("d/b", ResourceUsage::new());
        assert!(metrics.is_empty());
    }
}
