//! [`PrefixWriter`]: the lines of a description before their columns are aligned (`PrefixWriter` in
//! `kubectl/pkg/describe/describe.go`).
//!
//! Values of objects cannot control the terminal: all text is escaped here. The describe printer aligns the columns; `rollout history --revision` prints the tabs as they are.

use kctl_base::terminal::escape_terminal;

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
        self.text.push_str(&escape_terminal(text.as_ref()));
    }

    /// Writes one line.
    pub fn line(&mut self, level: usize, text: impl AsRef<str>) {
        self.write(level, text);
        self.text.push('\n');
    }

    /// Writes the line `label:<tab>value`.
    pub fn pair(&mut self, level: usize, label: &str, value: impl std::fmt::Display) {
        self.line(level, format!("{label}:\t{value}"));
    }

    /// The description so far, with its tabs.
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_objects_is_escaped() {
        let mut out = PrefixWriter::new();
        out.pair(1, "a\u{1b}[1m", "b\r");
        out.line(0, "c\u{1b}\td");
        out.write(2, "e\r\n");
        assert_eq!(out.text(), "  a^[[1m:\tb\\r\nc^[\td\n    e\\r\n");
    }
}
