//! The table of scripts.
