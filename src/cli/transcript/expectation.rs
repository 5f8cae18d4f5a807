//! Lines of expected output: literal ones, patterns, and what they match.
//!
//! Upstream for the suffixes: <https://bitheap.org/cram/>; a line `...` for any number of lines is an addition.

use regex::bytes::Regex;

use super::actual::{ActualLine, ESCAPED, NO_EOL};
use super::escape::unescape;

const GLOB: &str = " (glob)";
const REGEX: &str = " (re)";
/// The line that stands for any number of lines.
const ANY: &str = "...";

/// A line of expected output.
#[derive(Debug)]
pub(super) struct ExpectedLine {
    /// The line as it is in the file, without its indentation.
    pub(super) text: String,
    pattern: Pattern,
    /// True if the output ends behind the line without a line break.
    no_eol: bool,
}

#[derive(Debug)]
enum Pattern {
    /// The text itself, nothing else.
    Literal,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A whole line that the expression matches.
    Regex(Regex),
    /// Any number of lines.
    Any,
}

impl ExpectedLine {
    /// Parses a line.
    ///
    /// # Errors
    /// A regular expression or an escape sequence that is not valid, in a sentence without a full stop.
    pub(super) fn parse(text: &str) -> Result<ExpectedLine, String> {
        let (mut body, mut no_eol) = (text, false);
        let mut pattern = if text == ANY { Pattern::Any } else { Pattern::Literal };
        if let Some(rest) = body.strip_suffix(NO_EOL) {
            (body, no_eol) = (rest, true);
        }
        if let Some(glob) = body.strip_suffix(GLOB) {
            pattern = Pattern::Regex(whole_line(&glob_to_regex(glob))?);
        } else if let Some(regex) = body.strip_suffix(REGEX) {
            pattern = Pattern::Regex(whole_line(regex)?);
        } else if let Some(mut escaped) = body.strip_suffix(ESCAPED) {
            if let Some(rest) = escaped.strip_suffix(NO_EOL) {
                (escaped, no_eol) = (rest, true);
            }
            pattern = Pattern::Bytes(unescape(escaped)?);
        } else if no_eol {
            pattern = Pattern::Bytes(body.into());
        }
        Ok(ExpectedLine { text: text.into(), pattern, no_eol })
    }

    /// Returns whether the line stands for any number of lines.
    pub(super) fn is_any(&self) -> bool {
        matches!(self.pattern, Pattern::Any)
    }

    /// Returns whether a line of output is the expected one.
    pub(super) fn matches(&self, line: &ActualLine) -> bool {
        if self.text == line.text {
            return true;
        }
        self.no_eol == line.no_eol
            && match &self.pattern {
                Pattern::Literal => self.text.as_bytes() == line.bytes,
                Pattern::Any => false,
                Pattern::Bytes(bytes) => *bytes == line.bytes,
                Pattern::Regex(regex) => regex.is_match(&line.bytes),
            }
    }
}

fn whole_line(regex: &str) -> Result<Regex, String> {
    // The error of the crate has several lines; the first one says nothing.
    Regex::new(&format!("^(?:{regex})$")).map_err(|_| format!("{regex:?} is not a regular expression"))
}

/// The regular expression of a glob: `*` is any number of characters, `?` is one, `\` takes either literally.
fn glob_to_regex(glob: &str) -> String {
    let mut regex = String::new();
    let mut chars = glob.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '\\' if chars.peek().is_some_and(|next| matches!(next, '*' | '?' | '\\')) => {
                regex.extend(chars.next().map(|next| regex::escape(&next.to_string())));
            }
            c => regex.push_str(&regex::escape(&c.to_string())),
        }
    }
    regex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_make_patterns() {
        let matches = |expected: &str, line: &[u8]| {
            let actual = ActualLine::of_output(line).pop().expect("a line");
            ExpectedLine::parse(expected).expect("an expectation").matches(&actual)
        };
        for (expected, line) in [
            ("a", &b"a\n"[..]),
            ("", b"\n"),
            ("a* (glob)", b"abc\n"),
            ("a\\*? (glob)", b"a*c\n"),
            ("a* (glob)", b"a* (glob)\n"),
            ("\\d+ (a|b) (re)", b"12 b\n"),
            ("\\x1b[0m (esc)", b"\x1b[0m\n"),
            ("a (no-eol)", b"a"),
            ("a* (glob) (no-eol)", b"ab"),
            ("\\x00 (no-eol) (esc)", b"\0"),
            ("...", b"...\n"),
        ] {
            assert!(matches(expected, line), "{expected} {line:?}");
        }
        for (expected, line) in [
            ("a", &b"b\n"[..]),
            ("a", b"a"),
            ("a (no-eol)", b"a\n"),
            ("a? (glob)", b"abc\n"),
            ("\\d (re)", b"12\n"),
            ("a.c (glob)", b"abc\n"),
        ] {
            assert!(!matches(expected, line), "{expected} {line:?}");
        }
        assert!(ExpectedLine::parse("...").is_ok_and(|line| line.is_any()));
        assert_eq!(ExpectedLine::parse("( (re)").err(), Some("\"(\" is not a regular expression".into()));
    }
}
