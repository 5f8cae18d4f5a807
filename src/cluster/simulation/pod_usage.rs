//! The backend of the metrics API: the usage that a simulated metrics server reports.

use std::sync::Arc;

use super::faults::pod_metrics;
use super::metrics::METRICS_ANNOTATION;
use crate::api::{PodUsage, Result, Server};
use kctl_base::object::{Object, ObjectMeta};

/// Returns the usage of pods as the metrics API reports it; `None` in a cluster that declares no usage at all.
///
/// # Errors
/// A row or a list of pods that cannot be read.
pub(crate) fn pod_usage(server: &mut Server) -> Result<Option<PodUsage>> {
    let declared = pod_metrics(server)?;
    let is_annotated = |pod: &Arc<Object>| pod.annotation(METRICS_ANNOTATION).is_some();
    if declared.is_empty() && !server.read_all("pods", None)?.iter().any(is_annotated) {
        return Ok(None);
    }
    Ok(Some(Box::new(move |pod| declared.usage(pod))))
}
