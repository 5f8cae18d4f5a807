//! Evaluation of the CEL rules in a schema (`x-kubernetes-validations`,
//! `apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go`).
//!
//! The language itself is in [`kctl_base::cel`]. This module decides to which values a rule applies, what `self` and
//! `oldSelf` are, and which error a violation is
//! (<https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules>).

mod cost;
mod definition;
mod types;

pub(crate) use cost::{Costs, Place};
pub(crate) use definition::{definition_errors, go_struct, text_errors};
pub(crate) use types::object_type;

use std::collections::HashMap;
use std::sync::Arc;

use super::schema::COMMON;
use kctl_base::cel::{self, Expression};
use kctl_base::field::{self, Cause, ErrorList, FieldError, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::{Duration, Time};

/// JSON pointer to the rules of a schema.
const RULES: &str = "/x-kubernetes-validations";

/// Evaluates the rules of a schema on a value at `path` that has no previous version.
pub(super) fn evaluate_at(schema: &Value, value: &Value, path: &Path) -> ErrorList {
    let mut evaluation = Evaluation::default();
    evaluation.walk(schema, value, None, path);
    evaluation.errors
}

/// The cost that all rules of an object may take together (`RuntimeCELCostBudget` in apiserver, `pkg/apis/cel/config.go`).
const OBJECT_COST_MAX: u64 = 10_000_000;

/// Evaluates all rules of a schema on an object; `old` is its previous version, if there is one.
pub(super) fn evaluate(schema: &Value, new: &Object, old: Option<&Object>) -> ErrorList {
    let mut evaluation = Evaluation::default();
    evaluation.walk(schema, new, old, &Path::root());
    evaluation.errors
}

/// The evaluation of the rules of an object.
struct Evaluation<'s> {
    errors: ErrorList,
    /// The rules by their text: a rule of a list is evaluated for each item.
    compiled: HashMap<&'s str, Result<Arc<Expression>, String>>,
    /// The cost that is left; `None` once no further rules are evaluated.
    budget: Option<u64>,
}

impl Default for Evaluation<'_> {
    fn default() -> Self {
        Evaluation { errors: ErrorList::new(), compiled: HashMap::new(), budget: Some(OBJECT_COST_MAX) }
    }
}

impl<'s> Evaluation<'s> {
    fn walk(&mut self, schema: &'s Value, new: &Value, old: Option<&Value>, path: &Path) {
        for rule in schema.list(RULES) {
            if self.budget.is_some() {
                self.check(rule, schema, new, old, path);
            }
        }
        match new {
            Value::Object(map) => {
                for (name, value) in map {
                    let known = schema.map("/properties").and_then(|fields| fields.get(name));
                    let others = schema.get("additionalProperties").filter(|s| s.is_object());
                    let (Some(inner), path) = (match known {
                        Some(known) => (Some(known), path.child(name)),
                        None => (others, path.key(name)),
                    }) else {
                        continue;
                    };
                    self.walk(inner, value, old.and_then(|old| old.get(name)), &path);
                }
            }
            Value::Array(items) => {
                let Some(inner) = schema.get("items") else { return };
                for (index, item) in items.iter().enumerate() {
                    self.walk(inner, item, same_item(schema, item, old), &path.index(index));
                }
            }
            _ => {}
        }
    }

    fn compile(&mut self, rule: &'s str) -> Result<Arc<Expression>, String> {
        self.compiled.entry(rule).or_insert_with(|| Expression::compile(rule).map(Arc::new)).clone()
    }

