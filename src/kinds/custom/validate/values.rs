//! Validation of values against a schema (`kube-openapi/pkg/validation/validate`).

use super::formats;
use kctl_base::field::{self, Cause, ErrorList, FieldError, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;
use kctl_base::regexp;

/// Validates a value that is at `path`. Messages name fields relative to it. Values that are the same in `old` are valid.
pub(super) fn errors(schema: &Value, value: &Value, old: Option<&Value>, path: &Path) -> ErrorList {
    let base = if path.is_root() { 0 } else { path.to_string().len() };
    let mut found = Found { base, errors: ErrorList::new(), checks: 0 };
    found.visit(schema, value, old, path);
    found.errors
}

/// The errors of a value, and the number of schemas that it was compared with.
struct Found {
    /// The length of the path that messages leave out.
    base: usize,
    errors: ErrorList,
    checks: usize,
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() && n.as_f64().is_some_and(|f| f.fract() != 0.0) => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

impl Found {
    /// Returns the name of a value in messages.
    fn name(&self, path: &Path) -> String {
        match path.is_root() {
            true => String::new(),
            false => path.to_string()[self.base..].trim_start_matches('.').to_owned(),
        }
    }

    /// Adds the error `spec.copies: Invalid value: 12: spec.copies in body DETAIL`.
    fn invalid(&mut self, path: &Path, value: Value, detail: &str) {
        let text = format!("{} in body {detail}", self.name(path));
        self.errors.push(field::invalid(path, value, &text));
    }

    /// Adds an error that only its message places.
    fn unplaced(&mut self, detail: &str) {
        self.errors.push(field::invalid(&Path::root(), "", detail));
    }

    fn visit(&mut self, schema: &Value, value: &Value, old: Option<&Value>, path: &Path) {
        self.checks += 1;
        if old == Some(value) || (value.is_null() && schema.flag("/nullable")) {
            return;
        }
        self.type_error(schema, value, path);
        if !value.is_null() {
            self.junctors(schema, value, old, path);
        }
        match value {
            Value::String(text) => self.string(schema, text, path),
            Value::Number(number) => self.number(schema, number.as_f64().unwrap_or_default(), value, path),
            Value::Array(items) => self.list(schema, items, old, path),
            _ => {}
        }
        self.enumeration(schema, value, path);
        if let Value::Object(_) = value {
            self.object(schema, value, old, path);
        }
    }

    fn type_error(&mut self, schema: &Value, value: &Value, path: &Path) {
        let is = json_type(value);
        let wanted = match schema.flag("/x-kubernetes-int-or-string") {
            true => "integer,string",
            false => schema.str("/type"),
        };
        let fits = wanted.split(',').any(|wanted| wanted == is || (wanted == "number" && is == "integer"));
        if !wanted.is_empty() && !fits {
            let text = format!("{} in body must be of type {wanted}: \"{is}\"", self.name(path));
            self.errors.push(FieldError { cause: Cause::TypeInvalid, ..field::invalid(path, is, &text) });
        }
    }

    fn enumeration(&mut self, schema: &Value, value: &Value, path: &Path) {
        let Some(allowed) = schema.get("enum").and_then(Value::as_array).filter(|all| !all.contains(value)) else {
            return;
        };
        let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), String::from);
        let texts: Vec<String> = allowed.iter().map(text).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        self.errors.push(field::not_supported(path, value.clone(), &texts));
    }

    /// Validates a string; only the first problem of its length and its pattern is an error.
    fn string(&mut self, schema: &Value, text: &str, path: &Path) {
        let length = text.chars().count();
        let limit = |name: &str| schema.int(name).and_then(|n| usize::try_from(n).ok());
        if let Some(max) = limit("/maxLength").filter(|max| length > *max) {
            self.errors.push(field::too_long(path, max));
        } else if let Some(min) = limit("/minLength").filter(|min| length < *min) {
            self.invalid(path, json!(text), &format!("should be at least {min} chars long"));
        } else if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && regexp::compile(pattern).is_ok_and(|compiled| !compiled.is_match(text))
        {
            self.invalid(path, json!(text), &format!("should match '{pattern}'"));
        }
        let format = schema.str("/format");
        if !format.is_empty() && !formats::fits(format, text) {
            self.invalid(path, json!(text), &format!("must be of type {format}: {}", field::quote(text)));
        }
    }

    fn number(&mut self, schema: &Value, number: f64, value: &Value, path: &Path) {
        self.range(schema, value, path);
        let factor = schema.get("multipleOf").and_then(Value::as_f64).filter(|factor| *factor != 0.0);
        if factor.is_some_and(|factor| (number / factor).fract() != 0.0) {
            self.invalid(path, value.clone(), &format!("should be a multiple of {}", schema["multipleOf"]));
        }
        for (limit, word, exclusive, is_past) in [
            ("maximum", "less", "/exclusiveMaximum", (|n, limit| n > limit) as fn(f64, f64) -> bool),
            ("minimum", "greater", "/exclusiveMinimum", |n, limit| n < limit),
        ] {
            let Some(bound) = schema.get(limit).and_then(Value::as_f64) else { continue };
            let is_exclusive = schema.flag(exclusive);
            if is_past(number, bound) || (is_exclusive && number == bound) {
                let or_equal = if is_exclusive { "" } else { " or equal to" };
                self.invalid(path, value.clone(), &format!("should be {word} than{or_equal} {}", schema[limit]));
            }
        }
    }

    /// Refuses an integer that its format cannot hold.
    fn range(&mut self, schema: &Value, value: &Value, path: &Path) {
        let (of, format) = (schema.str("/type"), schema.str("/format"));
        let fits = match format {
            "int32" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            "int64" => value.as_i64().is_some(),
            _ => true,
        };
        if json_type(value) == "integer" && !fits {
            let text = format!("Checked value must be of type {of} with format {format} in {}", self.name(path));
            self.unplaced(&text);
        }
    }

    fn list(&mut self, schema: &Value, items: &[Value], old: Option<&Value>, path: &Path) {
        if let Some(inner) = schema.get("items") {
            for (index, item) in items.iter().enumerate() {
                let old = super::super::rules::same_item(schema, item, old);
                self.visit(inner, item, old, &path.index(index));
            }
        }
        let limit = |name: &str| schema.int(name).and_then(|n| usize::try_from(n).ok());
        if let Some(min) = limit("/minItems").filter(|min| items.len() < *min) {
            self.invalid(path, json!(items.len()), &format!("should have at least {min} items"));
        }
        if let Some(max) = limit("/maxItems").filter(|max| items.len() > *max) {
            self.errors.push(field::too_many(path, items.len(), max));
        }
    }

    fn object(&mut self, schema: &Value, value: &Value, old: Option<&Value>, path: &Path) {
        let Some(map) = value.as_object() else { return };
        let limit = |name: &str| schema.int(name).and_then(|n| usize::try_from(n).ok());
        if let Some(min) = limit("/minProperties").filter(|min| map.len() < *min) {
            self.invalid(path, json!(map.len()), &format!("should have at least {min} properties"));
            return;
        }
        if let Some(max) = limit("/maxProperties").filter(|max| map.len() > *max) {
            self.errors.push(field::too_many(path, map.len(), max));
            return;
        }
        let known = schema.map("/properties");
        let others = schema.get("additionalProperties").filter(|s| s.is_object());
        for (name, inner) in map {
            if name == "metadata" && path.is_root() {
                continue;
            }
            if let Some(schema) = known.and_then(|known| known.get(name)).or(others) {
                self.visit(schema, inner, old.and_then(|old| old.get(name)), &path.child(name));
            }
        }
        for name in schema.list("/required").iter().filter_map(Value::as_str) {
            if !map.contains_key(name) {
                self.errors.push(field::required(&path.child(name), ""));
            }
        }
    }

    /// Validates a value against a schema of a junctor.
    fn compare(&self, schema: &Value, value: &Value, old: Option<&Value>, path: &Path) -> Found {
        let mut found = Found { base: self.base, errors: ErrorList::new(), checks: 0 };
        found.visit(schema, value, old, path);
        found
    }

    /// Validates `anyOf`, `oneOf`, `allOf` and `not`. If no alternative fits, the errors of that which most was compared
    /// with are told too.
    fn junctors(&mut self, schema: &Value, value: &Value, old: Option<&Value>, path: &Path) {
        let name = field::quote(&self.name(path));
        let compare = |name: &str| -> Vec<Found> {
            schema.list(name).iter().map(|inner| self.compare(inner, value, old, path)).collect()
        };
        let (any, one, all) = (compare("/anyOf"), compare("/oneOf"), compare("/allOf"));
        let is_excluded = schema.get("not").is_some_and(|not| self.compare(not, value, old, path).errors.is_empty());
        if !any.is_empty() && any.iter().all(|found| !found.errors.is_empty()) {
            self.unplaced(&format!("{name} must validate at least one schema (anyOf)"));
            self.errors.extend(closest(any));
        }
        let fitting = one.iter().filter(|found| found.errors.is_empty()).count();
        if !one.is_empty() && fitting != 1 {
            let how_many = if fitting == 0 { "none valid".to_owned() } else { format!("{fitting} valid alternatives") };
            self.unplaced(&format!("{name} must validate one and only one schema (oneOf). Found {how_many}"));
            if fitting == 0 {
                self.errors.extend(closest(one));
            }
        }
        let fitting = all.iter().filter(|found| found.errors.is_empty()).count();
        let is_partial = fitting < all.len();
        self.errors.extend(all.into_iter().flat_map(|found| found.errors));
        if is_partial {
            let none = if fitting == 0 { ". None validated" } else { "" };
            self.unplaced(&format!("{name} must validate all the schemas (allOf){none}"));
        }
        if is_excluded {
            self.unplaced(&format!("{name} must not validate the schema (not)"));
        }
    }
}

/// Returns the errors of the first alternative of those that most was compared with.
fn closest(alternatives: Vec<Found>) -> ErrorList {
    let most = alternatives.iter().map(|found| found.checks).max().unwrap_or_default();
    alternatives.into_iter().find(|found| found.checks == most).map(|found| found.errors).unwrap_or_default()
}
