//! CustomResourceDefinitions. The kinds that they define are in [`crate::custom`].

mod validate;

use crate::shared::table::columns;
use crate::{Kind, Names};
use kctl_base::field::ErrorList;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The CustomResourceDefinition kind.
pub(crate) struct CustomResourceDefinition;

static NAMES: Names = Names::cluster_scoped(
    ("apiextensions.k8s.io", "v1"),
    "CustomResourceDefinition",
    "customresourcedefinitions",
    "customresourcedefinition",
)
.short(&["crd", "crds"])
.categories(&["api-extensions"]);

impl Kind for CustomResourceDefinition {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn set_defaults(&self, object: &mut Object) {
        let kind = object.str("/spec/names/kind").to_string();
        if !kind.is_empty() {
            if object.str("/spec/names/singular").is_empty() {
                object.put("/spec/names/singular", kind.to_lowercase());
            }
            if object.str("/spec/names/listKind").is_empty() {
                object.put("/spec/names/listKind", format!("{kind}List"));
            }
        }
        object.put_default("/spec/conversion/strategy", "None");
        if object.at("/spec/conversion/webhook/clientConfig/service").is_some() {
            object.put_default("/spec/conversion/webhook/clientConfig/service/port", 443);
        }
    }

    fn prepare_create(&self, new: &mut Object) {
        new.put("/metadata/generation", 1);
        let stored: Vec<Value> = storage_versions(new);
        let names = json!({"kind": "", "plural": ""});
        new.put("/status", json!({"acceptedNames": names, "conditions": null, "storedVersions": stored}));
    }

    fn prepare_update(&self, new: &mut Object, old: &Object) {
        new.put("/status", old.at("/status").cloned().unwrap_or_else(|| json!({})));
        for version in storage_versions(new) {
            let list = new.list_mut("/status/storedVersions");
            if !list.contains(&version) {
                list.push(version);
            }
        }
        let step = i64::from(self.raises_generation(new, old));
        new.put("/metadata/generation", old.generation() + step);
    }

    fn validate(&self, object: &Object) -> ErrorList {
        validate::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        validate::update_errors(new, old)
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Created At"])
    }

    fn row(&self, object: &Object, _now: Time) -> Vec<Cell> {
        vec![object.name().into(), object.str("/metadata/creationTimestamp").into()]
    }
}

/// The names of the versions with `storage: true`: exactly one in a valid definition.
fn storage_versions(definition: &Object) -> Vec<Value> {
    let versions = definition.list("/spec/versions").iter();
    versions.filter(|v| v.flag("/storage")).map(|v| v["name"].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_definitions_are_refused() {
        let mut definition = json!({"metadata": {"name": "backup"}, "spec": {
            "group": "example.com", "scope": "Everywhere", "names": {"plural": "backups", "kind": "Backup"},
            "versions": [{"name": "v1", "served": true, "storage": false}],
        }});
        CustomResourceDefinition.set_defaults(&mut definition);
        let errors: Vec<String> =
            CustomResourceDefinition.validate(&definition).iter().map(ToString::to_string).collect();
        assert_eq!(errors[0], "metadata.name: Invalid value: \"backup\": must be spec.names.plural+\".\"+spec.group");
        assert!(errors.iter().any(|e| e.starts_with("spec.scope: Unsupported value: \"Everywhere\"")), "{errors:?}");
        assert!(errors.iter().any(|e| e.contains("must have exactly one version marked as storage version")));
        assert!(
            errors.contains(&"spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required".into())
        );
    }

    #[test]
    fn errors_of_a_schema_that_all_versions_share_have_one_place() {
        let version = |name: &str, kind: &str| json!({"name": name, "schema": {"openAPIV3Schema": {"type": kind}}});
        let places = |versions: Value| -> Vec<String> {
            let definition = json!({"spec": {"versions": versions}});
            let errors = CustomResourceDefinition.validate(&definition);
            let texts = errors.iter().map(ToString::to_string).filter(|text| text.contains("at the root"));
            texts.map(|text| text.split(": ").next().unwrap_or_default().to_owned()).collect()
        };
        let shared = "spec.validation.openAPIV3Schema.type";
        assert_eq!(places(json!([version("v1", "string")])), [shared]);
        assert_eq!(places(json!([version("v1", "string"), version("v2", "string")])), [shared]);
        let own = "spec.versions[1].schema.openAPIV3Schema.type";
        assert_eq!(places(json!([version("v1", "object"), version("v2", "string")])), [own]);
    }
}
