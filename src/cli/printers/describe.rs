//! Aligns the output of `kubectl describe`, whose cells are separated by tabs.

use super::tabwriter::{DESCRIBE, align};

/// Aligns a description. A line without a tab ends the columns above it.
pub(crate) fn describe(text: &str) -> String {
    align(text, DESCRIBE)
}
