//! `vars`: substitutes `$(NAME)` by values of fields (`api/filters/refvar`,
//! `api/internal/accumulator/refvartransformer.go`).

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{KustomizeError, Result, fail};
use crate::field_path::{self, CreateKind};
use crate::field_spec::FieldSpec;
use crate::notes::Notes;
use crate::res_map::ResMap;
use crate::scalar::scalar_to_string;
use crate::types::Var;
use kctl_base::go;
use kctl_base::json::Value;

/// Substitutes all vars and logs those that occur nowhere.
///
/// # Errors
/// When the value of a var does not exist or a list with vars holds anything but strings.
pub(crate) fn resolve(
    resources: &mut ResMap,
    vars: &BTreeMap<String, Var>,
    fields: &[FieldSpec],
    notes: &mut Notes,
) -> Result<()> {
    let mut values = BTreeMap::new();
    for var in vars.values() {
        values.insert(var.name.clone(), var_value(resources, var)?);
    }
    let mut used = BTreeSet::new();
    let mut usage = Usage { values: &values, used: &mut used, notes };
    for resource in resources.iter_mut() {
        for field in fields {
            field.visit(resource, CreateKind::None, &mut |value| substitute(value, &mut usage))?;
        }
    }
    let unused: Vec<&str> = values.keys().filter(|name| !used.contains(*name)).map(String::as_str).collect();
    if !unused.is_empty() {
        notes.log(format!("well-defined vars that were never replaced: {}", unused.join(",")));
    }
    Ok(())
}

/// Returns the value of the field that a var refers to.
fn var_value(resources: &ResMap, var: &Var) -> Result<Value> {
    let source = resources.iter().find(|r| r.vars.contains(&var.name));
    let Some(source) = source else {
        return fail(format!("var '{var}' cannot be mapped to a field in the set of known resources"));
    };
    let field = field_path::split_var_path(&var.fieldref.field_path);
    match field_path::lookup(&source.value, &field) {
        Ok(Some(value)) => Ok(value.clone()),
        _ => Err(KustomizeError::new(format!("field specified in var '{var}' not found in corresponding resource"))),
    }
}

/// The values of the vars and the record of their use.
struct Usage<'a> {
    values: &'a BTreeMap<String, Value>,
    used: &'a mut BTreeSet<String>,
    notes: &'a mut Notes,
}

impl Usage<'_> {
    /// Returns the value of a var. `$(NAME)` itself is returned when the var is unknown or its value is not a scalar.
    fn value(&mut self, name: &str) -> Value {
        match self.values.get(name) {
            Some(value @ (Value::Object(_) | Value::Array(_))) => {
                let (kind, value) = (go::type_name(value), go::value_text(value));
                self.notes.log(format!("MakePrimitiveReplacer: bad replacement type={kind} val={value}"));
            }
            Some(value) => {
                self.used.insert(name.into());
                return value.clone();
            }
            None => {}
        }
        format!("$({name})").into()
    }
}

/// Substitutes the vars in a string, in the values of a map, or in the items of a list.
fn substitute(value: &mut Value, usage: &mut Usage) -> Result<()> {
    match value {
        Value::String(text) => *value = expand(text, usage),
        Value::Object(fields) => {
            for text in fields.values_mut().filter(|v| v.is_string()) {
                substitute(text, usage)?;
            }
        }
        Value::Array(items) => {
            for item in items {
                if !item.is_string() {
                    return fail("invalid value type expect a string");
                }
                substitute(item, usage)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Substitutes the vars in a string. A string that is nothing but `$(NAME)` takes the type of the value. `$$` escapes `$`.
fn expand(text: &str, usage: &mut Usage) -> Value {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$').filter(|at| at + 1 < rest.len()) {
        expanded.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let name = after.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        if let Some((name, remainder)) = name {
            let value = usage.value(name);
            if text == format!("$({name})") {
                return value;
            }
            expanded.push_str(&scalar_to_string(&value));
            rest = remainder;
        } else if let Some(remainder) = after.strip_prefix('$') {
            expanded.push('$');
            rest = remainder;
        } else {
            let next = after.chars().next().map_or(0, char::len_utf8);
            expanded.push('$');
            expanded.push_str(&after[..next]);
            rest = &after[next..];
        }
    }
    expanded.push_str(rest);
    expanded.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn vars_are_expanded() {
        let values = BTreeMap::from([("A".to_string(), json!("x")), ("N".to_string(), json!(3))]);
        let cases = [
            ("$(A)", json!("x")),
            ("$(N)", json!(3)),
            ("a-$(A)-$(N)", json!("a-x-3")),
            ("$(UNKNOWN) $$(A) $A $(A", json!("$(UNKNOWN) $(A) $A $(A")),
            ("cost: 5$", json!("cost: 5$")),
        ];
        for (text, expected) in cases {
            let (mut used, mut notes) = (BTreeSet::new(), Notes::default());
            let mut usage = Usage { values: &values, used: &mut used, notes: &mut notes };
            assert_eq!(expand(text, &mut usage), expected, "{text}");
        }
    }
}
