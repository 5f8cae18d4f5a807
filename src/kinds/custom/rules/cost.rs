//! The estimated cost of the rules of a definition, which has a limit for each rule and for the whole schema
//! (`apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go`, apiserver `pkg/cel/common/schemas.go`).

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::schema::COMMON;
use super::{RULES, escaped};
use kctl_base::cel::{Expression, Type};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// The greatest estimated cost of a rule (`StaticEstimatedCostLimit`).
const RULE_COST_MAX: u64 = 10_000_000;

/// The greatest estimated cost of all rules of a schema (`StaticEstimatedCRDCostLimit`).
const SCHEMA_COST_MAX: u64 = 100_000_000;

/// The number of the most expensive rules that are listed with the total.
const LISTED_MAX: usize = 4;

/// The size of a request, which limits what has no limit of its own (`DefaultMaxRequestSizeBytes`).
const REQUEST_BYTES: u64 = 3 * 1024 * 1024;

/// How often a schema can apply in one object; `None` without a limit.
type Cardinality = Option<u64>;

/// Estimates the rules of a schema and of the schemas in it, and rejects those that cost too much.
pub(super) fn errors(schema: &Value, path: &Path) -> ErrorList {
    let mut estimates = Estimates::default();
    estimates.visit(schema, path, Some(1), true);
    let mut errors = estimates.errors;
    if estimates.total > SCHEMA_COST_MAX {
        estimates.expensive.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
        for (_, rule) in estimates.expensive.iter().take(LISTED_MAX) {
            let text = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
            errors.push(field::forbidden(rule, text));
        }
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        errors.push(field::forbidden(path, &exceeded(what, estimates.total, SCHEMA_COST_MAX)));
    }
    errors
}

#[derive(Default)]
struct Estimates {
    total: u64,
    /// The costs of at least a hundredth of the limit, with their rules.
    expensive: Vec<(u64, Path)>,
    errors: ErrorList,
}

impl Estimates {
    fn visit(&mut self, schema: &Value, path: &Path, cardinality: Cardinality, is_root: bool) {
        let rules = schema.list(RULES);
        if !rules.is_empty() {
            let of = type_of(schema, is_root);
            let times = cardinality.unwrap_or_else(|| REQUEST_BYTES / (least_size(schema) + 1));
            let variables = [("self", of.clone()), ("oldSelf", of)];
            for (index, rule) in rules.iter().enumerate() {
                self.rule(rule, &path.child(&RULES[1..]).index(index), &variables, times);
            }
        }
        for (name, inner) in schema.map("/properties").into_iter().flatten() {
            self.visit(inner, &path.child("properties").key(name), cardinality, false);
        }
        let times = |limit: &str| schema.int(limit).and_then(|max| cardinality?.checked_mul(max.max(0).unsigned_abs()));
        if let Some(inner) = schema.get("additionalProperties").filter(|inner| inner.is_object()) {
            self.visit(inner, &path.child("additionalProperties"), times("/maxProperties"), false);
        }
        if let Some(inner) = schema.get("items").filter(|inner| inner.is_object()) {
            self.visit(inner, &path.child("items"), times("/maxItems"), false);
        }
    }

    fn rule(&mut self, rule: &Value, path: &Path, variables: &[(&str, Type)], times: u64) {
        let Ok(expression) = Expression::compile(rule.str("/rule")) else { return };
        let cost = expression.estimate(variables).saturating_mul(times);
        self.observe(cost, path.child("rule"), "estimated rule cost");
        if let Ok(message) = Expression::compile(rule.str("/messageExpression")) {
            let cost = message.estimate(variables).saturating_mul(times);
            self.observe(cost, path.child("messageExpression"), "estimated messageExpression cost");
        }
    }