    /// Evaluates one rule on one value.
    fn check(&mut self, rule: &'s Value, schema: &Value, new: &Value, old: Option<&Value>, path: &Path) {
        let expression = match self.compile(rule.str("/rule")) {
            Ok(expression) => expression,
            // Definitions with such a rule are refused, but one may have been stored before.
            Err(why) => return self.errors.push(failure(schema, path, &format!("rule compile error: {why}"))),
        };
        let is_transition = expression.mentions("oldSelf");
        let may_be_new = rule.flag("/optionalOldSelf");
        // A value that has not changed need not satisfy a rule (ratcheting, KEP-4008); a transition rule applies only when
        // there is an old value.
        let passes = if is_transition { old.is_none() && !may_be_new } else { old == Some(new) };
        if passes {
            return;
        }
        let variables = || {
            let before = old.map(|old| to_cel(schema, old, path.is_root()));
            let before = if may_be_new { Some(cel::optional(before)) } else { before };
            let mut variables = vec![("self", to_cel(schema, new, path.is_root()))];
            variables.extend(before.map(|before| ("oldSelf", before)));
            variables
        };
        let (result, cost) = expression.evaluate_metered(variables());
        self.errors.extend(violation((rule, schema), new, result, path, variables));
        self.spend(cost, schema, path);
    }

    /// Takes a cost from the budget; the last error says that it is used up.
    fn spend(&mut self, cost: u64, schema: &Value, path: &Path) {
        if cost >= cel::CALL_COST_MAX {
            self.budget = None;
        } else if let Some(budget) = self.budget {
            self.budget = budget.checked_sub(cost);
            if self.budget.is_none() {
                let text =
                    "validation failed due to running out of cost budget, no further validation rules will be run";
                self.errors.push(failure(schema, path, text));
            }
        }
    }
}

/// Returns the error of a rule that is not satisfied or cannot be evaluated.
fn violation(
    (rule, schema): (&Value, &Value),
    value: &Value,
    result: Result<cel::Value, String>,
    path: &Path,
    variables: impl Fn() -> Vec<(&'static str, cel::Value)>,
) -> Option<FieldError> {
    let rule_text = || match rule.str("/message").trim() {
        "" => rule.str("/rule").trim(),
        message => message,
    };
    match result {
        Ok(cel::Value::Bool(true)) => None,
        Ok(_) => {
            let message = message(rule, variables());
            Some(error(rule.str("/reason"), &at(rule, path), value, &message))
        }
        Err(why) if why == "no such overload" => {
            let text = "call arguments did not match a supported operator, function or macro signature for rule";
            Some(failure(schema, path, &format!("'{why}': {text}: {}", rule_text())))
        }
        Err(why) if why == cel::COST_EXCEEDED => {
            let text = "no further validation rules will be run due to call cost exceeds limit for rule";
            Some(failure(schema, path, &format!("'{why}': {text}: {}", rule_text())))
        }
        Err(why) => Some(failure(schema, path, &format!("{why} evaluating rule: {}", rule_text()))),
    }
}

/// Finds the item of the old list that corresponds to a new item. Only lists of type `map` have such a correspondence.
pub(super) fn same_item<'a>(schema: &Value, item: &Value, old: Option<&'a Value>) -> Option<&'a Value> {
    if schema.str("/x-kubernetes-list-type") != "map" {
        return None;
    }
    let keys = schema.list("/x-kubernetes-list-map-keys");
    let same = |other: &&Value| keys.iter().filter_map(Value::as_str).all(|key| other.get(key) == item.get(key));
    old?.as_array()?.iter().find(same)
}

/// The message of a violation: the result of `messageExpression`, else `message`, else the rule.
fn message(rule: &Value, variables: Vec<(&str, cel::Value)>) -> String {
    let made = cel::message(rule.str("/messageExpression"), variables);
    made.unwrap_or_else(|| match rule.str("/message") {
        "" => format!("failed rule: {}", rule.str("/rule").trim()),
        message => message.to_owned(),
    })
}

/// The path of the error: `fieldPath` of the rule, `.a.b`, relative to the value.
fn at(rule: &Value, path: &Path) -> Path {
    match rule.str("/fieldPath").strip_prefix('.') {
        Some(field) => path.child(field),
        None => path.clone(),
    }
}

