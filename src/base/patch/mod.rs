//! The patch formats of the API server and of `kubectl apply`.
//!
//! [`merge`] and [`json`] need nothing but the values. [`strategic`] and [`three_way`] follow the types of the fields, which
//! they ask of a [`Types`]; how each list is merged comes from [`merge_keys`]. Decoding, admission and storing are not
//! done here.

mod diff;
pub mod json;
mod lists;
pub mod merge;
pub mod merge_keys;
pub mod strategic;
pub mod three_way;
pub mod types;

pub use types::{FieldType, Ownership, Types};

#[cfg(test)]
pub(crate) mod test_types;
