//! Syntax errors with the messages of the libraries that kubectl uses.

use saphyr_parser::ScanError;

/// An error in a YAML or JSON document, with the message that kubectl prints after `error parsing FILE: `.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// The YAML is malformed or cannot be converted to JSON.
    #[error("error converting YAML to JSON: {0}")]
    Yaml(String),
    /// A line starts with `---` and continues with something that is not a comment.
    #[error("invalid Yaml document separator: {0}")]
    Separator(String),
    /// A byte of the JSON is wrong.
    #[error("json: offset {offset}: {problem}")]
    Json {
        /// The number of bytes that were read, including the wrong one.
        offset: usize,
        /// The message of Go's decoder.
        problem: String,
    },
    /// The JSON ends before its value does.
    #[error("unexpected EOF")]
    UnexpectedEnd,
}

impl YamlError {
    /// Creates an error of go-yaml.
    pub(super) fn yaml(problem: impl std::fmt::Display) -> Self {
        Self::Yaml(format!("yaml: {problem}"))
    }
}

/// The component that finds an error. It determines the line number in the message, because go-yaml's parser counts
/// from zero.
#[derive(Clone, Copy, PartialEq)]
enum Finder {
    Scanner,
    /// The scanner, on the line after the one where the token starts.
    ScannerBelow,
    Parser,
}

/// Messages of our parser and of go-yaml, where they differ.
const MESSAGES: &[(&str, &str, Finder)] = &[
    ("while parsing a block mapping, did not find expected key", "did not find expected key", Finder::Parser),
    ("did not find expected <document start>", "did not find expected <document start>", Finder::Parser),
    (
        "while parsing a block collection, did not find expected '-' indicator",
        "did not find expected '-' indicator",
        Finder::Parser,
    ),
    (
        "while parsing a flow mapping, did not find expected ',' or '}'",
        "did not find expected ',' or '}'",
        Finder::Parser,
    ),
    ("while parsing a flow sequence, expected ',' or ']'", "did not find expected ',' or ']'", Finder::Parser),
    ("while parsing a node, did not find expected node content", "did not find expected node content", Finder::Parser),
    ("illegal placement of ':' indicator", "did not find expected ',' or ']'", Finder::Parser),
    ("duplicate version directive", "found duplicate %YAML directive", Finder::Parser),
    ("the handle wasn't declared", "found undefined tag handle", Finder::Parser),
    ("invalid indentation in flow construct", "did not find expected ',' or '}'", Finder::Parser),
    ("tabs disallowed within this context (block indentation)", NO_TOKEN, Finder::Scanner),
    ("tabs disallowed in this context", NO_TOKEN, Finder::Scanner),
    ("tab cannot be used as indentation", NO_TOKEN, Finder::Scanner),
    ("unexpected character", NO_TOKEN, Finder::Scanner),
    ("found unprintable character", "control characters are not allowed", Finder::Scanner),
    (
        "while scanning a plain scalar, found a tab",
        "found a tab character that violates indentation",
        Finder::ScannerBelow,
    ),
    (
        "a block scalar content cannot start with a tab",
        "found a tab character where an indentation space is expected",
        Finder::ScannerBelow,
    ),
    ("simple key expect ':'", "could not find expected ':'", Finder::Scanner),
    ("simple key expected", "could not find expected ':'", Finder::Scanner),
    ("invalid indentation", "did not find expected key", Finder::Parser),
    ("invalid trailing content after double-quoted scalar", "did not find expected key", Finder::Parser),
    ("wrongly indented line in block scalar", "did not find expected key", Finder::Parser),
    (
        "while parsing a quoted scalar, did not find expected hexadecimal number",
        "did not find expected hexdecimal number",
        Finder::Scanner,
    ),
    ("\"-\" is only valid inside a block", "block sequence entries are not allowed in this context", Finder::Scanner),
    ("did not find the expected '>'", "did not find the expected '>'", Finder::Scanner),
];

const NO_TOKEN: &str = "found character that cannot start any token";

/// Converts an error of our parser to one of go-yaml.
pub(super) fn syntax_error(error: &ScanError, doc: &str) -> YamlError {
    let info = error.info();
    let mut line = error.marker().line();
    let known = MESSAGES.iter().find(|(ours, ..)| info == *ours || info.starts_with(&format!("{ours}:")));
    let indented_by_tab = doc.lines().nth(line.saturating_sub(1)).is_some_and(|text| text.starts_with('\t'));
    let (message, finder) = match known {
        Some((_, "did not find expected key", _)) if indented_by_tab => (NO_TOKEN, Finder::Scanner),
        Some((_, message, finder)) => (*message, *finder),
        None if info == "misplaced bracket" => (bracket_problem(doc, error.marker().index()), Finder::Parser),
        // All others are scanner errors with the same message; ours has the context in front.
        None => (info.rsplit(", ").next().unwrap_or(info), Finder::Scanner),
    };
    line += usize::from(finder == Finder::ScannerBelow);
    if message == "found unexpected end of stream" {
        // Our parser reports the line where the token starts.
        line = doc.matches('\n').count() + 1;
    }
    // Line numbers are omitted for the first line.
    let shown = if finder == Finder::Parser || line == 1 { line - 1 } else { line };
    YamlError::yaml(if shown == 0 { message.to_owned() } else { format!("line {shown}: {message}") })
}

/// Returns the message for an unexpected closing bracket: instead of a value it is missing content, after a value it is
/// in the place of a key.
fn bracket_problem(doc: &str, at: usize) -> &'static str {
    let before = doc.chars().take(at).filter(|c| !c.is_whitespace()).last();
    if matches!(before, None | Some(':' | '-' | ',' | '?')) {
        "did not find expected node content"
    } else {
        "did not find expected key"
    }
}
