//! Validation of probes and lifecycle hooks (`validateProbe`, `validateHandler` in
//! `pkg/apis/core/validation/validation.go`).

use crate::shared::formats::http_header_problem;
use crate::shared::rules::{non_negative, port_or_name};
use kctl_base::field::{ErrorList, Path, forbidden, invalid, not_supported, required};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// Validates the hooks and probes of a container. `grace_period` is that of the pod, in seconds.
pub(crate) fn validate(errors: &mut ErrorList, path: &Path, container: &Value, grace_period: i64) {
    for hook in ["postStart", "preStop"] {
        if let Some(handler) = container.at(&format!("/lifecycle/{hook}")) {
            validate_handler(errors, &path.child("lifecycle").child(hook), handler, grace_period);
        }
    }
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get(field).filter(|p| !p.is_null()) {
            validate_probe(errors, &path.child(field), probe, grace_period);
            validate_probe_type(errors, &path.child(field), probe, field);
        }
    }
}

fn validate_probe(errors: &mut ErrorList, path: &Path, probe: &Value, grace_period: i64) {
    validate_handler(errors, path, probe, grace_period);
    for field in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        non_negative(errors, path, probe, field);
    }
    if let Some(seconds) = probe.int("/terminationGracePeriodSeconds").filter(|s| *s <= 0) {
        errors.push(invalid(&path.child("terminationGracePeriodSeconds"), seconds, "must be greater than 0"));
    }
}

/// Validates what depends on the type of a probe: the success threshold of liveness and startup probes must be 1, and a
/// readiness probe must not set a grace period.
fn validate_probe_type(errors: &mut ErrorList, path: &Path, probe: &Value, field: &str) {
    if field == "readinessProbe" {
        if let Some(seconds) = probe.int("/terminationGracePeriodSeconds") {
            let here = path.child("terminationGracePeriodSeconds");
            errors.push(invalid(&here, seconds, "must not be set for readinessProbes"));
        }
    } else if let Some(threshold) = probe.int("/successThreshold").filter(|t| *t != 1) {
        errors.push(invalid(&path.child("successThreshold"), threshold, "must be 1"));
    }
}

fn validate_handler(errors: &mut ErrorList, path: &Path, handler: &Value, grace_period: i64) {
    let mut count = 0;
    for field in ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] {
        let Some(action) = handler.get(field).filter(|a| !a.is_null()) else { continue };
        let here = path.child(field);
        count += 1;
        if count > 1 {
            errors.push(forbidden(&here, "may not specify more than 1 handler type"));
            continue;
        }
        match field {
            "exec" if action.list("/command").is_empty() => errors.push(required(&here.child("command"), "")),
            "httpGet" => validate_http_get(errors, &here, action),
            "tcpSocket" | "grpc" => port_or_name(errors, &here.child("port"), action.get("port")),
            "sleep" => validate_sleep(errors, &here, action.int("/seconds").unwrap_or(0), grace_period),
            _ => {}
        }
    }
    if count == 0 {
        errors.push(required(path, "must specify a handler type"));
    }
}

fn validate_http_get(errors: &mut ErrorList, path: &Path, get: &Value) {
    if get.str("/path").is_empty() {
        errors.push(required(&path.child("path"), ""));
    }
    port_or_name(errors, &path.child("port"), get.get("port"));
    let scheme = get.str("/scheme");
    if !["HTTP", "HTTPS"].contains(&scheme) {
        errors.push(not_supported(&path.child("scheme"), scheme, &["HTTP", "HTTPS"]));
    }
    for header in get.list("/httpHeaders") {
        let name = header.str("/name");
        errors.extend(http_header_problem(name).map(|why| invalid(&path.child("httpHeaders"), name, why)));
    }
}

fn validate_sleep(errors: &mut ErrorList, path: &Path, seconds: i64, grace_period: i64) {
    if seconds < 0 || seconds > grace_period {
        let why = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace_period})");
        errors.push(invalid(path, seconds, &why));
    }
}
