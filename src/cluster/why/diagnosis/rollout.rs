//! Common parts of the diagnoses of workloads: the pods that are not available yet, and the words for a rollout.

use std::sync::Arc;

use super::reader::Reader;
use super::{Finding, Weight};
use crate::api::Result;
use crate::controllers::pods;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Explains the update strategy `OnDelete`.
pub(super) const ON_DELETE: &str = "with the strategy OnDelete a pod gets the new one when somebody deletes it";

/// Returns the wanted number of replicas.
pub(super) fn wanted(workload: &Object) -> i64 {
    workload.int("/spec/replicas").unwrap_or(1)
}

/// Examines the pods that are not available yet, and those that are going.
pub(super) fn of_pods(reader: &mut Reader<'_>, pods: &[Arc<Object>], min_ready: i64) -> Result<Vec<Finding>> {
    let now = reader.now;
    let (ready, others): (Vec<_>, Vec<_>) = pods.iter().partition(|pod| pods::is_ready(pod) && !pod.is_deleting());
    let mut found = reader.follow("pods", others)?;
    let next = ready.iter().filter_map(|pod| pods::available_at(pod, min_ready)).filter(|at| *at > now).min();
    if let Some(at) = next {
        let waiting = ready.iter().filter(|pod| !pods::is_available(pod, min_ready, now)).count() as i64;
        let sentence = format!(
            "{} ready, but must stay so for {min_ready} s (minReadySeconds) to count as available, the next at {}",
            [super::words::count(waiting, "pod"), super::words::are(waiting).into()].join(" "),
            at.rfc3339()
        );
        found.push(Finding::progress(sentence));
    }
    Ok(found)
}

/// Returns the number of pods that are ready and not being deleted.
pub(super) fn count_ready(pods: &[Arc<Object>]) -> i64 {
    pods.iter().filter(|pod| pods::is_ready(pod) && !pod.is_deleting()).count() as i64
}

/// Tells an incomplete state that has causes: a problem where one of them is one, otherwise work that goes on.
pub(super) fn incomplete(is_stuck: bool, sentence: String, causes: Vec<Finding>) -> Finding {
    let is_problem = is_stuck || causes.iter().any(|cause| cause.weight == Weight::Problem);
    let finding = if is_problem { Finding::problem(sentence) } else { Finding::progress(sentence) };
    finding.because(causes)
}

/// Returns the finding of a workload whose controller has not seen its newest version; `None` if it has.
pub(super) fn unobserved(workload: &Object) -> Option<Finding> {
    let observed = workload.int("/status/observedGeneration").unwrap_or(0);
    (workload.generation() > observed).then(|| Finding::progress("its controller has not seen its last change yet"))
}