    fn observe(&mut self, cost: u64, path: Path, what: &str) {
        self.total = self.total.saturating_add(cost);
        if cost > RULE_COST_MAX {
            self.errors.push(field::forbidden(&path, &exceeded(what, cost, RULE_COST_MAX)));
        }
        if cost >= SCHEMA_COST_MAX / 100 {
            self.expensive.push((cost, path));
        }
    }
}

/// Formats the excess (`getCostErrorMessage`).
fn exceeded(what: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let shown = match factor {
        _ if factor > 100.0 => "more than 100x".to_owned(),
        _ if factor < 1.5 => format!("{factor:.6}x"),
        _ => format!("{factor:.1}x"),
    };
    format!(
        "{what} exceeds budget by factor of {shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
}

/// Returns the type of the values of a schema (`SchemaDeclType`).
fn type_of(schema: &Value, is_root: bool) -> Type {
    if schema.flag("/x-kubernetes-int-or-string") {
        return Type::Unknown;
    }
    match schema.str("/type") {
        "array" => {
            let Some(items) = schema.get("items") else { return Type::Unknown };
            let most = || (REQUEST_BYTES - 2) / (least_size(items) + 1);
            Type::List(Rc::new(type_of(items, false)), limit(schema, "/maxItems").unwrap_or_else(most))
        }
        "object" => object_type(schema, is_root),
        "boolean" | "number" | "integer" => Type::Scalar,
        "string" => Type::Text(length(schema)),
        _ => Type::Unknown,
    }
}

fn object_type(schema: &Value, is_root: bool) -> Type {
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        let most = || (REQUEST_BYTES - 2) / (least_size(values) + 6);
        return Type::Map(Rc::new(type_of(values, false)), limit(schema, "/maxProperties").unwrap_or_else(most));
    }
    let fields = schema.map("/properties").into_iter().flatten();
    let mut fields: BTreeMap<String, Type> =
        fields.map(|(name, inner)| (escaped(name), type_of(inner, false))).collect();
    if is_root || schema.flag("/x-kubernetes-embedded-resource") {
        let text = || Type::Text(REQUEST_BYTES - 2);
        let named = ["name", "generateName"].map(|name| (name.to_owned(), text()));
        for name in COMMON {
            let of = if name == "metadata" { Type::Object(Rc::new(named.clone().into())) } else { text() };
            fields.insert(name.to_owned(), of);
        }
    }
    Type::Object(Rc::new(fields))
}

/// Returns the greatest length of a string in bytes; a character takes up to four.
fn length(schema: &Value) -> u64 {
    let values = schema.list("/enum");
    match schema.str("/format") {
        _ if !values.is_empty() => {
            values.iter().filter_map(Value::as_str).map(|value| value.len() as u64).max().unwrap_or_default()
        }
        "duration" => 32,
        "date" => 10,
        "date-time" => 21,
        _ => limit(schema, "/maxLength").map_or(REQUEST_BYTES - 2, |max| max.saturating_mul(4)),
    }
}

fn limit(schema: &Value, pointer: &str) -> Option<u64> {
    schema.int(pointer).map(|max| max.max(0).unsigned_abs())
}

/// Returns the length in bytes of the shortest JSON of a value of a schema (`MinSerializedSize`).
fn least_size(schema: &Value) -> u64 {
    if schema.flag("/x-kubernetes-int-or-string") {
        return 1;
    }
    match (schema.str("/type"), schema.str("/format")) {
        ("boolean", _) => 4,
        ("number" | "integer", _) => 1,
        ("string", "date") => 12,
        ("string", "date-time") => 22,
        ("object", _) => {
            let required = schema.list("/required").iter().filter_map(Value::as_str);
            let field = |name: &str| {
                let inner = schema.map("/properties").and_then(|fields| fields.get(name))?;
                let has_default = inner.get("default").is_some_and(|default| !default.is_null());
                (!has_default).then(|| name.len() as u64 + least_size(inner) + 4)
            };
            2 + required.filter_map(field).sum::<u64>()
        }
        _ => 2,
    }
}
