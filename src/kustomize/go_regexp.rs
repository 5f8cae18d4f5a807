//! Regular expressions with the error messages of Go's `regexp/syntax` package.

use regex::Regex;

use super::error::{KustomizeError, Result};

/// Compiles a pattern that may match anywhere in a string.
///
/// # Errors
/// When the pattern is invalid, in the words of Go.
pub(super) fn compile(pattern: &str) -> Result<Regex> {
    Regex::new(pattern).map_err(|error| syntax_error(pattern, &error))
}

/// Compiles a pattern that has to match a whole string (`anchorRegex` of `api/types/selector.go`).
///
/// # Errors
/// When the pattern is invalid, in the words of Go.
pub(super) fn compile_anchored(pattern: &str) -> Result<Regex> {
    compile(&format!("^(?:{pattern})$"))
}

fn syntax_error(pattern: &str, error: &regex::Error) -> KustomizeError {
    let message = error.to_string();
    let from = |c: char| pattern.rfind(c).map_or(pattern, |at| &pattern[at..]);
    let reason = match message.as_str() {
        m if m.contains("unclosed character class") => format!("missing closing ]: `{}`", from('[')),
        m if m.contains("unclosed group") => format!("missing closing ): `{pattern}`"),
        m if m.contains("unopened group") => format!("unexpected ): `{pattern}`"),
        m if m.contains("repetition operator missing expression") => {
            // The first operator is the one of the anchoring group `(?:`, unless the pattern is not anchored.
            let operator: String = pattern.chars().filter(|c| "*+?{".contains(*c)).skip(1).take(1).collect();
            format!("missing argument to repetition operator: `{operator}`")
        }
        other => format!("{}: `{pattern}`", other.lines().last().unwrap_or(other).trim_start_matches("error: ")),
    };
    KustomizeError::new(format!("error parsing regexp: {reason}"))
}
