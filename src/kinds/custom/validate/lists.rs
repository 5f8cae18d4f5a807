//! The uniqueness of the items of sets and maps (`apiextensions-apiserver/pkg/apiserver/schema/listtype/validation.go`).

use super::walk;
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{SharedStr, Value};
use kctl_base::object::ValueRead;

/// Returns an error for each item that is in a set or map already.
pub(super) fn errors(schema: &Value, object: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    walk(schema, object, &Path::root(), &mut |schema, value, path| {
        if let Value::Array(items) = value {
            duplicates(schema, items, path, &mut errors);
        }
    });
    errors
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
