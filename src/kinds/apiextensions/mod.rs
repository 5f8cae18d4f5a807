//! CustomResourceDefinitions. The kinds that they define are in [`crate::custom`].

mod validate;

use crate::shared::table::columns;
use crate::{Kind, Names};
use kctl_base::field::{ErrorList, FieldError};
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
        let stored: Vec<Value> = storage_versions(new).into_iter().take(1).collect();
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

    fn name_error(&self, new: &Object) -> Option<FieldError> {
        validate::name_error(new)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        validate::update_errors(new, old)
    }

    fn warnings(&self, new: &Object, _old: Option<&Object>) -> Vec<String> {
        validate::warnings(new)
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
        let name = CustomResourceDefinition.name_error(&definition).expect("a wrong name").to_string();
        assert_eq!(name, "metadata.name: Invalid value: \"backup\": must be spec.names.plural+\".\"+spec.group");
        assert!(errors[0].starts_with("spec.scope: Unsupported value: \"Everywhere\""), "{errors:?}");
        assert_eq!(errors[1], "spec.versions[0].schema.openAPIV3Schema: Required value");
        assert!(errors[2].contains("must have exactly one version marked as storage version"));
        assert_eq!(errors[3], "status.storedVersions: Invalid value: null: must have at least one stored version");
    }

    fn schema_errors(schema: Value) -> Vec<String> {
        let definition = json!({"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]}});
        let errors = CustomResourceDefinition.validate(&definition);
        let texts = errors.iter().map(ToString::to_string);
        texts.filter_map(|text| Some(text.strip_prefix("spec.validation.openAPIV3Schema")?.to_owned())).collect()
    }

    fn field_errors(schema: Value) -> Vec<String> {
        let errors = schema_errors(json!({"type": "object", "properties": {"f": schema}}));
        errors.iter().map(|text| text.replacen(".properties[f]", "f", 1)).collect()
    }

    #[test]
    fn schemas_must_be_structural_and_consistent() {
        for (schema, expected) in [
            (
                json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "object"}}),
                &[
                    "f.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set",
                ][..],
            ),
            (
                json!({"type": "string", "x-kubernetes-list-type": "set"}),
                &["f.type: Invalid value: \"string\": must be array if x-kubernetes-list-type is specified"],
            ),
            (
                json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true}),
                &[
                    "f.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
                ],
            ),
            (json!({"$ref": "#/x"}), &["f.$ref: Forbidden: $ref is not supported"]),
            (
                json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}}),
                &["f.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"],
            ),
            (
                json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
                    "items": {"type": "object", "properties": {"k": {"type": "string"}}}}),
                &[
                    "f.items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
                ],
            ),
            (
                json!({"type": "object", "oneOf": [{"required": ["a"], "properties": {"a": {"type": "string"}}}]}),
                &[
                    "f.oneOf[0].properties[a].type: Forbidden: must be empty to be structural",
                    "f.properties[a]: Required value: because it is defined in spec.validation.openAPIV3Schemaf.oneOf[0].properties[a]",
                ],
            ),
            (
                json!({"type": "string", "pattern": "("}),
                &[
                    "f.pattern: Invalid value: \"(\": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): `(`",
                ],
            ),
            (
                json!({"type": "string", "default": 1}),
                &["f.default: Invalid value: \"integer\":  in body must be of type string: \"integer\""],
            ),
            (
                json!({"type": "object", "default": {"x": 1}}),
                &["f.default: Invalid value: {\"x\":1}: must not have unknown fields"],
            ),
            (json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}), &[]),
            (
                json!({"type": "array", "maxItems": 9, "items": {"type": "string", "maxLength": 9, "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}}),
                &[
                    "f.items.x-kubernetes-validations[0].rule: Invalid value: \"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schemaf",
                ],
            ),
            (
                json!({"type": "object", "x-kubernetes-validations": [{"rule": "true", "fieldPath": ".nope", "reason": "Odd", "message": " "}]}),
                &[
                    "f.x-kubernetes-validations[0].message: Invalid value: \" \": message must be non-empty if specified",
                    "f.x-kubernetes-validations[0].reason: Unsupported value: \"Odd\": supported values: \"FieldValueDuplicate\", \"FieldValueForbidden\", \"FieldValueInvalid\", \"FieldValueRequired\"",
                    "f.x-kubernetes-validations[0].fieldPath: Invalid value: \".nope\": fieldPath must be a valid path",
                ],
            ),
        ] {
            let found: Vec<String> =
                field_errors(schema.clone()).iter().map(|text| text.replace(".properties[f]", "f")).collect();
            assert_eq!(found, expected, "{schema}");
        }
    }

    #[test]
    fn equal_parts_of_versions_have_one_place() {
        let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "string"}}}});
        let version = |name: &str| json!({"name": name, "storage": name == "v1", "schema": schema});
        let mut first = version("v1");
        first["selectableFields"] = json!([{"jsonPath": ".spec"}]);
        first["subresources"] = json!({"scale": {"specReplicasPath": "spec"}});
        let errors = |versions: Value| -> Vec<String> {
            let definition = json!({"spec": {"versions": versions}, "status": {"storedVersions": ["v1"]}});
            let errors = CustomResourceDefinition.validate(&definition).into_iter().map(|error| error.to_string());
            errors.filter(|text| text.contains("selectable") || text.contains("scale")).collect()
        };
        let no_dot = "Invalid value: \"spec\": must be a simple json path starting with .";
        assert_eq!(
            errors(json!([first, version("v2")])),
            [
                format!("spec.versions[0].subresources.scale.specReplicasPath: {no_dot}"),
                "spec.versions[0].subresources.scale.statusReplicasPath: Required value".to_owned(),
                "spec.versions[0].selectableFields: Invalid value: \"\": may only be set when `version.schema.openAPIV3Schema` is not included".to_owned(),
            ]
        );
        assert_eq!(
            errors(json!([first])),
            [
                format!("spec.subresources.scale.specReplicasPath: {no_dot}"),
                "spec.subresources.scale.statusReplicasPath: Required value".to_owned(),
            ]
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
