//! YAML as kubectl reads and writes it: YAML 1.1 scalars when reading, the exact bytes of `kubectl -o yaml` when
//! writing.
//!
//! [`split_documents`] splits a file into documents, [`to_json`] parses a document into a JSON value, and [`to_yaml`]
//! formats a value. Comments, anchors and styles are not kept. The reference is go-yaml v2 with `sigs.k8s.io/yaml`.

mod documents;
mod emit;
mod errors;
mod json_stream;
mod load;
mod order;
mod print;
mod repair;
mod scalar;
mod separators;
mod style;
mod tree;

pub use documents::{Document, Format, split_documents};
pub use emit::to_yaml;
pub use errors::YamlError;
pub use load::{to_json, to_json_in};
pub use print::print;

use crate::json::Value;

/// The meaning of unquoted scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// YAML 1.1 as the API server and kubectl read manifests: `yes` is true, dates are strings.
    Yaml11,
    /// The core schema as kustomize reads it: `yes` is a string, dates are timestamps, integers keep 64 bits.
    Core,
}

/// A parsed document, with the problems that a strict reader reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The data, with the last value of a repeated key.
    pub value: Value,
    /// A message for each repeated key, as the strict decoder of the API server reports it.
    pub duplicates: Vec<String>,
    /// Keys that are not strings (`8080:`); only reported for [`Dialect::Core`].
    pub other_keys: Vec<String>,
}
