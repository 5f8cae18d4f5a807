//! The expressions of a policy: its conditions, its variables and its validations.

use std::collections::HashMap;

use super::{AdmissionAttributes, Violation};
use kctl_base::cel::{self, Expression};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::Reason;

/// What a policy has against an attributes, with one parameter.
pub(super) fn violations(
    policy: &Object,
    attributes: &AdmissionAttributes<'_>,
    namespace: Option<&Object>,
    param: Option<&Object>,
) -> Vec<Violation> {
    let is_strict = policy.str("/spec/failurePolicy") != "Ignore";
    let mut facts = Facts::of(attributes, namespace, param);
    match facts.meets(policy.list("/spec/matchConditions")) {
        Ok(true) => {}
        Err(error) if is_strict => return vec![Violation::new(error)],
        Ok(false) | Err(_) => return Vec::new(),
    }
    facts.define(policy.list("/spec/variables"));
    let violation = |rule: &Value| match facts.holds(rule.str("/expression")) {
        Ok(true) => None,
        Ok(false) => Some(Violation { reason: reason(rule), message: facts.message(rule) }),
        Err(error) => is_strict.then(|| Violation::new(error)),
    };
    policy.list("/spec/validations").iter().filter_map(violation).collect()
}

fn reason(rule: &Value) -> Reason {
    match rule.str("/reason") {
        "Forbidden" => Reason::Forbidden,
        "Unauthorized" => Reason::Unauthorized,
        "RequestEntityTooLarge" => Reason::RequestEntityTooLarge,
        _ => Reason::Invalid,
    }
}

/// What expressions can speak of.
struct Facts {
    values: Vec<(&'static str, cel::Value)>,
    variables: HashMap<String, cel::Value>,
    /// Variables that have no value, and why: it matters only to who uses them.
    failed: Vec<(String, String)>,
}

impl Facts {
    fn of(attributes: &AdmissionAttributes<'_>, namespace: Option<&Object>, param: Option<&Object>) -> Facts {
        let value = |object: Option<&Object>| object.map_or(cel::Value::Null, cel::from_json);
        let values = vec![
            ("object", value(attributes.new)),
            ("oldObject", value(attributes.old)),
            ("request", cel::from_json(&request(attributes))),
            ("params", value(param)),
            ("namespaceObject", value(namespace)),
        ];
        Facts { values, variables: HashMap::new(), failed: Vec::new() }
    }

    /// Gives the variables of a policy their values, in their order: each may speak of those before it.
    fn define(&mut self, variables: &[Value]) {
        for variable in variables {
            let name = variable.str("/name").to_owned();
            match self.evaluate(variable.str("/expression")) {
                Ok(value) => drop(self.variables.insert(name, value)),
                Err(why) => self.failed.push((name, why)),
            }
        }
    }

    fn all(&self) -> Vec<(&'static str, cel::Value)> {
        let mut values = self.values.clone();
        values.push(("variables", self.variables.clone().into()));
        values
    }

    fn evaluate(&self, text: &str) -> Result<cel::Value, String> {
        let result = Expression::compile(text)?.evaluate(self.all());
        result.map_err(|error| {
            let failed = self.failed.iter().find(|(name, _)| error == format!("no such key: {name}"));
            failed
                .map_or(error.clone(), |(name, why)| format!("composited variable \"{name}\" fails to evaluate: {why}"))
        })
    }

    /// Returns whether an expression is true; the error is what is said of it.
    fn holds(&self, text: &str) -> Result<bool, String> {
        match self.evaluate(text) {
            Ok(value) => Ok(value == cel::Value::Bool(true)),
            Err(why) => Err(format!("expression '{}' resulted in error: {why}", text.trim())),
        }
    }

    /// Returns whether all conditions are met. One that is not outweighs the errors of others.
    fn meets(&self, conditions: &[Value]) -> Result<bool, String> {
        let met: Vec<Result<bool, String>> = conditions.iter().map(|c| self.holds(c.str("/expression"))).collect();
        match met.contains(&Ok(false)) {
            true => Ok(false),
            false => met.into_iter().collect::<Result<Vec<bool>, String>>().map(|_| true),
        }
    }

    /// What a validation says when it fails: its expression for that when it makes a text, else its fixed text, else itself.
    fn message(&self, rule: &Value) -> String {
        let made = cel::message(rule.str("/messageExpression"), self.all());
        made.unwrap_or_else(|| match rule.str("/message").trim() {
            "" => format!("failed expression: {}", rule.str("/expression").trim()),
            message => message.to_owned(),
        })
    }
}

/// The request as an AdmissionRequest.
fn request(attributes: &AdmissionAttributes<'_>) -> Value {
    let names = attributes.kind.names();
    let kind = json!({"group": names.group, "version": names.version, "kind": names.kind});
    let resource = json!({"group": names.group, "version": names.version, "resource": names.plural});
    let object = attributes.object;
    json!({
        "kind": kind, "resource": resource, "subResource": attributes.subresource,
        "requestKind": kind, "requestResource": resource, "requestSubResource": attributes.subresource,
        "name": object.name(), "namespace": object.namespace(), "operation": attributes.operation,
        "userInfo": {"username": attributes.user.name, "groups": attributes.user.groups},
        "dryRun": attributes.dry_run,
    })
}
