//! The hash of their content behind the names of generated objects.

use crate::content_hash::content_hash;
use crate::resource::Resource;
use crate::resources::Resources;
use crate::values::scalar_text;
use kctl_base::json::{Value, json};

/// Adds the hashes to the names that want one.
pub(crate) fn add_hashes(resources: &mut Resources) {
    for resource in resources.list.iter_mut().filter(|r| r.wants_hash()) {
        let name = format!("{}-{}", resource.name(), hash(resource));
        resource.store_previous_id();
        resource.set_name(&name);
    }
}

/// Ten letters that stand for the content; the name is no part of it.
fn hash(resource: &Resource) -> String {
    let field = |key: &str| match resource.value.get(key) {
        Some(map @ Value::Object(_)) => map.clone(),
        Some(other) => scalar_text(other).into(),
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
    fn hashes_are_those_of_kustomize() {
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
