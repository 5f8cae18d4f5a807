//! `vars`: values of fields that replace `$(NAME)` elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cli::kustomize::document::Variable;
use crate::cli::kustomize::error::{KustomizeError, Result, fail};
use crate::cli::kustomize::field_spec::{FieldSpec, Leaf};
use crate::cli::kustomize::path;
use crate::cli::kustomize::resource::scalar_text;
use crate::cli::kustomize::resources::Resources;

/// Replaces all variables, and answers those that were used nowhere.
pub(crate) fn resolve(
    resources: &mut Resources,
    variables: &BTreeMap<String, Variable>,
    places: &[FieldSpec],
) -> Result<Vec<String>> {
    let mut values = BTreeMap::new();
    for variable in variables.values() {
        values.insert(variable.name.clone(), value_of(resources, variable)?);
    }
    let mut used = BTreeSet::new();
    for resource in &mut resources.list {
        for place in places {
            place.visit(resource, Leaf::Nothing, &mut |value| replace(value, &values, &mut used))?;
        }
    }
    Ok(values.into_keys().filter(|name| !used.contains(name)).collect())
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

fn replace(value: &mut Value, values: &BTreeMap<String, Value>, used: &mut BTreeSet<String>) -> Result<()> {
    match value {
        Value::String(text) => *value = expand(text, values, used),
        Value::Object(fields) => {
            for text in fields.values_mut().filter(|v| v.is_string()) {
                replace(text, values, used)?;
            }
        }
        Value::Array(items) => {
            for item in items {
                if !item.is_string() {
                    return fail("invalid value type expect a string");
                }
                replace(item, values, used)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// A text with its variables replaced; one that is nothing but a variable takes the type of the value.
fn expand(text: &str, values: &BTreeMap<String, Value>, used: &mut BTreeSet<String>) -> Value {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$').filter(|at| at + 1 < rest.len()) {
        expanded.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let name = after.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        if let Some((name, behind)) = name {
            let value = values.get(name).filter(|v| !v.is_object() && !v.is_array());
            if values.contains_key(name) {
                used.insert(name.into());
            }
            let mapped = value.cloned().unwrap_or_else(|| format!("$({name})").into());
            if text == format!("$({name})") {
                return mapped;
            }
            expanded.push_str(&scalar_text(&mapped));
            rest = behind;
        } else if after.starts_with('$') {
            expanded.push('$');
            rest = &after[1..];
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
    use serde_json::json;

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
            assert_eq!(expand(text, &values, &mut BTreeSet::new()), expected, "{text}");
        }
    }
}
