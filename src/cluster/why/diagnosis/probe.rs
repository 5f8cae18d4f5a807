//! Probes: which one keeps a running container from being ready.

use super::Finding;
use super::reader::Reader;
use crate::api::Result;
use crate::simulation::{self, PodFault};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition};

/// Finds the probe that keeps a running container from being ready, and since when.
pub(super) fn diagnose(
    reader: &mut Reader<'_>,
    pod: &Object,
    title: &str,
    spec: &Value,
    status: &Value,
) -> Result<Finding> {
    let key = format!("{}/{}", pod.namespace(), pod.name());
    let is_declared = simulation::pod_fault(reader.server(), &key)? == Some(PodFault::Unready);
    let waits_for_startup = spec.at("/startupProbe").is_some() && !status.flag("/started");
    let (name, probe) = match waits_for_startup {
        true => ("startup", spec.at("/startupProbe")),
        false => ("readiness", spec.at("/readinessProbe")),
    };
    let since = condition(pod, "Ready").map_or("", |ready| ready.str("/lastTransitionTime"));
    let event = reader.last_event(pod, &["Unhealthy"])?;
    let failure = event.as_ref().map_or("", |event| event.str("/message"));
    let declared = match is_declared {
        true => format!("\"kctl sim pod unready {0}\" has declared it; \"kctl sim pod ready {0}\" ends it", pod.name()),
        false => String::new(),
    };
    let Some(probe) = probe else {
        let finding = match is_declared {
            true => Finding::problem(format!("{title} runs, but is not ready since {since}")),
            false => Finding::progress(format!("{title} runs, but is not ready yet")),
        };
        return Ok(finding.shown_by(declared));
    };
    let finding = match failure.is_empty() && !is_declared {
        true => Finding::progress(format!("{title} runs, but its {name} probe has not succeeded yet")),
        false => {
            Finding::problem(format!("{title} runs, but its {name} probe fails; the pod is not ready since {since}"))
        }
    };
    Ok(finding
        .shown_by(failure.trim_end_matches([':', ' ', '\n']))
        .shown_by(format!("the probe: {}", action(probe)))
        .shown_by(declared))
}

/// Describes what a probe does, and how often.
fn action(probe: &Value) -> String {
    let port = |pointer: &str| probe.at(pointer).map(super::words::value).unwrap_or_default();
    let action = if probe.at("/httpGet").is_some() {
        format!("GET {} on port {}", probe.str("/httpGet/path"), port("/httpGet/port"))
    } else if probe.at("/tcpSocket").is_some() {
        format!("a connection to port {}", port("/tcpSocket/port"))
    } else if probe.at("/grpc").is_some() {
        format!("a gRPC health check on port {}", port("/grpc/port"))
    } else {
        let words: Vec<&str> = probe.list("/exec/command").iter().filter_map(Value::as_str).collect();
        format!("the command {}", words.join(" "))
    };
    let period = probe.int("/periodSeconds").unwrap_or(10);
    let failures = probe.int("/failureThreshold").unwrap_or(3);
    format!("{action}, every {period} s; it has failed after {failures} failures in a row")
}