/// Creates the error of a rule that cannot be evaluated, which names the type of the value.
fn failure(schema: &Value, path: &Path, detail: &str) -> FieldError {
    field::invalid(path, schema.str("/type"), detail)
}

/// Creates the error of a rule that is not satisfied. It does not print objects and lists, which may be large.
fn error(reason: &str, path: &Path, value: &Value, detail: &str) -> FieldError {
    let (cause, head, has_value) = match reason {
        "FieldValueRequired" => (Cause::Required, "Required value", false),
        "FieldValueForbidden" => (Cause::Forbidden, "Forbidden", false),
        "FieldValueDuplicate" => (Cause::Duplicate, "Duplicate value", true),
        _ => (Cause::Invalid, "Invalid value", true),
    };
    let shown = match value {
        Value::Object(_) | Value::Array(_) => String::new(),
        scalar if has_value => format!("{scalar}: "),
        _ => String::new(),
    };
    FieldError { cause, field: path.to_string(), body: format!("{head}: {shown}{detail}") }
}

/// Converts a value to CEL by its type in the schema.
fn to_cel(schema: &Value, value: &Value, is_root: bool) -> cel::Value {
    match value {
        Value::Number(number) if schema.str("/type") == "number" => {
            cel::Value::Float(number.as_f64().unwrap_or_default())
        }
        Value::String(text) => text_to_cel(schema.str("/format"), text),
        Value::Array(items) => {
            let inner = schema.get("items").unwrap_or(&Value::Null);
            cel::Value::List(Arc::new(items.iter().map(|item| to_cel(inner, item, false)).collect()))
        }
        Value::Object(_) => map_to_cel(schema, value, is_root),
        Value::Null | Value::Bool(_) | Value::Number(_) => cel::from_json(value),
    }
}

fn timestamp(text: &str) -> Option<cel::Value> {
    Time::parse(text).map(|time| cel::Value::Timestamp(time.to_chrono().fixed_offset()))
}

fn text_to_cel(format: &str, text: &str) -> cel::Value {
    let read = match format {
        "date-time" => timestamp(text),
        "date" => timestamp(&format!("{text}T00:00:00Z")),
        "byte" => {
            let decoded = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text);
            decoded.ok().map(|bytes| cel::Value::Bytes(Arc::new(bytes)))
        }
        "duration" => {
            Duration::parse(text).map(|time| cel::Value::Duration(chrono::Duration::microseconds(time.micros())))
        }
        _ => None,
    };
    read.unwrap_or_else(|| cel::Value::String(Arc::new(text.to_owned())))
}

/// Converts an object to CEL: the fields in the schema under their escaped names, or all entries of a map.
fn map_to_cel(schema: &Value, value: &Value, is_root: bool) -> cel::Value {
    let mut fields: HashMap<String, cel::Value> = HashMap::new();
    let known = schema.map("/properties");
    let free = known.is_none() && !schema.get("additionalProperties").is_some_and(Value::is_object);
    for (name, value) in value.as_object().into_iter().flatten() {
        if let Some(inner) = known.and_then(|known| known.get(name)) {
            fields.insert(escaped(name), to_cel(inner, value, false));
        } else if let Some(inner) = schema.get("additionalProperties").filter(|s| s.is_object()) {
            fields.insert(name.to_string(), to_cel(inner, value, false));
        } else if free {
            fields.insert(name.to_string(), cel::from_json(value));
        }
    }
    if is_root || schema.flag("/x-kubernetes-embedded-resource") {
        let named = json!({"name": value.str("/metadata/name"), "generateName": value.str("/metadata/generateName")});
        for name in COMMON {
            let value = if name == "metadata" { Some(&named) } else { value.get(name) };
            fields.extend(value.map(|value| (name.to_owned(), cel::from_json(value))));
        }
    }
    fields.into()
}

/// A field name as expressions have to write it.
fn escaped(name: &str) -> String {
    if cel::is_reserved(name) {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__").replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__")
}

#[cfg(test)]
mod tests;
