//! The uniqueness of the items of sets and maps (`apiextensions-apiserver/pkg/apiserver/schema/listtype/validation.go`).

use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{SharedStr, Value};
use kctl_base::object::ValueRead;

/// Returns an error for each item that is in a set or map already.
pub(super) fn errors(schema: &Value, object: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    visit(schema, object, &Path::root(), &mut errors);
    errors
}

fn visit(schema: &Value, value: &Value, path: &Path, errors: &mut ErrorList) {
    match value {
        Value::Object(fields) => {
            let known = schema.map("/properties");
            let others = schema.get("additionalProperties").filter(|values| values.is_object());
            for (name, inner) in fields {
                match known.and_then(|known| known.get(name)) {
                    Some(schema) => visit(schema, inner, &path.child(name), errors),
                    None => others.into_iter().for_each(|schema| visit(schema, inner, &path.key(name), errors)),
                }
            }
        }
        Value::Array(items) => {
            duplicates(schema, items, path, errors);
            let Some(schema) = schema.get("items") else { return };
            for (index, item) in items.iter().enumerate() {
                visit(schema, item, &path.index(index), errors);
            }
        }
        _ => {}
    }
}

fn duplicates(schema: &Value, items: &[Value], path: &Path, errors: &mut ErrorList) {
    let identities: Vec<Value> = match schema.str("/x-kubernetes-list-type") {
        "set" => items.to_vec(),
        "map" => items.iter().map(|item| key_of(schema, item)).collect(),
        _ => return,
    };
    let mut seen = std::collections::HashSet::new();
    for (index, identity) in identities.into_iter().enumerate() {
        if !seen.insert(identity.to_string()) {
            errors.push(field::duplicate(&path.index(index), identity));
        }
    }
}

/// Returns the fields of an item that are the keys of its list.
fn key_of(schema: &Value, item: &Value) -> Value {
    let keys = schema.list("/x-kubernetes-list-map-keys").iter().filter_map(Value::as_str);
    let fields = keys.filter_map(|key| Some((SharedStr::from(key), item.get(key)?.clone())));
    Value::Object(fields.collect())
}
