//! [`PrefixWriter`]: the lines of a description before their columns are aligned (`PrefixWriter` in
//! `kubectl/pkg/describe/describe.go`).
//!
//! The describe printer aligns the columns; `rollout history --revision` prints the tabs as they are.

use std::fmt::Write;

/// Collects indented lines whose cells end in tabs.
#[derive(Clone, Debug, Default)]
pub struct PrefixWriter {
    text: String,
}

impl PrefixWriter {
    /// Creates an empty description.
    pub fn new() -> PrefixWriter {
        PrefixWriter::default()
    }

    /// Writes a string, indented by two spaces for each level; it contains its own tabs and line ends.
    pub fn write(&mut self, level: usize, text: impl AsRef<str>) {
        for _ in 0..level {
            self.text.push_str("  ");
        }
        self.text.push_str(text.as_ref());
    }

    /// Writes one line.
    pub fn line(&mut self, level: usize, text: impl AsRef<str>) {
        self.write(level, text);
        self.text.push('\n');
    }

    /// Writes the line `label:<tab>value`.
    pub fn pair(&mut self, level: usize, label: &str, value: impl std::fmt::Display) {
        self.write(level, label);
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, ":\t{value}");
    }

    /// The description so far, with its tabs.
    pub fn text(&self) -> &str {
        &self.text
    }
}
