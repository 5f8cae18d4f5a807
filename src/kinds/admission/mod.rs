//! The group admissionregistration.k8s.io: webhooks and policies.
//!
//! The admission of the API server evaluates the policies. Webhooks are not called: nothing would answer.

mod expressions;
mod policies;
mod rules;
pub mod type_check;
mod webhooks;

pub use expressions::{Environment, Wanted};

use crate::shared::table_kind::TableKind;
use crate::{Names, age};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::Cell;

const GROUP: (&str, &str) = ("admissionregistration.k8s.io", "v1");

const fn names(kind: &'static str, plural: &'static str, singular: &'static str) -> Names {
    Names::cluster_scoped(GROUP, kind, plural, singular).categories(&["api-extensions"])
}

/// A MutatingAdmissionPolicy: CEL expressions that change objects.
pub(crate) static MUTATING_POLICY: TableKind =
    TableKind::new(names("MutatingAdmissionPolicy", "mutatingadmissionpolicies", "mutatingadmissionpolicy"))
        .generation()
        .defaults(|o| {
            o.put_default("/spec/failurePolicy", "Fail");
            policies::default_matches(o, "/spec/matchConstraints");
        })
        .validate(policies::validate_mutating_policy)
        .table(&["Name", "Mutations", "ParamKind", "Age"], |o, now| policy_row(o, "/spec/mutations", now));

/// A MutatingAdmissionPolicyBinding: the scope and parameters of a MutatingAdmissionPolicy.
pub(crate) static MUTATING_POLICY_BINDING: TableKind = TableKind::new(names(
    "MutatingAdmissionPolicyBinding",
    "mutatingadmissionpolicybindings",
    "mutatingadmissionpolicybinding",
))
.generation()
.defaults(binding_defaults)
.validate(policies::validate_mutating_binding)
.table(BINDING_COLUMNS, binding_row);

/// A MutatingWebhookConfiguration: webhooks that change objects.
pub(crate) static MUTATING_WEBHOOKS: TableKind = TableKind::new(names(
    "MutatingWebhookConfiguration",
    "mutatingwebhookconfigurations",
    "mutatingwebhookconfiguration",
))
.generation()
.defaults(|o| webhook_defaults(o, true))
.validate(webhooks::validate)
.table(&["Name", "Webhooks", "Age"], webhook_row);

/// A ValidatingAdmissionPolicy: CEL expressions that refuse objects.
pub(crate) static VALIDATING_POLICY: TableKind =
    TableKind::new(names("ValidatingAdmissionPolicy", "validatingadmissionpolicies", "validatingadmissionpolicy"))
        .generation()
        .status(|| json!({}))
        .defaults(|o| {
            o.put_default("/spec/failurePolicy", "Fail");
            policies::default_matches(o, "/spec/matchConstraints");
        })
        .validate(policies::validate_policy)
        .table(&["Name", "Validations", "ParamKind", "Age"], |o, now| policy_row(o, "/spec/validations", now));

/// A ValidatingAdmissionPolicyBinding: the scope, parameters and actions of a ValidatingAdmissionPolicy.
pub(crate) static VALIDATING_POLICY_BINDING: TableKind = TableKind::new(names(
    "ValidatingAdmissionPolicyBinding",
    "validatingadmissionpolicybindings",
    "validatingadmissionpolicybinding",
))
.generation()
.defaults(binding_defaults)
.validate(policies::validate_binding)
.table(BINDING_COLUMNS, binding_row);

/// A ValidatingWebhookConfiguration: webhooks that refuse objects.
pub(crate) static VALIDATING_WEBHOOKS: TableKind = TableKind::new(names(
    "ValidatingWebhookConfiguration",
    "validatingwebhookconfigurations",
    "validatingwebhookconfiguration",
))
.generation()
.defaults(|o| webhook_defaults(o, false))
.validate(webhooks::validate)
.table(&["Name", "Webhooks", "Age"], webhook_row);

const BINDING_COLUMNS: &[&str] = &["Name", "PolicyName", "ParamRef", "Age"];

fn policy_row(policy: &Object, list: &str, now: Time) -> Vec<Cell> {
    let kind = policy
        .at("/spec/paramKind")
        .map_or_else(|| "<unset>".into(), |p| format!("{}/{}", p.str("/apiVersion"), p.str("/kind")));
    vec![policy.name().into(), policy.list(list).len().to_string(), kind, age(policy, now)]
}

fn binding_row(binding: &Object, now: Time) -> Vec<Cell> {
    let parameter = binding.at("/spec/paramRef").map_or_else(
        || "<unset>".into(),
        |p| match (p.str("/namespace"), p.str("/name")) {
            (_, "") => "*".into(),
            ("", name) => name.to_string(),
            (namespace, name) => format!("{namespace}/{name}"),
        },
    );
    vec![binding.name().into(), binding.str("/spec/policyName").into(), parameter, age(binding, now)]
}

fn binding_defaults(binding: &mut Object) {
    policies::default_matches(binding, "/spec/matchResources");
    if binding.at("/spec/paramRef").is_some() {
        binding.put_default("/spec/paramRef/parameterNotFoundAction", "Deny");
    }
}

fn webhook_row(hooks: &Object, now: Time) -> Vec<Cell> {
    vec![hooks.name().into(), hooks.list("/webhooks").len().to_string(), age(hooks, now)]
}

fn webhook_defaults(hooks: &mut Object, mutating: bool) {
    for hook in hooks.items_mut("/webhooks") {
        for (field, value) in [
            ("failurePolicy", json!("Fail")),
            ("matchPolicy", json!("Equivalent")),
            ("namespaceSelector", json!({})),
            ("objectSelector", json!({})),
            ("timeoutSeconds", json!(10)),
        ] {
            hook.put_default(&format!("/{field}"), value);
        }
        if mutating {
            hook.put_default("/reinvocationPolicy", "Never");
        }
        if hook.at("/clientConfig/service").is_some() {
            hook.put_default("/clientConfig/service/port", 443);
        }
        for rule in hook.items_mut("/rules") {
            rule.put_default("/scope", Value::from("*"));
        }
    }
}
