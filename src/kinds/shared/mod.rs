//! What several kinds share: printing of metadata and events, formats of values, kinds that are plain tables.

pub mod formats;
pub mod go_diff;
pub mod go_json;
pub mod simple;

pub mod describe;
pub mod index;
pub mod pod_spec;
pub mod pod_template;
pub mod rules;
pub mod selector;
pub mod table;
pub mod template_text;
pub mod zero_values;

#[cfg(test)]
mod corpus;

#[cfg(test)]
mod described;
