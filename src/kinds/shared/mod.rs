//! What several kinds share: printing of metadata and events, formats of values, kinds that are plain tables.

pub mod describe_meta;
pub mod formats;
pub mod go_diff;
pub mod go_json;
pub mod simple;
