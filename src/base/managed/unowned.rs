//! Merging of a configuration that owns nothing (apiserver, `pkg/admission/plugin/policy/mutating/patch/smd.go`).

use super::check;
use super::merge::merge;
use super::typed::TypeRef;
use crate::json::Value;
use crate::patch::{FieldType, Types};

/// Merges the apply configuration of a mutating policy into an object.
///
/// # Errors
///
/// Returns the message about a configuration that does not match the schema, or that has lists or objects which can only be
/// replaced as a whole.
pub fn merge_unowned<T: Types + ?Sized>(
    types: &T,
    root: &FieldType,
    live: &Value,
    config: &Value,
) -> Result<Value, String> {
    let problems = check::validate(types, root, config);
    if !problems.is_empty() {
        return Err(format!("failed to convert patch object to typed object: {}", check::join_errors(&problems)));
    }
    let root = TypeRef::root(root);
    let mut atomic = Vec::new();
    find_atomic(types, &root, config, "", &mut atomic);
    if !atomic.is_empty() {
        let paths = atomic.join(", ");
        return Err(format!("invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {paths}"));
    }
    Ok(merge(types, &root, live, config))
}

/// Collects the paths of the lists and objects that have one owner as a whole (`findAtomics`).
fn find_atomic(types: &(impl Types + ?Sized), ty: &TypeRef, value: &Value, path: &str, found: &mut Vec<String>) {
    if ty.is_atomic(value) {
        found.push(path.to_owned());
    }
    match value {
        Value::Object(fields) => {
            for (key, field) in fields.iter().filter(|(key, _)| ty.declares(types, key)) {
                find_atomic(types, &ty.field(types, key), field, &format!("{path}.{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find_atomic(types, &ty.item(types), item, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;
    use crate::schema::Schema;

    #[test]
    fn configurations_are_merged_by_the_schema() {
        let merge = |config: Value| {
            let live = json!({"metadata": {"name": "d"}, "spec": {"replicas": 1, "template": {"spec": {"volumes": [{"name": "x"}]}}}});
            let root = FieldType::Object("io.k8s.api.apps.v1.Deployment".into());
            merge_unowned(Schema::builtin(), &root, &live, &config)
        };
        let volumes = json!({"spec": {"replicas": 2, "template": {"spec": {"volumes": [{"name": "y"}]}}}});
        assert_eq!(
            merge(volumes),
            Ok(
                json!({"metadata": {"name": "d"}, "spec": {"replicas": 2, "template": {"spec": {"volumes": [{"name": "x"}, {"name": "y"}]}}}})
            )
        );
        assert_eq!(
            merge(json!({"spec": {"replicasx": 1}})),
            Err("failed to convert patch object to typed object: .spec.replicasx: field not declared in schema"
                .to_owned())
        );
        let atomic = json!({"spec": {"selector": {"matchLabels": {"l": "v"}}, "template": {"spec": {"containers": [{"name": "c", "args": ["a"]}]}}}});
        assert_eq!(
            merge(atomic),
            Err("invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector, .spec.template.spec.containers[0].args".to_owned())
        );
    }
}
