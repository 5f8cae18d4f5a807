//! The estimated cost of the rules of a definition, which has a limit for each rule and for the whole schema
//! (`apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go`, apiserver `pkg/cel/common/schemas.go`).

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::schema::COMMON;
use super::escaped;
use kctl_base::cel::{Expression, Type};
use kctl_base::field::{self, ErrorList, FieldError, Path};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::order::Order as _;

/// The greatest estimated cost of a rule (`StaticEstimatedCostLimit`).
const RULE_COST_MAX: u64 = 10_000_000;

/// The greatest estimated cost of all rules of a schema (`StaticEstimatedCRDCostLimit`).
const SCHEMA_COST_MAX: u64 = 100_000_000;

/// The number of the most expensive rules that are listed with the total.
const LISTED_MAX: usize = 4;

/// The size of a request, which limits what has no limit of its own (`DefaultMaxRequestSizeBytes`).
const REQUEST_BYTES: u64 = 3 * 1024 * 1024;

/// The number of times that a schema can apply in one object; `None` without a limit.
type Cardinality = Option<u64>;

/// Where a schema stands, as far as the schemas above it decide what rules may do there.
#[derive(Clone)]
pub(crate) struct Place {
    cardinality: Cardinality,
    /// The schema because of which an object and its previous version cannot be compared here.
    uncorrelatable: Option<Path>,
}

impl Place {
    /// Creates the place of the schema of the whole object.
    pub(crate) fn root() -> Place {
        Place { cardinality: Some(1), uncorrelatable: None }
    }

    /// Returns the place of a field in a schema.
    pub(crate) fn field(&self, schema: &Value, path: &Path) -> Place {
        let is_atomic = schema.str("/x-kubernetes-map-type") == "atomic";
        Place { uncorrelatable: self.uncorrelatable_if(is_atomic, path), ..self.clone() }
    }

    /// Returns the place of the values of a map.
    pub(crate) fn values(&self, schema: &Value) -> Place {
        Place { cardinality: self.times(schema, "/maxProperties"), ..self.clone() }
    }

    /// Returns the place of the items of a list; only those of a `map` have previous versions.
    pub(crate) fn items(&self, schema: &Value, path: &Path) -> Place {
        let is_map = schema.str("/x-kubernetes-list-type") == "map";
        Place { cardinality: self.times(schema, "/maxItems"), uncorrelatable: self.uncorrelatable_if(!is_map, path) }
    }

    /// Refuses a transition rule where values have no previous version.
    pub(super) fn transition_error(&self, rule: &Value, path: &Path) -> Option<FieldError> {
        let above = self.uncorrelatable.as_ref()?;
        let text = format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {above}");
        Some(field::invalid(path, rule.str("/rule"), &text))
    }

    fn uncorrelatable_if(&self, is_so: bool, path: &Path) -> Option<Path> {
        self.uncorrelatable.clone().or_else(|| is_so.then(|| path.clone()))
    }

    fn times(&self, schema: &Value, limit: &str) -> Cardinality {
        schema.int(limit).and_then(|max| self.cardinality?.checked_mul(max.max(0).unsigned_abs()))
    }
}

/// The estimated costs of the rules of a schema.
#[derive(Default)]
pub(crate) struct Costs {
    total: u64,
    /// The costs of at least a hundredth of the limit, with their rules.
    expensive: Vec<(u64, Path)>,
}

impl Costs {
    /// Adds the cost of an expression of a schema, and rejects it if it alone costs too much.
    pub(super) fn observe(
        &mut self,
        (expression, variables): (&Expression, &[(&str, Type)]),
        schema: &Value,
        place: &Place,
        (path, what): (Path, &str),
    ) -> Option<FieldError> {
        let times = place.cardinality.unwrap_or_else(|| REQUEST_BYTES / (least_size(schema) + 1));
        let cost = expression.estimate(variables).saturating_mul(times);
        self.total = self.total.saturating_add(cost);
        let what = format!("estimated {what} cost");
        let error = (cost > RULE_COST_MAX).then(|| field::forbidden(&path, &exceeded(&what, cost, RULE_COST_MAX)));
        if cost >= SCHEMA_COST_MAX / 100 {
            self.expensive.push((cost, path));
        }
        error
    }

    /// Rejects the rules of a whole schema that cost too much together.
    pub(crate) fn total_errors(mut self, path: &Path) -> ErrorList {
        if self.total <= SCHEMA_COST_MAX {
            return ErrorList::new();
        }
        self.expensive.order_by_key(|(cost, _)| std::cmp::Reverse(*cost));
        let text = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
        let listed = self.expensive.iter().take(LISTED_MAX);
        let mut errors: ErrorList = listed.map(|(_, rule)| field::forbidden(rule, text)).collect();
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        errors.push(field::forbidden(path, &exceeded(what, self.total, SCHEMA_COST_MAX)));
        errors
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
pub(super) fn type_of(schema: &Value, is_root: bool) -> Type {
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
