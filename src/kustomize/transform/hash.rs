//! Name suffixes of generated objects: the hash of their content (`api/internal/builtins/HashTransformer.go`,
//! `api/hasher/hasher.go`).

use crate::content_hash::content_hash;
use crate::res_map::ResMap;
use crate::resource::Resource;
use crate::scalar::scalar_to_string;
use kctl_base::json::{Value, json};

/// Appends the hash to the names of the objects that need one.
pub(crate) fn add_hashes(resources: &mut ResMap) {
    for resource in resources.iter_mut().filter(|r| r.needs_hash_suffix()) {
        let name = format!("{}-{}", resource.name(), hash(resource));
        resource.store_previous_id();
        resource.set_name(&name);
    }
}

/// Returns the hash of kind and data, ten characters long. The name is not hashed.
fn hash(resource: &Resource) -> String {
    let field = |key: &str| match resource.value.get(key) {
        Some(map @ Value::Object(_)) => map.clone(),
        Some(other) => scalar_to_string(other).into(),
        None => "".into(),
    };
    let kind = resource.kind();
    let mut content = json!({"kind": kind, "name": "", "data": field("data")});
    let optional = match kind.as_str() {
        "Secret" => {
            content["type"] = field("type");
            "stringData"
        }
        _ => "binaryData",
    };
    if let Some(map @ Value::Object(_)) = resource.value.get(optional) {
        content[optional] = map.clone();
    }
    content_hash(&content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_equal_those_of_kustomize() {
        let cases = [
            (
                json!({"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"app.conf": "listen=8080\n", "level": "info"}}),
                "5kdhmkc782",
            ),
            (json!({"kind": "Secret", "type": "Opaque", "data": {"password": "czNjcmV0"}}), "bf5fk5d75b"),
        ];
        for (object, expected) in cases {
            assert_eq!(hash(&Resource::new(object)), expected);
        }
    }
}
