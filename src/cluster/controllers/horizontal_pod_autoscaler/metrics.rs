//! Where the metrics of pods come from: there is no metrics server, but a test can say what one would have measured.
//!
//! `kctl.dev/metrics: "cpu=250m,memory=64Mi"` on a pod, or the setting `metrics` with `{"ns/pod": {"cpu": "250m"}}`, which
//! wins. Names other than cpu and memory are metrics of pods (`type: Pods`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::Server;
use crate::controllers::Key;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::quantity::Quantity;
use kctl_base::status::Status;

/// The annotation.
pub const ANNOTATION: &str = "kctl.dev/metrics";
/// The setting.
pub const SETTING: &str = "metrics";

/// What has been measured, in thousandths, by pod.
pub(super) type Samples = BTreeMap<String, i64>;

/// What a pod uses, by name: what its annotation says, and over that what the setting says.
pub fn of_pod(pod: &Object, setting: Option<&Value>) -> BTreeMap<String, Quantity> {
    let mut found = pod.annotation(ANNOTATION).map(parse).unwrap_or_default();
    let own = setting.and_then(|s| s.get(Key::of(pod).to_string()));
    for (name, value) in own.and_then(Value::as_object).into_iter().flatten() {
        if let Ok(amount) = Quantity::from_value(value) {
            found.insert(name.to_string(), amount);
        }
    }
    found
}

/// The declared usage of a pod, for the metrics API.
pub fn pod_usage(server: &mut Server, pod: &Object) -> Result<BTreeMap<String, Quantity>, Status> {
    let setting = server.row(&format!("setting/{SETTING}"))?;
    Ok(of_pod(pod, setting.as_ref()))
}

/// Whether usage is declared for any pod: then the metrics API is registered.
pub fn is_available(server: &mut Server) -> Result<bool, Status> {
    let setting = server.row(&format!("setting/{SETTING}"))?;
    if setting.as_ref().and_then(Value::as_object).is_some_and(|all| !all.is_empty()) {
        return Ok(true);
    }
    Ok(server.read_all("pods", None)?.iter().any(|pod| pod.annotation(ANNOTATION).is_some()))
}

/// Everything that is known of some pods.
pub(super) struct Measured {
    by_pod: BTreeMap<String, BTreeMap<String, Quantity>>,
    /// Whether anything at all is measured in this cluster.
    is_available: bool,
}

impl Measured {
    /// Reads annotations and the setting.
    pub(super) fn of(pods: &[Arc<Object>], setting: Option<&Value>) -> Measured {
        let mut by_pod = BTreeMap::new();
        for pod in pods {
            let found = of_pod(pod, setting);
            if !found.is_empty() {
                by_pod.insert(pod.name().to_string(), found);
            }
        }
        let is_available = setting.is_some() || !by_pod.is_empty();
        Measured { by_pod, is_available }
    }

    /// The usage of cpu or memory.
    pub(super) fn resource(&self, name: &str) -> Result<Samples, String> {
        let problem = match self.is_available {
            false => {
                "unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
            }
            true => "no metrics returned from resource metrics API",
        };
        self.samples(name).ok_or_else(|| format!("unable to get metrics for resource {name}: {problem}"))
    }

    /// A metric of the pods' own.
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
        let sample =
            |(pod, all): (&String, &BTreeMap<String, Quantity>)| Some((pod.clone(), all.get(name)?.milli_value()));
        let samples: Samples = self.by_pod.iter().filter_map(sample).collect();
        (!samples.is_empty()).then_some(samples)
    }
}

/// Reads the annotation: names with amounts, without words that make no sense; a name that is there twice has its last
/// amount.
fn parse(text: &str) -> BTreeMap<String, Quantity> {
    let pair = |word: &str| {
        let (name, amount) = word.split_once('=')?;
        Some((name.trim().to_string(), amount.trim().parse().ok()?))
    };
    text.split([',', ' ']).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn the_annotation_is_a_list_of_names_with_amounts() {
        let shown = |text| parse(text).iter().map(|(name, amount)| format!("{name}={amount};")).collect::<String>();
        assert_eq!(shown("cpu=250m,memory=64Mi"), "cpu=250m;memory=64Mi;");
        assert_eq!(shown("requests=5 cpu=x, memory"), "requests=5;");
        assert_eq!(shown("cpu=1,cpu=2"), "cpu=2;");
    }

    #[test]
    fn the_setting_wins_over_the_annotation() {
        let pod = |name: &str, text: &str| {
            Arc::new(json!({"metadata": {"name": name, "namespace": "d", "annotations": {ANNOTATION: text}}}))
        };
        let pods = [pod("a", "cpu=250m,memory=64Mi"), pod("b", "cpu=1"), pod("c", "cpu")];
        let setting = json!({"d/b": {"cpu": "100m"}});
        let measured = Measured::of(&pods, Some(&setting));
        assert_eq!(measured.resource("cpu"), Ok(Samples::from([("a".into(), 250), ("b".into(), 100)])));
        let problem = measured.resource("other").unwrap_err();
        assert_eq!(problem, "unable to get metrics for resource other: no metrics returned from resource metrics API");
        let none = Measured::of(&[], None);
        assert!(none.resource("cpu").unwrap_err().ends_with("(get pods.metrics.k8s.io)"));
    }
}
