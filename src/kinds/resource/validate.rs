//! Validation of device claims and classes (`pkg/apis/resource/validation/validation.go`).
//!
//! Expressions of selectors are stored unseen, since nothing allocates devices.

use std::collections::BTreeSet;

use crate::shared::formats::{dns_label_problems, dns_subdomain_problems};
use crate::shared::rules::check;
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

/// The largest number of requests, constraints, configurations or selectors.
const ITEMS_MAX: usize = 32;
/// The largest number of alternatives of a request.
const ALTERNATIVES_MAX: usize = 8;
const NOT_A_REQUEST: &str =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/// Validates a ResourceClaim.
pub(super) fn claim(claim: &Object) -> ErrorList {
    devices(&claim["spec"]["devices"], &Path::new("spec").child("devices"))
}

/// Validates a ResourceClaimTemplate.
pub(super) fn template(template: &Object) -> ErrorList {
    devices(&template["spec"]["spec"]["devices"], &Path::new("spec").child("spec").child("devices"))
}

/// Validates a DeviceClass.
pub(super) fn class(class: &Object) -> ErrorList {
    let (spec, mut errors) = (Path::new("spec"), ErrorList::new());
    selectors(&mut errors, &spec.child("selectors"), class.list("/spec/selectors"));
    for (index, config) in class.list("/spec/config").iter().enumerate() {
        opaque(&mut errors, &spec.child("config").index(index).child("opaque"), config);
    }
    errors
}

/// Validates what a claim asks for (`validateDeviceClaim`).
fn devices(devices: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let requests = devices.list("/requests");
    named_list(&mut errors, &path.child("requests"), requests, ITEMS_MAX, request);
    let names = request_names(requests);
    for (name, max) in [("constraints", ITEMS_MAX), ("config", ITEMS_MAX)] {
        let list = devices.list(&format!("/{name}"));
        limit(&mut errors, &path.child(name), list, max);
        for (index, item) in list.iter().enumerate() {
            let here = path.child(name).index(index);
            references(&mut errors, &here.child("requests"), item.list("/requests"), &names);
            match name {
                "constraints" => constraint(&mut errors, &here, item),
                _ => opaque(&mut errors, &here.child("opaque"), item),
            }
        }
    }
    errors
}

fn limit(errors: &mut ErrorList, path: &Path, list: &[Value], max: usize) {
    if list.len() > max {
        errors.push(field::too_many(path, list.len(), max));
    }
}

/// Validates a list of items with names of their own.
fn named_list(
    errors: &mut ErrorList,
    path: &Path,
    list: &[Value],
    max: usize,
    item: fn(&mut ErrorList, &Path, &Value),
) {
    limit(errors, path, list, max);
    let mut seen = BTreeSet::new();
    for (index, entry) in list.iter().enumerate() {
        let (here, name) = (path.index(index), entry.str("/name"));
        errors.extend(check(dns_label_problems, name, &here.child("name")));
        item(errors, &here, entry);
        if !seen.insert(name) {
            errors.push(field::duplicate(&here, name));
        }
    }
}

fn request(errors: &mut ErrorList, path: &Path, request: &Value) {
    let (exactly, alternatives) = (request.at("/exactly"), request.list("/firstAvailable"));
    const ONE: &str = "exactly one of `exactly` or `firstAvailable` is required";
    match (exactly, alternatives.is_empty()) {
        (None, true) => errors.push(field::required(path, ONE)),
        (Some(_), false) => {
            errors.push(field::invalid(path, Value::Null, &format!("{ONE}, but multiple fields are set")));
        }
        (None, false) => {
            let path = path.child("firstAvailable");
            named_list(errors, &path, alternatives, ALTERNATIVES_MAX, device_request);
        }
        (Some(exactly), true) => device_request(errors, &path.child("exactly"), exactly),
    }
}

/// Validates class, selectors and number of the devices of a request.
fn device_request(errors: &mut ErrorList, path: &Path, request: &Value) {
    let class = path.child("deviceClassName");
    match request.str("/deviceClassName") {
        "" => errors.push(field::required(&class, "")),
        name => errors.extend(check(dns_subdomain_problems, name, &class)),
    }
    selectors(errors, &path.child("selectors"), request.list("/selectors"));
    let (mode, count) = (request.str("/allocationMode"), request.int("/count").unwrap_or(0));
    match mode {
        "All" if count != 0 => {
            let why = "must not be specified when allocationMode is 'All'";
            errors.push(field::invalid(&path.child("count"), count, why));
        }
        "ExactCount" if count <= 0 => {
            errors.push(field::invalid(&path.child("count"), count, "must be greater than zero"));
        }
        "All" | "ExactCount" => {}
        other => errors.push(field::not_supported(&path.child("allocationMode"), other, &["All", "ExactCount"])),
    }
}

