//! The fields of a kustomization file and what they hold.

use super::decode::Struct;
use super::decode::Type::{self, Bool, Int, List, Map, Named, Text};

const TEXTS: Type = List(&Text);
const TEXT_MAP: Type = Map(&Text);

macro_rules! structure {
    ($(#[$doc:meta])* $id:ident, $name:literal, [$($field:literal: $holds:expr),* $(,)?] $(, $within:ident)*) => {
        $(#[$doc])*
        pub(super) static $id: Struct =
            Struct { name: $name, fields: &[$(($field, $holds)),*], embedded: &[$(&$within),*] };
    };
}

structure!(
    /// The whole file.
    KUSTOMIZATION, "Kustomization", [
        "metadata": Type::Struct(&OBJECT_META),
        "openapi": TEXT_MAP,
        "namePrefix": Text,
        "nameSuffix": Text,
        "namespace": Text,
        "commonLabels": TEXT_MAP,
        "labels": List(&Type::Struct(&LABEL)),
        "commonAnnotations": TEXT_MAP,
        "patchesStrategicMerge": List(&Named("PatchStrategicMerge")),
        "patchesJson6902": List(&Type::Struct(&PATCH)),
        "patches": List(&Type::Struct(&PATCH)),
        "images": List(&Type::Struct(&IMAGE)),
        "imageTags": List(&Type::Struct(&IMAGE)),
        "replacements": List(&Type::Struct(&REPLACEMENT_FIELD)),
        "replicas": List(&Type::Struct(&REPLICA)),
        "vars": List(&Type::Struct(&VAR)),
        "sortOptions": Type::Struct(&SORT_OPTIONS),
        "resources": TEXTS,
        "components": TEXTS,
        "crds": TEXTS,
        "bases": TEXTS,
        "configMapGenerator": List(&Type::Struct(&CONFIG_MAP_ARGS)),
        "secretGenerator": List(&Type::Struct(&SECRET_ARGS)),
        "helmGlobals": Type::Struct(&HELM_GLOBALS),
        "helmCharts": List(&Type::Struct(&HELM_CHART)),
        "helmChartInflationGenerator": List(&Type::Struct(&HELM_CHART_ARGS)),
        "generatorOptions": Type::Struct(&GENERATOR_OPTIONS),
        "configurations": TEXTS,
        "generators": TEXTS,
        "transformers": TEXTS,
        "validators": TEXTS,
        "buildMetadata": TEXTS,
    ], TYPE_META
);
structure!(TYPE_META, "TypeMeta", ["kind": Text, "apiVersion": Text]);
structure!(OBJECT_META, "ObjectMeta", [
    "name": Text, "namespace": Text, "labels": TEXT_MAP, "annotations": TEXT_MAP,
]);
structure!(LABEL, "Label", [
    "pairs": TEXT_MAP, "includeSelectors": Bool, "includeTemplates": Bool, "fields": List(&Type::Struct(&FIELD_SPEC)),
]);
structure!(GVK, "Gvk", ["group": Text, "version": Text, "kind": Text]);
structure!(RES_ID, "ResId", ["name": Text, "namespace": Text], GVK);
structure!(FIELD_SPEC, "FieldSpec", ["path": Text, "create": Bool], GVK);
structure!(SELECTOR, "Selector", ["annotationSelector": Text, "labelSelector": Text], RES_ID);
structure!(PATCH, "Patch", [
    "path": Text, "patch": Text, "target": Type::Struct(&SELECTOR), "options": Map(&Bool),
]);
structure!(IMAGE, "Image", [
    "name": Text, "newName": Text, "tagSuffix": Text, "newTag": Text, "digest": Text,
]);
structure!(REPLICA, "Replica", ["name": Text, "count": Int("int64")]);
structure!(REPLACEMENT_FIELD, "ReplacementField", ["path": Text], REPLACEMENT);
structure!(
    /// A replacement in a file of its own.
    REPLACEMENT, "Replacement", [
        "source": Type::Struct(&SOURCE_SELECTOR),
        "targets": List(&Type::Struct(&TARGET_SELECTOR)),
        "sourceValue": Text,
    ]
);
structure!(FIELD_OPTIONS, "FieldOptions", ["delimiter": Text, "index": Int("int"), "encoding": Text, "create": Bool]);
structure!(SOURCE_SELECTOR, "SourceSelector", ["fieldPath": Text, "options": Type::Struct(&FIELD_OPTIONS)], RES_ID);
structure!(TARGET_SELECTOR, "TargetSelector", [
    "select": Type::Struct(&SELECTOR),
    "reject": List(&Type::Struct(&SELECTOR)),
    "fieldPaths": TEXTS,
    "options": Type::Struct(&FIELD_OPTIONS),
]);
structure!(VAR, "Var", [
    "name": Text, "objref": Type::Struct(&TARGET), "fieldref": Type::Struct(&FIELD_SELECTOR),
]);
structure!(TARGET, "Target", ["apiVersion": Text, "name": Text, "namespace": Text], GVK);
structure!(FIELD_SELECTOR, "FieldSelector", ["fieldPath": Text]);
structure!(SORT_OPTIONS, "SortOptions", [
    "order": Named("SortOrder"), "legacySortOptions": Type::Struct(&LEGACY_SORT_OPTIONS),
]);
structure!(LEGACY_SORT_OPTIONS, "LegacySortOptions", ["orderFirst": TEXTS, "orderLast": TEXTS]);
structure!(GENERATOR_OPTIONS, "GeneratorOptions", [
    "labels": TEXT_MAP, "annotations": TEXT_MAP, "disableNameSuffixHash": Bool, "immutable": Bool,
]);
structure!(KV_PAIR_SOURCES, "KvPairSources", [
    "literals": TEXTS, "files": TEXTS, "envs": TEXTS, "env": Text,
]);
structure!(
    GENERATOR_ARGS, "GeneratorArgs",
    ["namespace": Text, "name": Text, "behavior": Text, "options": Type::Struct(&GENERATOR_OPTIONS)],
    KV_PAIR_SOURCES
);
structure!(CONFIG_MAP_ARGS, "ConfigMapArgs", [], GENERATOR_ARGS);
structure!(SECRET_ARGS, "SecretArgs", ["type": Text], GENERATOR_ARGS);
structure!(HELM_GLOBALS, "HelmGlobals", ["chartHome": Text, "configHome": Text]);
structure!(HELM_CHART, "HelmChart", [
    "name": Text,
    "version": Text,
    "repo": Text,
    "releaseName": Text,
    "namespace": Text,
    "additionalValuesFiles": TEXTS,
    "valuesFile": Text,
    "valuesInline": Map(&ANY_VALUE),
    "valuesMerge": Text,
    "includeCRDs": Bool,
    "skipHooks": Bool,
    "apiVersions": TEXTS,
    "kubeVersion": Text,
    "nameTemplate": Text,
    "skipTests": Bool,
    "debug": Bool,
    "devel": Bool,
]);
structure!(HELM_CHART_ARGS, "HelmChartArgs", [
    "chartName": Text,
    "chartVersion": Text,
    "chartRepoUrl": Text,
    "chartHome": Text,
    "chartRepoName": Text,
    "helmBin": Text,
    "helmHome": Text,
    "values": Text,
    "valuesLocal": Map(&ANY_VALUE),
    "valuesMerge": Text,
    "releaseName": Text,
    "releaseNamespace": Text,
    "extraArgs": TEXTS,
]);
/// The values of a chart.
static ANY_VALUE: Type = Type::Any;
