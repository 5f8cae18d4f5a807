//! Validation of CronJobs (`ValidateCronJobCreate` in `pkg/apis/batch/validation/validation.go`).

use super::schedule;
use crate::batch::job::validate::validate_job_spec;
use crate::shared::rules::{invalid_json, non_negative};
use crate::shared::selector;
use kctl_base::field::{ErrorList, Path, invalid, not_supported, required};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Length of the longest name: the controller appends 11 characters for a Job, whose name becomes a label value of at
/// most 63 characters.
const LONGEST_NAME: usize = 52;

pub(super) fn validate(object: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let (path, spec) = (Path::new("spec"), &object["spec"]);
    validate_schedule(&mut errors, &path, spec);
    non_negative(&mut errors, &path, spec, "startingDeadlineSeconds");
    validate_zone(&mut errors, &path.child("timeZone"), spec.at("/timeZone").and_then(Value::as_str));
    let here = path.child("concurrencyPolicy");
    match spec.str("/concurrencyPolicy") {
        "Allow" | "Forbid" | "Replace" => {}
        "" => errors.push(required(&here, "")),
        other => errors.push(not_supported(&here, other, &["Allow", "Forbid", "Replace"])),
    }
    let here = path.child("jobTemplate").child("spec");
    validate_job_spec(&mut errors, &here, &spec["jobTemplate"]["spec"]);
    if let Some(wanted) = spec.at("/jobTemplate/spec/selector") {
        let shown = selector::to_json(wanted);
        errors.push(invalid_json(&here.child("selector"), &shown, "`selector` will be auto-generated"));
    }
    if spec.flag("/jobTemplate/spec/manualSelector") {
        errors.push(not_supported(&here.child("manualSelector"), true, &["nil", "false"]));
    }
    non_negative(&mut errors, &path, spec, "successfulJobsHistoryLimit");
    non_negative(&mut errors, &path, spec, "failedJobsHistoryLimit");
    if object.name().len() > LONGEST_NAME {
        let why = "must be no more than 52 characters";
        errors.push(invalid(&Path::new("metadata").child("name"), object.name(), why));
    }
    errors
}

fn validate_schedule(errors: &mut ErrorList, path: &Path, spec: &Value) {
    let (here, text) = (path.child("schedule"), spec.str("/schedule"));
    if text.is_empty() {
        return errors.push(required(&here, ""));
    }
    if let Err(why) = schedule::check(text) {
        errors.push(invalid(&here, text, &why));
    }
    if text.contains("TZ") {
        errors.push(invalid(&here, text, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"));
    }
}

fn validate_zone(errors: &mut ErrorList, path: &Path, zone: Option<&str>) {
    let Some(zone) = zone else { return };
    if zone.is_empty() {
        return errors.push(invalid(path, "", "timeZone must be nil or non-empty string"));
    }
    if zone.eq_ignore_ascii_case("local") {
        let why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        return errors.push(invalid(path, zone, why));
    }
    if !schedule::is_zone(zone) {
        errors.push(invalid(path, zone, &format!("unknown time zone {zone}")));
    }
}
