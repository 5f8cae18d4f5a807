//! Evaluation of the CEL expressions of a policy with its variables, within a budget
//! (`apiserver/pkg/admission/plugin/cel`, `activation.go` and `composition.go`).

use std::collections::HashMap;
use std::sync::Arc;

use super::{Attributes, Invocation, access, in_version};
use crate::api::authorize::Roles;
use kctl_base::cel::{self, Expression};
use kctl_base::gvk::GroupVersion;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The cost that the expressions of one evaluation may take together (`RuntimeCELCostBudget` in apiserver,
/// `pkg/apis/cel/config.go`).
const BUDGET: u64 = 10_000_000;
/// The cost that match conditions may take together (`RuntimeCELCostBudgetMatchConditions`).
const CONDITIONS_BUDGET: u64 = 2_500_000;

/// The error of expressions that cost too much together.
const OUT_OF_BUDGET: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Failure {
    /// The expression fails.
    Expression(String),
    /// The budget is used up, so that nothing can be evaluated any more.
    Budget,
}

impl Failure {
    /// Returns the message for the client.
    pub(in super::super) fn message(self) -> String {
        match self {
            Failure::Expression(why) => why,
            Failure::Budget => OUT_OF_BUDGET.to_owned(),
        }
    }
}

type Evaluated<T> = std::result::Result<T, Failure>;

/// The evaluation of a policy for a request.
pub(in super::super) struct Evaluation<'p> {
    /// The definitions of the variables of the policy.
    definitions: &'p [Value],
    values: Vec<(&'static str, cel::Value)>,
    /// The variables of the policy; `None` until an expression refers to one.
    variables: Option<Variables>,
    budget: u64,
}

#[derive(Clone, Default)]
struct Variables {
    values: HashMap<String, cel::Value>,
    /// The names of variables that could not be evaluated, each with its error. The error is reported only by expressions
    /// that use the variable.
    failed: Vec<(String, String)>,
}

impl<'p> Evaluation<'p> {
    /// Prepares the evaluation of a policy with its parameters.
    pub(in super::super) fn new(
        invocation: &'p Invocation,
        attributes: &Attributes<'_>,
        namespace: Option<&Object>,
        roles: Option<&Arc<Roles>>,
    ) -> Evaluation<'p> {
        let params = invocation.param.as_deref().map_or(cel::Value::Null, cel::from_json);
        let mut evaluation = Evaluation::of_request(attributes, &invocation.version, namespace, roles);
        evaluation.values.push(("params", params));
        evaluation.definitions = invocation.policy.list("/spec/variables");
        evaluation
    }

    /// Prepares an evaluation without parameters and variables, for objects in a version.
    pub(in super::super) fn of_request(
        attributes: &Attributes<'_>,
        version: &GroupVersion,
        namespace: Option<&Object>,
        roles: Option<&Arc<Roles>>,
    ) -> Evaluation<'p> {
        let versioned = |object: Option<&Object>| {
            object.map_or(cel::Value::Null, |object| cel::from_json(&in_version(attributes.kind, object, version)))
        };
        let mut values = vec![
            ("object", versioned(attributes.new)),
            ("oldObject", versioned(attributes.old)),
            ("request", cel::from_json(&request(attributes, version))),
            ("namespaceObject", namespace.map_or(cel::Value::Null, |namespace| cel::from_json(&visible(namespace)))),
        ];
        values.extend(roles.into_iter().flat_map(|roles| access::variables(attributes, roles)));
        Evaluation { definitions: &[], values, variables: None, budget: BUDGET }
    }

    /// Evaluates an expression.
    ///
    /// # Errors
    /// The message names the expression.
    pub(in super::super) fn evaluate(&mut self, text: &str) -> Evaluated<cel::Value> {
        self.compute(text).map_err(|failure| match failure {
            Failure::Expression(why) => Failure::Expression(format!("expression '{text}' resulted in error: {why}")),
            Failure::Budget => Failure::Budget,
        })
    }

    /// Evaluates an expression; the error says which variable failed if it uses one that did.
    fn compute(&mut self, text: &str) -> Evaluated<cel::Value> {
        let expression = Expression::compile(text).map_err(Failure::Expression)?;
        if expression.mentions("variables") && self.variables.is_none() {
            self.define()?;
        }
        let mut values = self.values.clone();
        let variables = self.variables.clone().unwrap_or_default();
        values.push(("variables", variables.values.into()));
        let (result, cost) = expression.evaluate_metered(values);
        self.budget = self.budget.checked_sub(cost).ok_or(Failure::Budget)?;
        result.map_err(|error| {
            let failed = variables.failed.iter().find(|(name, _)| error == format!("no such key: {name}"));
            Failure::Expression(failed.map_or(error.clone(), |(name, cause)| {
                format!("composited variable \"{name}\" fails to evaluate: {cause}")
            }))
        })
    }

    /// Evaluates the variables of the policy in their order; each can refer to those before it.
    fn define(&mut self) -> Evaluated<()> {
        self.variables = Some(Variables::default());
        let definitions = self.definitions;
        for variable in definitions {
            let name = variable.str("/name").to_owned();
            let result = match self.compute(variable.str("/expression")) {
                Err(Failure::Budget) => return Err(Failure::Budget),
                other => other,
            };
            let variables = self.variables.get_or_insert_default();
            match result {
                Ok(value) => drop(variables.values.insert(name, value)),
                Err(failure) => variables.failed.push((name, failure.message())),
            }
        }
        Ok(())
    }

    /// Returns whether all match conditions are met. One that is not met outweighs the errors of others.
    ///
    /// # Errors
    /// The errors of all conditions.
    pub(in super::super) fn meets(&mut self, conditions: &[Value]) -> Evaluated<bool> {
        let rest = std::mem::replace(&mut self.budget, CONDITIONS_BUDGET);
        let mut failures = Vec::new();
        for condition in conditions {
            match self.evaluate(condition.str("/expression")) {
                Ok(cel::Value::Bool(false)) => return Ok(false),
                Ok(_) => {}
                Err(Failure::Expression(why)) => failures.push(why),
                Err(Failure::Budget) => return Err(Failure::Budget),
            }
        }
        self.budget = rest;
        match &failures[..] {
            [] => Ok(true),
            [one] => Err(Failure::Expression(one.clone())),
            all => Err(Failure::Expression(format!("[{}]", all.join(", ")))),
        }
    }
}

