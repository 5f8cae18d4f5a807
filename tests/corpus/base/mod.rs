//! The cases of `kctl-base`: schema, decoding, YAML, patches, managed fields and `explain`.

mod decode;
mod explain;
mod managed;
mod openapi;
mod patch;
mod schema;
mod yaml;

use crate::recordings::Case;

const CORPUS: &[&str] = &["corpus"];
const OPENAPI: &[&str] = &["api/schema-definitions.json"];
const CORPUS_AND_OPENAPI: &[&str] = &["corpus", "api/schema-definitions.json"];

/// The cases of this crate.
pub(crate) const CASES: &[Case] = &[
    Case { name: "base::yaml::recorded_output_round_trips", reads: CORPUS, check: yaml::recorded_output_round_trips },
    Case { name: "base::schema::fields_match_openapi", reads: OPENAPI, check: schema::fields_match_openapi },
    Case { name: "base::schema::enum_values_match_openapi", reads: OPENAPI, check: schema::enum_values_match_openapi },
    Case { name: "base::schema::merge_rules_match_openapi", reads: OPENAPI, check: schema::merge_rules_match_openapi },
    Case {
        name: "base::schema::every_discovered_kind_has_a_definition",
        reads: &["api/discovery"],
        check: schema::every_discovered_kind_has_a_definition,
    },
    Case {
        name: "base::decode::stored_objects_decode_to_themselves",
        reads: CORPUS,
        check: decode::stored_objects_decode_to_themselves,
    },
    Case { name: "base::decode::strict_errors_match", reads: CORPUS, check: decode::strict_errors_match },
    Case {
        name: "base::patch::patches_transform_manifests_into_stored_objects",
        reads: CORPUS_AND_OPENAPI,
        check: patch::patches_transform_manifests_into_stored_objects,
    },
    Case {
        name: "base::managed::manifests_are_applied_idempotently",
        reads: CORPUS_AND_OPENAPI,
        check: managed::manifests_are_applied_idempotently,
    },
    Case {
        name: "base::explain::recorded_explanations",
        reads: &[explain::RECORDING],
        check: explain::recorded_explanations,
    },
];
