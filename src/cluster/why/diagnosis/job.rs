//! Jobs: failed, suspended, or waiting for pods that fail or cannot start.

use super::reader::Reader;
use super::{Finding, creation, rollout, words};
use crate::api::Result;
use crate::controllers::pods;
use kctl_base::object::{Object, ValueRead, condition_is_true};
use kctl_base::sim::Duration;

/// Counts the completions.
pub(super) fn summary(job: &Object) -> String {
    let succeeded = job.int("/status/succeeded").unwrap_or(0);
    match job.int("/spec/completions") {
        Some(wanted) => format!("{succeeded} of {} done", words::count(wanted, "completion")),
        None => format!("{} done", words::count(succeeded, "completion")),
    }
}

/// Finds what keeps a job from being complete.
pub(super) fn diagnose(reader: &mut Reader<'_>, job: &Object) -> Result<Vec<Finding>> {
    if condition_is_true(job, "Complete") || condition_is_true(job, "SuccessCriteriaMet") {
        return Ok(Vec::new());
    }
    let owned = reader.owned("pods", job)?;
    for kind in ["Failed", "FailureTarget"] {
        if let Some(condition) = words::condition_with(job, kind, "True") {
            let finding = Finding::problem(format!("has failed: {}", failure(job, condition.str("/reason"))));
            let finding = finding.shown_by(condition.str("/message"));
            let failed = owned.iter().filter(|pod| pod.str("/status/phase") == "Failed");
            return Ok(vec![finding.because(reader.follow("pods", failed)?)]);
        }
    }
    if job.flag("/spec/suspend") {
        let sentence = "is suspended: it has no pods until spec.suspend is false";
        return Ok(vec![Finding::problem(sentence)]);
    }
    let mut causes = Vec::new();
    let active = owned.iter().filter(|pod| pods::is_active(pod)).count() as i64;
    if active == 0 {
        causes.extend(creation::diagnose(reader, job)?);
    }
    let living: Vec<_> = owned.iter().filter(|pod| !pods::is_terminal(pod)).cloned().collect();
    causes.extend(rollout::of_pods(reader, &living, 0)?);
    let finding = rollout::incomplete(false, progress(job, active), causes);
    let finding = finding.shown_by(failures(job)).shown_by(deadline(job));
    let next = reader.next_try("job-controller", job)?.filter(|_| active == 0);
    let failed = owned.iter().filter(|pod| pod.str("/status/phase") == "Failed");
    let finding = finding.because(reader.follow("pods", failed)?);
    Ok(vec![
        finding.shown_by(next.map_or_else(String::new, |at| format!("the next pod is started at {}", at.rfc3339()))),
    ])
}

/// Words the reason of a failed job.
fn failure(job: &Object, reason: &str) -> String {
    match reason {
        "BackoffLimitExceeded" => {
            format!(
                "more pods have failed than its backoffLimit of {} allows",
                job.int("/spec/backoffLimit").unwrap_or(6)
            )
        }
        "DeadlineExceeded" => {
            format!(
                "it ran longer than its activeDeadlineSeconds of {} allow",
                job.int("/spec/activeDeadlineSeconds").unwrap_or(0)
            )
        }
        "PodFailurePolicy" => "a pod failed in a way for which its podFailurePolicy says so".into(),
        other => other.into(),
    }
}

fn progress(job: &Object, active: i64) -> String {
    let succeeded = job.int("/status/succeeded").unwrap_or(0);
    let (pods, of) = match job.int("/spec/completions") {
        Some(wanted) => (wanted, format!("{succeeded} of {}", words::count(wanted, "pod"))),
        None => (succeeded, words::count(succeeded, "pod")),
    };
    format!(
        "is not complete: {of} {} succeeded, and {} {} at work",
        words::have(pods),
        words::count(active, "pod"),
        words::are(active)
    )
}

fn failures(job: &Object) -> String {
    match job.int("/status/failed").unwrap_or(0) {
        0 => String::new(),
        failed => format!(
            "{} failed, and the job fails after more than {} (backoffLimit)",
            if failed == 1 { "1 pod has".to_string() } else { format!("{failed} pods have") },
            job.int("/spec/backoffLimit").unwrap_or(6)
        ),
    }
}

fn deadline(job: &Object) -> String {
    let ends = job.time("/status/startTime").zip(job.int("/spec/activeDeadlineSeconds"));
    ends.map_or_else(String::new, |(start, seconds)| {
        format!("it fails at {} if it is not complete by then", (start + Duration::from_secs(seconds)).rfc3339())
    })
}
