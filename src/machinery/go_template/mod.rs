//! go template
