//! Lines of actual output, as a transcript shows them.

use super::escape::escape;

/// The suffix of a line that is not ended by a line break.
pub(super) const NO_EOL: &str = " (no-eol)";
/// The suffix of a line with escape sequences.
pub(super) const ESCAPED: &str = " (esc)";

/// A line of actual output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ActualLine {
    /// The line as a transcript shows it.
    pub(super) text: String,
    /// The line without its line break.
    pub(super) bytes: Vec<u8>,
    /// True if the output ends behind the line without a line break.
    pub(super) no_eol: bool,
}

impl ActualLine {
    /// Splits output into lines.
    pub(super) fn of_output(output: &[u8]) -> Vec<ActualLine> {
        let mut lines = output.split_inclusive(|byte| *byte == b'\n').peekable();
        let mut found: Vec<ActualLine> = Vec::new();
        while let Some(line) = lines.next() {
            let bytes = line.strip_suffix(b"\n").unwrap_or(line);
            let reserved = is_reserved(bytes, found.is_empty(), lines.peek().is_none());
            found.push(ActualLine::new(bytes, reserved, bytes.len() == line.len()));
        }
        found
    }

    /// The line as a terminal gets it.
    pub(super) fn plain(&self) -> String {
        format!("{}{}", String::from_utf8_lossy(&self.bytes), if self.no_eol { NO_EOL } else { "" })
    }

    fn new(bytes: &[u8], reserved: bool, no_eol: bool) -> ActualLine {
        let suffix = if no_eol { NO_EOL } else { "" };
        let text = match escape(bytes, reserved) {
            Some(escaped) => format!("{escaped}{suffix}{ESCAPED}"),
            None => format!("{}{suffix}", String::from_utf8_lossy(bytes)),
        };
        ActualLine { text, bytes: bytes.to_vec(), no_eol }
    }
}

/// Returns whether a line of output, written as it is, would be something else in a transcript: a command, its continuation,
/// the end of a block, or an exit code.
fn is_reserved(line: &[u8], is_first: bool, is_last: bool) -> bool {
    let starts_with = |prefixes: &[&str]| prefixes.iter().any(|prefix| line.starts_with(prefix.as_bytes()));
    starts_with(&["$ ", "```", "~~~"])
        || line == b"$"
        || (is_first && (line == b">" || starts_with(&["> "])))
        || (is_last && std::str::from_utf8(line).is_ok_and(|text| exit_code(text).is_some()))
}

/// Returns the exit code of a line `[CODE]`; `None` for any other line and for 0, which is not written.
pub(super) fn exit_code(line: &str) -> Option<i32> {
    let number = line.strip_prefix('[')?.strip_suffix(']')?;
    number.parse().ok().filter(|code: &i32| (1..=255).contains(code) && code.to_string() == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_would_be_syntax_are_escaped() {
        let texts = |output: &str| {
            ActualLine::of_output(output.as_bytes()).into_iter().map(|line| line.text).collect::<Vec<_>>()
        };
        assert_eq!(
            texts("> a\n> b\n[1]\n$ c\n[1]\n"),
            ["\\x3e a (esc)", "> b", "[1]", "\\x24 c (esc)", "\\x5b1] (esc)"]
        );
        assert_eq!(texts("```\n\nb"), ["\\x60`` (esc)", "", "b (no-eol)"]);
        assert_eq!(texts("[1]"), ["\\x5b1] (no-eol) (esc)"]);
        assert_eq!(texts(""), [""; 0]);
    }

    #[test]
    fn exit_codes_are_in_brackets() {
        let codes = ["[1]", "[255]", "[0]", "[256]", "[01]", "[x]", "1"].map(exit_code);
        assert_eq!(codes, [Some(1), Some(255), None, None, None, None, None]);
    }
}
