//! The texts of `kubectl describe`: lines with raw tabs in, aligned columns out.

use super::tabwriter::{DESCRIBE, align};

/// Aligns a description; a line without a tab ends the columns above it.
pub(crate) fn describe(text: &str) -> String {
    align(text, DESCRIBE)
}
