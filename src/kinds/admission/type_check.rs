//! The check of the expressions of a ValidatingAdmissionPolicy against the types of the objects that its rules name
//! (`apiserver/pkg/admission/plugin/policy/validating/typechecking.go`).

use std::collections::BTreeSet;

use super::expressions::Environment;
use crate::{Catalog, Kind};
use kctl_base::cel;
use kctl_base::gvk::split_api_version;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead};
use kctl_base::schema::Schema;

/// The number of kinds after which a rule is not searched for others.
const KINDS_MAX: usize = 10;

/// A group, version and kind.
type Gvk = (String, String, String);

/// Returns the warnings for `status.typeChecking.expressionWarnings`.
pub fn warnings(policy: &Object, catalog: &Catalog) -> Vec<Value> {
    let params = policy.at("/spec/paramKind").and_then(|kind| {
        let (group, version) = split_api_version(kind.str("/apiVersion"));
        type_of(catalog, group, version, kind.str("/kind"))
    });
    let kinds = kinds_of(policy, catalog).into_iter();
    let environments: Vec<(String, Environment)> = kinds
        .filter_map(|(group, version, kind)| {
            let object = type_of(catalog, &group, &version, &kind)?;
            let environment = Environment::new(false).with_types(object, params.clone()).with_variables();
            Some((format!("{group}/{version}, Kind={kind}"), defined(environment, policy)))
        })
        .collect();
    let mut warnings = Vec::new();
    for (index, rule) in policy.list("/spec/validations").iter().enumerate() {
        for field in ["expression", "messageExpression"] {
            let text = rule.str(&format!("/{field}"));
            if field == "messageExpression" && text.is_empty() {
                continue;
            }
            let issues = environments.iter().filter_map(|(kind, environment)| {
                Some(format!("{kind}: {}\n", environment.compile(text, false).err()?))
            });
            let issues: Vec<String> = issues.collect();
            if !issues.is_empty() {
                let place = format!("spec.validations[{index}].{field}");
                warnings.push(json!({"fieldRef": place, "warning": issues.join("\n")}));
            }
        }
    }
    warnings
}

/// Adds the variables of a policy; those that do not compile can have any value.
fn defined(mut environment: Environment, policy: &Object) -> Environment {
    for variable in policy.list("/spec/variables") {
        // Its error has nothing to do with those of the expressions that use it.
        let _ = environment.define(variable.str("/name"), variable.str("/expression"));
    }
    environment
}

/// Returns the kinds that the rules of a policy name, up to the first rule that names many; rules with wildcards are
/// skipped.
fn kinds_of(policy: &Object, catalog: &Catalog) -> BTreeSet<Gvk> {
    let mut found = BTreeSet::new();
    for rule in policy.list("/spec/matchConstraints/resourceRules") {
        let names = |field: &str| rule.list(field).iter().filter_map(Value::as_str).collect::<BTreeSet<&str>>();
        let (groups, versions) = (names("/apiGroups"), names("/apiVersions"));
        if groups.iter().chain(&versions).any(|name| name.contains('*')) {
            continue;
        }
        let mut resources = names("/resources");
        resources.retain(|name| !name.contains(['*', '/']));
        let mut count = 0;
        for (group, version) in groups.iter().flat_map(|group| versions.iter().map(move |version| (group, version))) {
            for resource in &resources {
                let Some(kind) = catalog.by_resource(&kctl_base::status::dotted(resource, group)) else { continue };
                if !crate::catalog::serves(&*kind, group, version) {
                    continue;
                }
                found.insert(((*group).to_owned(), (*version).to_owned(), kind.names().kind.to_owned()));
                count += 1;
                if count == KINDS_MAX {
                    return found;
                }
            }
        }
    }
    found
}

/// Returns the type of the objects of a kind; `None` if it is not served.
fn type_of(catalog: &Catalog, group: &str, version: &str, kind: &str) -> Option<cel::Kind> {
    let found = catalog.by_gvk(group, version, kind)?;
    let of_version = found.at_version(version);
    let custom = of_version.as_deref().map_or_else(|| found.expression_type(), Kind::expression_type);
    custom.or_else(|| Schema::builtin().root(group, version, kind).map(|root| Schema::builtin().cel_type(root)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_checked_against_all_kinds_of_the_rules() {
        let rule = json!({"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments", "replicasets", "*/scale"]});
        let any = json!({"apiGroups": ["*"], "apiVersions": ["v1"], "resources": ["pods"]});
        let policy = json!({"spec": {
            "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
            "matchConstraints": {"resourceRules": [rule, any]},
            "variables": [{"name": "n", "expression": "object.spec.replicas"}],
            "validations": [
                {"expression": "variables.n > 1 && params.data['x'] == 'y' && object.metadata.namespace != ''"},
                {"expression": "object.spec.strategy.type == 'Recreate'", "messageExpression": "variables.n + 'x'"},
            ],
        }});
        let excerpt = "ERROR: <input>:1:12: undefined field 'strategy'\n | object.spec.strategy.type == 'Recreate'\n | ...........^";
        let overload = "ERROR: <input>:1:13: found no matching overload for '_+_' applied to '(int, string)'\n | variables.n + 'x'\n | ............^";
        assert_eq!(
            warnings(&policy, &Catalog::default()),
            [
                json!({"fieldRef": "spec.validations[1].expression", "warning": format!("apps/v1, Kind=ReplicaSet: {excerpt}\n")}),
                json!({"fieldRef": "spec.validations[1].messageExpression",
                    "warning": format!("apps/v1, Kind=Deployment: {overload}\n\napps/v1, Kind=ReplicaSet: {overload}\n")}),
            ]
        );
    }
}
