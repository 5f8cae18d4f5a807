//! The text of a description before its columns are aligned: levels of indentation and cells ended by tabs.
//!
//! Knows no alignment: the describe printer aligns, `rollout history --revision` prints the tabs as they are.

use std::fmt::Write;

/// Collects the lines of a description.
#[derive(Clone, Debug, Default)]
pub struct Describer {
    text: String,
}

impl Describer {
    /// An empty description.
    pub fn new() -> Describer {
        Describer::default()
    }

    /// Adds text as it is, indented by `level` times two blanks; the text carries its own tabs and line ends.
    pub fn write(&mut self, level: usize, text: impl AsRef<str>) {
        for _ in 0..level {
            self.text.push_str("  ");
        }
        self.text.push_str(text.as_ref());
    }

    /// Adds one line.
    pub fn line(&mut self, level: usize, text: impl AsRef<str>) {
        self.write(level, text);
        self.text.push('\n');
    }

    /// Adds a `Label:<tab>value` line.
    pub fn pair(&mut self, level: usize, label: &str, value: impl std::fmt::Display) {
        self.write(level, label);
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, ":\t{value}");
    }

    /// The text so far, tabs and all.
    pub fn text(&self) -> &str {
        &self.text
    }
}