/// Returns the part of a namespace that expressions can see (`CreateNamespaceObject`).
fn visible(namespace: &Object) -> Value {
    const METADATA: &[&str] = &[
        "name",
        "generateName",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "labels",
        "annotations",
        "finalizers",
    ];
    let metadata = namespace.map("/metadata").into_iter().flatten();
    let metadata: Value = metadata
        .filter(|(key, _)| METADATA.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    json!({"metadata": metadata, "spec": namespace["spec"], "status": namespace["status"]})
}

/// Returns the `request` variable: the attributes as an AdmissionRequest (`admission.k8s.io/v1`).
fn request(attributes: &Attributes<'_>, matched: &GroupVersion) -> Value {
    let names = attributes.kind.names();
    let kind = |of: &GroupVersion| json!({"group": of.group, "version": of.version, "kind": names.kind});
    let resource = |of: &GroupVersion| json!({"group": of.group, "version": of.version, "resource": names.plural});
    let (object, asked) = (attributes.object, &attributes.version);
    json!({
        "kind": kind(matched), "resource": resource(matched), "subResource": attributes.subresource,
        "requestKind": kind(asked), "requestResource": resource(asked), "requestSubResource": attributes.subresource,
        "name": object.name(), "namespace": object.namespace(), "operation": attributes.operation,
        "userInfo": attributes.user.to_info(),
        "dryRun": attributes.dry_run,
    })
}
