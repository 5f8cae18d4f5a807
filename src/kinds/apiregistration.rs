//! The group apiregistration.k8s.io.

use crate::shared::formats::{dns_label_1035_problems, dns_subdomain_problems, port_problems};
use crate::shared::rules::check;
use crate::shared::table_kind::TableKind;
use crate::{NameRule, Names, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite, condition};

/// An APIService: a group and version of the API and the service that serves it, or none for the local server.
pub(crate) static API_SERVICE: TableKind = TableKind::new(
    Names::cluster_scoped(("apiregistration.k8s.io", "v1"), "APIService", "apiservices", "apiservice")
        .categories(&["api-extensions"]),
)
.name_rule(NameRule::PathSegment)
.status(|| json!({}))
.defaults(set_defaults)
.validate(errors)
.table(&["Name", "Service", "Available", "Age"], |api, now| {
    let service = api
        .at("/spec/service")
        .map_or_else(|| "Local".into(), |s| format!("{}/{}", s.str("/namespace"), s.str("/name")));
    let available = match condition(api, "Available") {
        None => "Unknown".into(),
        Some(c) if c.str("/status") == "True" => "True".to_string(),
        Some(c) => format!("{} ({})", c.str("/status"), c.str("/reason")),
    };
    vec![api.name().into(), service, available, age(api, now)]
});

fn set_defaults(api: &mut Object) {
    if api.at("/spec/service").is_some() {
        api.put_default("/spec/service/port", 443);
    }
}

/// Validates an APIService (`kube-aggregator/pkg/apis/apiregistration/validation`).
fn errors(api: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let (group, version) = (api.str("/spec/group"), api.str("/spec/version"));
    let mut errors = ErrorList::new();
    let required = format!("{version}.{group}");
    if api.name() != required {
        let text = format!("must be `spec.version+\".\"+spec.group`: {required:?}");
        errors.push(field::invalid(&Path::new("metadata").child("name"), api.name(), &text));
    }
    if !group.is_empty() {
        errors.extend(check(dns_subdomain_problems, group, &spec.child("group")));
    }
    errors.extend(check(dns_label_1035_problems, version, &spec.child("version")));
    for (name, most) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1_000)] {
        let value = api.int(&format!("/spec/{name}")).unwrap_or(0);
        if value <= 0 || value > most {
            errors.push(field::invalid(&spec.child(name), value, &format!("must be positive and less than {most}")));
        }
    }
    errors.extend(service_errors(api, &spec));
    errors
}

fn service_errors(api: &Object, spec: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let bundle = api.str("/spec/caBundle");
    let is_insecure = api.flag("/spec/insecureSkipTLSVerify");
    let insecure = |text: &str| field::invalid(&spec.child("insecureSkipTLSVerify"), true, text);
    let Some(service) = api.at("/spec/service") else {
        if !bundle.is_empty() {
            let text = "local APIServices may not have a caBundle";
            errors.push(field::invalid(&spec.child("caBundle"), bundle, text));
        }
        if is_insecure {
            errors.push(insecure("local APIServices may not have insecureSkipTLSVerify"));
        }
        return errors;
    };
    let path = spec.child("service");
    for name in ["namespace", "name"] {
        if service.str(&format!("/{name}")).is_empty() {
            errors.push(field::required(&path.child(name), ""));
        }
    }
    let port = service.int("/port").unwrap_or(0);
    errors.extend(port_problems(port).into_iter().map(|text| field::invalid(&path.child("port"), port, &text)));
    if is_insecure && !bundle.is_empty() {
        errors.push(insecure("may not be true if caBundle is present"));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_that_of_the_version_and_remote_services_need_a_port() {
        let spec = json!({"group": "a.com", "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 0,
                          "service": {"name": "s"}});
        let mut api = json!({"metadata": {"name": "v1.a"}, "spec": spec});
        set_defaults(&mut api);
        let texts: Vec<String> = errors(&api).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "metadata.name: Invalid value: \"v1.a\": must be `spec.version+\".\"+spec.group`: \"v1.a.com\"",
                "spec.versionPriority: Invalid value: 0: must be positive and less than 1000",
                "spec.service.namespace: Required value",
            ]
        );
        assert_eq!(api["spec"]["service"]["port"], 443);
        let core = json!({"metadata": {"name": "v1."}, "spec": {"version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1}});
        assert_eq!(errors(&core), ErrorList::new());
    }
}
