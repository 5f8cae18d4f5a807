//! The usage of pods as the metrics API reports it: what is declared, and of the rest what a metrics server would measure.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::estimate::estimate;
use super::faults::pod_metrics;
use super::load::loads;
use super::metrics::{METRICS_ANNOTATION, PodMetrics, ResourceUsage};
use crate::api::{PodUsage, Result, Server};
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition_is_true};
use kctl_base::sim::{Ids, Time};

/// The APIService behind which a metrics server is.
const METRICS_API: &str = "v1beta1.metrics.k8s.io";

/// What is known of the usage of pods at one instant.
#[derive(Default)]
pub(crate) struct Measurements {
    declared: PodMetrics,
    /// The generator and the time of estimates; `None` without a metrics server.
    server: Option<(Ids, Time)>,
    /// The load of servers by the address of their pod, in thousandths of a processor.
    loads: BTreeMap<String, i64>,
}

impl Measurements {
    /// Reads what is declared, and whether there is a metrics server.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub(crate) fn load(server: &mut Server, now: Time) -> Result<Measurements> {
        let declared = pod_metrics(server)?;
        let api = server.read("apiservices.apiregistration.k8s.io", "", METRICS_API)?;
        let is_there = api.is_some_and(|api| api.at("/spec/service").is_some() && condition_is_true(&api, "Available"));
        let loads = if is_there { loads(server)? } else { BTreeMap::new() };
        Ok(Measurements { declared, server: is_there.then(|| (server.ids(), now)), loads })
    }

    /// Returns whether the metrics API is there, whatever pods say of themselves.
    pub(crate) fn are_served(&self) -> bool {
        self.server.is_some() || !self.declared.is_empty()
    }

    /// Returns the usage of a pod; empty if it is not known.
    pub(crate) fn usage(&self, pod: &Object) -> ResourceUsage {
        let load = self.loads.get(pod.str("/status/podIP")).copied().unwrap_or(0);
        let mut usage = self.server.map(|(ids, now)| estimate(pod, load, ids, now)).unwrap_or_default();
        usage.extend(self.declared.usage(pod));
        usage
    }
}

/// Returns the usage of pods as the metrics API reports it; `None` in a cluster without a metrics server that declares no
/// usage at all.
///
/// # Errors
/// A row or a list of pods that cannot be read.
pub(crate) fn pod_usage(server: &mut Server, now: Time) -> Result<Option<PodUsage>> {
    let measurements = Measurements::load(server, now)?;
    let is_annotated = |pod: &Arc<Object>| pod.annotation(METRICS_ANNOTATION).is_some();
    if !measurements.are_served() && !server.read_all("pods", None)?.iter().any(is_annotated) {
        return Ok(None);
    }
    Ok(Some(Box::new(move |pod| measurements.usage(pod))))
}
