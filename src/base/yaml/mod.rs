//! YAML as kubectl reads and writes it: YAML 1.1 scalars in, the exact bytes of `kubectl -o yaml` out.
//!
//! [`split_documents`] cuts a file into documents, [`to_json`] turns one into a JSON value, [`to_yaml`] writes a value.
//! Comments, anchors and styles are not kept: a document is read for its data only.

mod documents;
mod emit;
mod errors;
mod json_stream;
mod load;
mod repair;
mod scalar;

pub use documents::{Document, Format, split_documents};
pub use emit::to_yaml;
pub use errors::YamlError;
pub use json_stream::parse_json;
pub use load::{to_json, to_json_in};

use crate::json::Value;

/// What unquoted scalars mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// As the API server and kubectl read manifests: `yes` is true, dates are text.
    Yaml11,
    /// As kustomize reads them: `yes` is text, dates are instants, whole numbers keep all 64 bits.
    Core,
}

/// A document as data, with what a strict reader would complain about.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The data; of a key given twice the last value.
    pub value: Value,
    /// Keys given twice, in the words of the API server's strict decoder.
    pub duplicates: Vec<String>,
    /// Keys that are no text (`8080:`); only [`Dialect::Core`] tells them.
    pub other_keys: Vec<String>,
}
