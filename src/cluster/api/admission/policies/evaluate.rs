//! Evaluation of the CEL expressions of a policy: match conditions, variables and validations
//! (`apiserver/pkg/admission/plugin/policy/validating`, `validator.go`).

use std::collections::HashMap;

use super::{AdmissionAttributes, Violation};
use kctl_base::cel::{self, Expression};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::Reason;

/// Evaluates a policy with one parameter, and returns the validations that fail. An expression that cannot be evaluated
/// fails too, unless the policy ignores failures.
pub(super) fn violations(
    policy: &Object,
    attributes: &AdmissionAttributes<'_>,
    namespace: Option<&Object>,
    param: Option<&Object>,
) -> Vec<Violation> {
    let is_strict = policy.str("/spec/failurePolicy") != "Ignore";
    let mut bindings = Bindings::of(attributes, namespace, param);
    match bindings.are_met(policy.list("/spec/matchConditions")) {
        Ok(true) => {}
        Err(error) if is_strict => return vec![Violation::new(error)],
        Ok(false) | Err(_) => return Vec::new(),
    }
    bindings.define(policy.list("/spec/variables"));
    let violation = |rule: &Value| match bindings.is_true(rule.str("/expression")) {
        Ok(true) => None,
        Ok(false) => Some(Violation { reason: reason(rule), message: bindings.message(rule) }),
        Err(error) => is_strict.then(|| Violation::new(error)),
    };
    policy.list("/spec/validations").iter().filter_map(violation).collect()
}

/// Returns the reason that a validation sets for a rejection; `Invalid` by default.
fn reason(rule: &Value) -> Reason {
    match rule.str("/reason") {
        "Forbidden" => Reason::Forbidden,
        "Unauthorized" => Reason::Unauthorized,
        "RequestEntityTooLarge" => Reason::RequestEntityTooLarge,
        _ => Reason::Invalid,
    }
}

/// The variables that an expression can refer to.
struct Bindings {
    values: Vec<(&'static str, cel::Value)>,
    variables: HashMap<String, cel::Value>,
    /// The names of variables that could not be evaluated, each with its error. The error is reported only by expressions
    /// that use the variable.
    failed: Vec<(String, String)>,
}

impl Bindings {
    fn of(attributes: &AdmissionAttributes<'_>, namespace: Option<&Object>, param: Option<&Object>) -> Bindings {
        let value = |object: Option<&Object>| object.map_or(cel::Value::Null, cel::from_json);
        let values = vec![
            ("object", value(attributes.new)),
            ("oldObject", value(attributes.old)),
            ("request", cel::from_json(&request(attributes))),
            ("params", value(param)),
            ("namespaceObject", value(namespace)),
        ];
        Bindings { values, variables: HashMap::new(), failed: Vec::new() }
    }

    /// Evaluates the variables of a policy in their order; each can refer to those before it.
    fn define(&mut self, variables: &[Value]) {
        for variable in variables {
            let name = variable.str("/name").to_owned();
            match self.evaluate(variable.str("/expression")) {
                Ok(value) => drop(self.variables.insert(name, value)),
                Err(error) => self.failed.push((name, error)),
            }
        }
    }

    /// Returns all bindings, the composited `variables` included.
    fn all(&self) -> Vec<(&'static str, cel::Value)> {
        let mut values = self.values.clone();
        values.push(("variables", self.variables.clone().into()));
        values
    }

    /// Evaluates an expression; the error says which variable failed if it uses one that did.
    fn evaluate(&self, expression: &str) -> Result<cel::Value, String> {
        let result = Expression::compile(expression)?.evaluate(self.all());
        result.map_err(|error| {
            let failed = self.failed.iter().find(|(name, _)| error == format!("no such key: {name}"));
            failed.map_or(error.clone(), |(name, cause)| {
                format!("composited variable \"{name}\" fails to evaluate: {cause}")
            })
        })
    }

    /// Returns whether an expression is true; an error is worded for the client.
    fn is_true(&self, expression: &str) -> Result<bool, String> {
        match self.evaluate(expression) {
            Ok(value) => Ok(value == cel::Value::Bool(true)),
            Err(error) => Err(format!("expression '{}' resulted in error: {error}", expression.trim())),
        }
    }

    /// Returns whether all match conditions are met. One that is not met outweighs the errors of others.
    fn are_met(&self, conditions: &[Value]) -> Result<bool, String> {
        let met: Vec<Result<bool, String>> = conditions.iter().map(|c| self.is_true(c.str("/expression"))).collect();
        match met.contains(&Ok(false)) {
            true => Ok(false),
            false => met.into_iter().collect::<Result<Vec<bool>, String>>().map(|_| true),
        }
    }

    /// Returns the message of a failed validation: the value of its `messageExpression` if that is a usable string, else its
    /// `message`, else the failed expression.
    fn message(&self, rule: &Value) -> String {
        let evaluated = cel::message(rule.str("/messageExpression"), self.all());
        evaluated.unwrap_or_else(|| match rule.str("/message").trim() {
            "" => format!("failed expression: {}", rule.str("/expression").trim()),
            message => message.to_owned(),
        })
    }
}

/// Returns the `request` variable: the attributes as an AdmissionRequest (`admission.k8s.io/v1`).
fn request(attributes: &AdmissionAttributes<'_>) -> Value {
    let names = attributes.kind.names();
    let kind = json!({"group": names.group, "version": names.version, "kind": names.kind});
    let resource = json!({"group": names.group, "version": names.version, "resource": names.plural});
    let object = attributes.object;
    json!({
        "kind": kind, "resource": resource, "subResource": attributes.subresource,
        "requestKind": kind, "requestResource": resource, "requestSubResource": attributes.subresource,
        "name": object.name(), "namespace": object.namespace(), "operation": attributes.operation,
        "userInfo": attributes.user.to_info(),
        "dryRun": attributes.dry_run,
    })
}
