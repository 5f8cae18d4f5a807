//! `vars`: values of fields that replace `$(NAME)` elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{KustomizeError, Result, fail};
use crate::field_spec::{FieldSpec, Leaf};
use crate::model::Variable;
use crate::resources::Resources;
use crate::values::scalar_text;
use crate::{Notes, path};
use kctl_base::go;
use kctl_base::json::Value;

/// Replaces all variables, and says which were used nowhere.
pub(crate) fn resolve(
    resources: &mut Resources,
    variables: &BTreeMap<String, Variable>,
    places: &[FieldSpec],
    notes: &mut Notes,
) -> Result<()> {
    let mut values = BTreeMap::new();
    for variable in variables.values() {
        values.insert(variable.name.clone(), value_of(resources, variable)?);
    }
    let mut used = BTreeSet::new();
    let mut usage = Usage { values: &values, used: &mut used, notes };
    for resource in &mut resources.list {
        for place in places {
            place.visit(resource, Leaf::Nothing, &mut |value| replace(value, &mut usage))?;
        }
    }
    let unused: Vec<&str> = values.keys().filter(|name| !used.contains(*name)).map(String::as_str).collect();
    if !unused.is_empty() {
        notes.log(format!("well-defined vars that were never replaced: {}", unused.join(",")));
    }
    Ok(())
}

fn value_of(resources: &Resources, variable: &Variable) -> Result<Value> {
    let holder = resources.list.iter().find(|r| r.variables.contains(&variable.name));
    let Some(holder) = holder else {
        return fail(format!("var '{variable}' cannot be mapped to a field in the set of known resources"));
    };
    let field = path::split_field(&variable.fieldref.field_path);
    match path::lookup(&holder.value, &field) {
        Ok(Some(value)) => Ok(value.clone()),
        _ => {
            Err(KustomizeError::new(format!("field specified in var '{variable}' not found in corresponding resource")))
        }
    }
}

/// The values, and what becomes of them.
struct Usage<'a> {
    values: &'a BTreeMap<String, Value>,
    used: &'a mut BTreeSet<String>,
    notes: &'a mut Notes,
}

impl Usage<'_> {
    /// What stands for `$(NAME)`: the value, or the words themselves where there is none that fits into a text.
    fn mapped(&mut self, name: &str) -> Value {
        match self.values.get(name) {
            Some(value @ (Value::Object(_) | Value::Array(_))) => {
                let (kind, shown) = (go::type_name(value), go::value_text(value));
                self.notes.log(format!("MakePrimitiveReplacer: bad replacement type={kind} val={shown}"));
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

fn replace(value: &mut Value, usage: &mut Usage) -> Result<()> {
    match value {
        Value::String(text) => *value = expand(text, usage),
        Value::Object(fields) => {
            for text in fields.values_mut().filter(|v| v.is_string()) {
                replace(text, usage)?;
            }
        }
        Value::Array(items) => {
            for item in items {
                if !item.is_string() {
                    return fail("invalid value type expect a string");
                }
                replace(item, usage)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// A text with its variables replaced; one that is nothing but a variable takes the type of the value.
fn expand(text: &str, usage: &mut Usage) -> Value {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$').filter(|at| at + 1 < rest.len()) {
        expanded.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let name = after.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        if let Some((name, behind)) = name {
            let mapped = usage.mapped(name);
            if text == format!("$({name})") {
                return mapped;
            }
            expanded.push_str(&scalar_text(&mapped));
            rest = behind;
        } else if let Some(behind) = after.strip_prefix('$') {
            expanded.push('$');
            rest = behind;
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
    fn variables_are_expanded() {
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
