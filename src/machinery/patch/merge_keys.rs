//! merge_keys