fn selectors(errors: &mut ErrorList, path: &Path, list: &[Value]) {
    limit(errors, path, list, ITEMS_MAX);
    for (index, _) in list.iter().enumerate().filter(|(_, selector)| selector.at("/cel").is_none()) {
        errors.push(field::required(&path.index(index).child("cel"), ""));
    }
}

/// The names of requests, and of their alternatives as `request/alternative`.
fn request_names(requests: &[Value]) -> BTreeSet<String> {
    let of_request = |request: &Value| {
        let name = request.str("/name");
        let alternatives = request.list("/firstAvailable").iter().map(|a| format!("{name}/{}", a.str("/name")));
        alternatives.chain([name.to_string()]).collect::<Vec<_>>()
    };
    requests.iter().flat_map(of_request).collect()
}

fn references(errors: &mut ErrorList, path: &Path, list: &[Value], names: &BTreeSet<String>) {
    limit(errors, path, list, ITEMS_MAX);
    for (index, name) in list.iter().map(|name| name.as_str().unwrap_or_default()).enumerate() {
        let here = path.index(index);
        if name.split('/').count() <= 2 {
            for segment in name.split('/') {
                errors.extend(check(dns_label_problems, segment, &here));
            }
        }
        if !names.contains(name) {
            errors.push(field::invalid(&here, name, NOT_A_REQUEST));
        }
        if list[..index].iter().any(|earlier| earlier == name) {
            errors.push(field::duplicate(&here, name));
        }
    }
}

fn constraint(errors: &mut ErrorList, path: &Path, constraint: &Value) {
    let attribute =
        ["matchAttribute", "distinctAttribute"].iter().find_map(|name| Some((name, constraint.get(*name)?.as_str()?)));
    match attribute {
        None => {
            let why =
                "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set";
            errors.push(field::required(path, why));
        }
        Some((name, "")) => errors.push(field::required(&path.child(name), "")),
        Some((name, text)) if !text.contains('/') => {
            errors.push(field::invalid(&path.child(name), text, "must include a domain"));
        }
        Some(_) => {}
    }
}

/// Validates the parameters of a driver in `config`.
fn opaque(errors: &mut ErrorList, path: &Path, config: &Value) {
    let Some(opaque) = config.at("/opaque") else { return errors.push(field::required(path, "")) };
    match opaque.str("/driver") {
        "" => errors.push(field::required(&path.child("driver"), "")),
        name => errors.extend(check(dns_subdomain_problems, &name.to_lowercase(), &path.child("driver"))),
    }
    if opaque.at("/parameters").is_none() {
        errors.push(field::required(&path.child("parameters"), ""));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn claims_get_the_errors_of_the_server() {
        let bad = json!({"spec": {"devices": {
            "requests": [
                {"name": "a"},
                {"name": "a", "exactly": {"allocationMode": "Some", "selectors": [{}]}},
                {"name": "b", "firstAvailable": [{"name": "x", "deviceClassName": "gpu", "allocationMode": "ExactCount"}]},
            ],
            "constraints": [{"requests": ["b/x", "c"], "matchAttribute": "model"}, {}],
            "config": [{"opaque": {"driver": "d.example.com"}}],
        }}});
        let texts: Vec<String> = claim(&bad).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required",
                "spec.devices.requests[1].exactly.deviceClassName: Required value",
                "spec.devices.requests[1].exactly.selectors[0].cel: Required value",
                "spec.devices.requests[1].exactly.allocationMode: Unsupported value: \"Some\": supported values: \"All\", \"ExactCount\"",
                "spec.devices.requests[1]: Duplicate value: \"a\"",
                "spec.devices.requests[2].firstAvailable[0].count: Invalid value: 0: must be greater than zero",
                "spec.devices.constraints[0].requests[1]: Invalid value: \"c\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
                "spec.devices.constraints[0].matchAttribute: Invalid value: \"model\": must include a domain",
                "spec.devices.constraints[1]: Required value: exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set",
                "spec.devices.config[0].opaque.parameters: Required value",
            ]
        );
    }
}
