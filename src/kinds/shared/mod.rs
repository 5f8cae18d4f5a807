//! What the kinds of workloads have in common: the pod spec with its defaults and rules, templates, selectors, tables and descriptions.
//!
//! Nothing here is a kind; a kind's file says which of these apply to it and where.

pub mod describe;
pub mod go_json;
pub mod index;
pub mod pod_spec;
pub mod rules;
pub mod selector;
pub mod table;
pub mod template;
pub mod zero_values;

#[cfg(test)]
mod corpus;

#[cfg(test)]
mod described;
