//! Reading data into the fields that kustomize knows, with what Go's decoder says about everything else.
//!
//! Names are matched without regard to case, null is no value, and the first problem in the order of the names is the one
//! that is told.

use kctl_base::json::{self, Map, Value, json, kind_name};

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Type {
    Text,
    /// Anything.
    Any,
    /// A text with a name of its own.
    Named(&'static str),
    Bool,
    Int(&'static str),
    /// A map with values of one type.
    Map(&'static Type),
    List(&'static Type),
    Struct(&'static Struct),
}

/// A structure: the fields that it has, and those of the structures within it that have no name.
pub(super) struct Struct {
    pub(super) name: &'static str,
    pub(super) fields: &'static [(&'static str, Type)],
    pub(super) embedded: &'static [&'static Struct],
}

impl Type {
    fn go_name(self) -> String {
        match self {
            Type::Any => "interface {}".into(),
            Type::Text => "string".into(),
            Type::Named(name) => format!("types.{name}"),
            Type::Bool => "bool".into(),
            Type::Int(name) => name.into(),
            Type::Map(values) => format!("map[string]{}", values.go_name()),
            Type::List(items) => format!("[]{}", items.go_name()),
            Type::Struct(fields) => format!("types.{}", fields.name),
        }
    }
}

/// The value with the names of the fields as they are written, and without what is null.
///
/// # Errors
/// The text that Go's decoder gives.
pub(super) fn decode(value: &Value, root: &'static Struct) -> Result<Value, String> {
    let Value::Object(fields) = value else {
        return match value {
            Value::Null => Ok(Value::Object(Map::new())),
            other => {
                Err(format!("json: cannot unmarshal {} into Go value of type types.{}", kind_name(other), root.name))
            }
        };
    };
    let mut decoder = Decoder { problem: None };
    let decoded = decoder.fields(fields, root, &Place { holder: root.name, path: Vec::new() });
    match decoder.problem {
        Some(problem) => Err(format!("json: {problem}")),
        None => Ok(decoded),
    }
}

/// Where a value stands: the structure that it belongs to and the names that lead to it.
#[derive(Clone)]
struct Place {
    holder: &'static str,
    path: Vec<&'static str>,
}

struct Decoder {
    /// The first problem; the others do not matter.
    problem: Option<String>,
}

impl Decoder {
    fn complain(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }

    fn fields(&mut self, fields: &Map, holder: &'static Struct, place: &Place) -> Value {
        let mut decoded = Map::new();
        for (key, value) in fields {
            match find(holder, key) {
                None => self.complain(format!("unknown field {}", kctl_base::field::quote(key))),
                Some((within, name, wanted)) => {
                    let mut inner = Place { holder: holder.name, path: place.path.clone() };
                    inner.path.extend(within);
                    inner.path.push(name);
                    if let Some(value) = self.value(value, wanted, &inner) {
                        decoded.insert(name, value);
                    }
                }
            }
        }
        Value::Object(decoded)
    }

    fn value(&mut self, value: &Value, wanted: Type, place: &Place) -> Option<Value> {
        match (wanted, value) {
            (_, Value::Null) => None,
            (Type::Any, value) => Some(value.clone()),
            (Type::Text | Type::Named(_), Value::String(_)) | (Type::Bool, Value::Bool(_)) => Some(value.clone()),
            (Type::Int(_), Value::Number(number)) if number.is_i64() => Some(value.clone()),
            (Type::Map(values), Value::Object(fields)) => {
                let pairs = fields.iter().map(|(k, v)| (k.clone(), self.value(v, *values, place)));
                Some(Value::Object(pairs.map(|(k, v)| (k, v.unwrap_or_else(|| zero(*values)))).collect()))
            }
            (Type::List(items), Value::Array(list)) => {
                Some(list.iter().map(|v| self.value(v, *items, place).unwrap_or_else(|| zero(*items))).collect())
            }
            (Type::Struct(inner), Value::Object(fields)) => Some(self.fields(fields, inner, place)),
            (wanted, found) => {
                let found = match (wanted, found) {
                    (Type::Int(_), Value::Number(number)) => format!("number {}", json::number_text(number)),
                    (_, other) => kind_name(other).into(),
                };
                let Place { holder, path } = place;
                self.complain(format!(
                    "cannot unmarshal {found} into Go struct field {holder}.{} of type {}",
                    path.join("."),
                    wanted.go_name()
                ));
                None
            }
        }
    }
}

/// What stands for null in a list or a map.
fn zero(wanted: Type) -> Value {
    match wanted {
        Type::Any => Value::Null,
        Type::Text | Type::Named(_) => "".into(),
        Type::Bool => false.into(),
        Type::Int(_) => 0.into(),
        Type::Map(_) | Type::Struct(_) => Value::Object(Map::new()),
        Type::List(_) => json!([]),
    }
}

/// A field by its name in any case: the structures within that lead to it, its name, what it holds.
fn find(holder: &'static Struct, key: &str) -> Option<(Vec<&'static str>, &'static str, Type)> {
    let own = holder.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
    if let Some((name, wanted)) = own {
        return Some((Vec::new(), name, *wanted));
    }
    holder.embedded.iter().find_map(|inner| {
        let (mut within, name, wanted) = find(inner, key)?;
        within.insert(0, inner.name);
        Some((within, name, wanted))
    })
}

#[cfg(test)]
mod tests {
    use super::super::fields::KUSTOMIZATION;
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn problems_are_told_as_go_tells_them() {
        let cases = [
            (json!({"resorces": []}), "unknown field \"resorces\""),
            (
                json!({"resources": "a"}),
                "cannot unmarshal string into Go struct field Kustomization.resources of type []string",
            ),
            (
                json!({"secretGenerator": [{"options": {"labels": {"x": true}}}]}),
                "cannot unmarshal bool into Go struct field GeneratorOptions.secretGenerator.GeneratorArgs.options.labels of type string",
            ),
            (
                json!({"patches": [{"target": {"kind": 1}}]}),
                "cannot unmarshal number into Go struct field Selector.patches.target.ResId.Gvk.kind of type string",
            ),
            (
                json!({"replicas": [{"count": 1.5}]}),
                "cannot unmarshal number 1.5 into Go struct field Replica.replicas.count of type int64",
            ),
            (json!({"namePrefix": 1, "a": 1}), "unknown field \"a\""),
            (json!([1]), "cannot unmarshal array into Go value of type types.Kustomization"),
        ];
        for (value, expected) in cases {
            assert_eq!(decode(&value, &KUSTOMIZATION), Err(format!("json: {expected}")), "{value}");
        }
    }

    #[test]
    fn names_are_found_in_any_case_and_null_is_nothing() {
        let decoded = decode(&json!({"RESOURCES": ["a"], "namePrefix": null}), &KUSTOMIZATION);
        assert_eq!(decoded, Ok(json!({"resources": ["a"]})));
    }
}
