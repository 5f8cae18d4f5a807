//! Kinds of the shared group.
