//! managed
