//! Code that several kinds share: rules, formats, the pod spec, cells of tables and sections of descriptions.

pub mod describe;
pub(crate) mod diff;
pub mod formats;
pub(crate) mod go_struct;
pub(crate) mod index;
pub mod key_pair;
pub mod pod_spec;
pub(crate) mod pod_template;
pub(crate) mod rules;
pub(crate) mod selector;
pub(crate) mod table;
pub(crate) mod table_kind;
pub(crate) mod workload;
