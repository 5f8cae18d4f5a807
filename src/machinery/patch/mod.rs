//! The patch formats of the API server and of `kubectl apply`.

pub mod json;
pub mod merge;
pub mod merge_keys;
pub mod strategic;
pub mod three_way;
