//! The Go structs of a kustomization file (`api/types`), as [`super::decode`] checks them.

use super::decode::Struct;
use super::decode::Type::{self, Bool, Int, List, Map, Named, String};

const STRINGS: Type = List(&String);
const STRING_MAP: Type = Map(&String);

/// Declares a struct: its constant, its Go name, its fields, the structs embedded in it.
macro_rules! go_struct {
    ($(#[$doc:meta])* $id:ident, $name:literal, [$($field:literal: $type:expr),* $(,)?] $(, $embedded:ident)*) => {
        $(#[$doc])*
        pub(super) static $id: Struct =
            Struct { name: $name, fields: &[$(($field, $type)),*], embedded: &[$(&$embedded),*] };
    };
}

go_struct!(
    /// A kustomization file.
    KUSTOMIZATION, "Kustomization", [
        "metadata": Type::Struct(&OBJECT_META),
        "openapi": STRING_MAP,
        "namePrefix": String,
        "nameSuffix": String,
        "namespace": String,
        "commonLabels": STRING_MAP,
        "labels": List(&Type::Struct(&LABEL)),
        "commonAnnotations": STRING_MAP,
        "patchesStrategicMerge": List(&Named("PatchStrategicMerge")),
        "patchesJson6902": List(&Type::Struct(&PATCH)),
        "patches": List(&Type::Struct(&PATCH)),
        "images": List(&Type::Struct(&IMAGE)),
        "imageTags": List(&Type::Struct(&IMAGE)),
        "replacements": List(&Type::Struct(&REPLACEMENT_FIELD)),
        "replicas": List(&Type::Struct(&REPLICA)),
        "vars": List(&Type::Struct(&VAR)),
        "sortOptions": Type::Struct(&SORT_OPTIONS),
        "resources": STRINGS,
        "components": STRINGS,
        "crds": STRINGS,
        "bases": STRINGS,
        "configMapGenerator": List(&Type::Struct(&CONFIG_MAP_ARGS)),
        "secretGenerator": List(&Type::Struct(&SECRET_ARGS)),
        "helmGlobals": Type::Struct(&HELM_GLOBALS),
        "helmCharts": List(&Type::Struct(&HELM_CHART)),
        "helmChartInflationGenerator": List(&Type::Struct(&HELM_CHART_ARGS)),
        "generatorOptions": Type::Struct(&GENERATOR_OPTIONS),
        "configurations": STRINGS,
        "generators": STRINGS,
        "transformers": STRINGS,
        "validators": STRINGS,
        "buildMetadata": STRINGS,
    ], TYPE_META
);
go_struct!(TYPE_META, "TypeMeta", ["kind": String, "apiVersion": String]);
go_struct!(OBJECT_META, "ObjectMeta", [
    "name": String, "namespace": String, "labels": STRING_MAP, "annotations": STRING_MAP,
]);
go_struct!(LABEL, "Label", [
    "pairs": STRING_MAP, "includeSelectors": Bool, "includeTemplates": Bool, "fields": List(&Type::Struct(&FIELD_SPEC)),
]);
go_struct!(GVK, "Gvk", ["group": String, "version": String, "kind": String]);
go_struct!(RES_ID, "ResId", ["name": String, "namespace": String], GVK);
go_struct!(FIELD_SPEC, "FieldSpec", ["path": String, "create": Bool], GVK);
go_struct!(SELECTOR, "Selector", ["annotationSelector": String, "labelSelector": String], RES_ID);
go_struct!(PATCH, "Patch", [
    "path": String, "patch": String, "target": Type::Struct(&SELECTOR), "options": Map(&Bool),
]);
go_struct!(IMAGE, "Image", [
    "name": String, "newName": String, "tagSuffix": String, "newTag": String, "digest": String,
]);
go_struct!(REPLICA, "Replica", ["name": String, "count": Int("int64")]);
go_struct!(REPLACEMENT_FIELD, "ReplacementField", ["path": String], REPLACEMENT);
go_struct!(
    /// An entry of a file that `replacements.path` names.
    REPLACEMENT, "Replacement", [
        "source": Type::Struct(&SOURCE_SELECTOR),
        "targets": List(&Type::Struct(&TARGET_SELECTOR)),
        "sourceValue": String,
    ]
);
go_struct!(FIELD_OPTIONS, "FieldOptions", ["delimiter": String, "index": Int("int"), "encoding": String, "create": Bool]);
go_struct!(SOURCE_SELECTOR, "SourceSelector", ["fieldPath": String, "options": Type::Struct(&FIELD_OPTIONS)], RES_ID);
go_struct!(TARGET_SELECTOR, "TargetSelector", [
    "select": Type::Struct(&SELECTOR),
    "reject": List(&Type::Struct(&SELECTOR)),
    "fieldPaths": STRINGS,
    "options": Type::Struct(&FIELD_OPTIONS),
]);
go_struct!(VAR, "Var", [
    "name": String, "objref": Type::Struct(&TARGET), "fieldref": Type::Struct(&FIELD_SELECTOR),
]);
go_struct!(TARGET, "Target", ["apiVersion": String, "name": String, "namespace": String], GVK);
go_struct!(FIELD_SELECTOR, "FieldSelector", ["fieldPath": String]);
go_struct!(SORT_OPTIONS, "SortOptions", [
    "order": Named("SortOrder"), "legacySortOptions": Type::Struct(&LEGACY_SORT_OPTIONS),
]);
go_struct!(LEGACY_SORT_OPTIONS, "LegacySortOptions", ["orderFirst": STRINGS, "orderLast": STRINGS]);
go_struct!(GENERATOR_OPTIONS, "GeneratorOptions", [
    "labels": STRING_MAP, "annotations": STRING_MAP, "disableNameSuffixHash": Bool, "immutable": Bool,
]);
go_struct!(KV_PAIR_SOURCES, "KvPairSources", [
    "literals": STRINGS, "files": STRINGS, "envs": STRINGS, "env": String,
]);
go_struct!(
    GENERATOR_ARGS, "GeneratorArgs",
    ["namespace": String, "name": String, "behavior": String, "options": Type::Struct(&GENERATOR_OPTIONS)],
    KV_PAIR_SOURCES
);
go_struct!(CONFIG_MAP_ARGS, "ConfigMapArgs", [], GENERATOR_ARGS);
go_struct!(SECRET_ARGS, "SecretArgs", ["type": String], GENERATOR_ARGS);
go_struct!(HELM_GLOBALS, "HelmGlobals", ["chartHome": String, "configHome": String]);
go_struct!(HELM_CHART, "HelmChart", [
    "name": String,
    "version": String,
    "repo": String,
    "releaseName": String,
    "namespace": String,
    "additionalValuesFiles": STRINGS,
    "valuesFile": String,
    "valuesInline": Map(&ANY_VALUE),
    "valuesMerge": String,
    "includeCRDs": Bool,
    "skipHooks": Bool,
    "apiVersions": STRINGS,
    "kubeVersion": String,
    "nameTemplate": String,
    "skipTests": Bool,
    "debug": Bool,
    "devel": Bool,
]);
go_struct!(HELM_CHART_ARGS, "HelmChartArgs", [
    "chartName": String,
    "chartVersion": String,
    "chartRepoUrl": String,
    "chartHome": String,
    "chartRepoName": String,
    "helmBin": String,
    "helmHome": String,
    "values": String,
    "valuesLocal": Map(&ANY_VALUE),
    "valuesMerge": String,
    "releaseName": String,
    "releaseNamespace": String,
    "extraArgs": STRINGS,
]);
/// A value of a Helm chart.
static ANY_VALUE: Type = Type::Any;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode;
    use kctl_base::json::json;

    #[test]
    fn errors_are_those_of_go() {
        let cases = [
            (json!({"resorces": []}), "unknown field \"resorces\""),
            (
                json!({"resources": "a"}),
                "cannot unmarshal string into Go struct field Kustomization.resources of type []string",
            ),
            (
                json!({"secretGenerator": [{"options": {"labels": {"x": true}}}]}),
                "cannot unmarshal bool into Go struct field GeneratorOptions.secretGenerator.GeneratorArgs.options.labels of type string",
            ),
            (
                json!({"patches": [{"target": {"kind": 1}}]}),
                "cannot unmarshal number into Go struct field Selector.patches.target.ResId.Gvk.kind of type string",
            ),
            (
                json!({"replicas": [{"count": 1.5}]}),
                "cannot unmarshal number 1.5 into Go struct field Replica.replicas.count of type int64",
            ),
            (json!({"namePrefix": 1, "a": 1}), "unknown field \"a\""),
            (json!([1]), "cannot unmarshal array into Go value of type types.Kustomization"),
        ];
        for (value, expected) in cases {
            assert_eq!(decode(&value, &KUSTOMIZATION), Err(format!("json: {expected}")), "{value}");
        }
    }

    #[test]
    fn names_match_in_any_case_and_null_is_unset() {
        let decoded = decode(&json!({"RESOURCES": ["a"], "namePrefix": null}), &KUSTOMIZATION);
        assert_eq!(decoded, Ok(json!({"resources": ["a"]})));
    }
}
