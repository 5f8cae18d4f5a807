//! Code that several kinds share: rules, formats, the pod spec, cells of tables and sections of descriptions.

pub mod describe;
pub(crate) mod diff;
pub mod formats;
pub mod go_json;
pub mod index;
pub mod pod_spec;
pub mod pod_template;
pub mod rules;
pub mod selector;
pub mod table;
pub mod table_kind;
pub mod template_text;
pub mod workload;
pub mod zero_values;
