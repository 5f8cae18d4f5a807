//! The patch formats of the API server and `kubectl apply`.
//!
//! [`merge`] and [`json`] need only the values. [`strategic`] and [`three_way`] depend on the types of fields, which a
//! [`Types`] describes; [`merge_keys`] has the merge rules of the built-in types.

mod diff;
mod error;
pub mod json;
mod lists;
pub mod merge;
pub mod merge_keys;
pub mod strategic;
pub mod three_way;
pub mod types;

pub use error::StrategicError;
pub use types::{FieldSchema, FieldType, Types};

#[cfg(test)]
pub(crate) mod test_types;
