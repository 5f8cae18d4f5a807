//! Layouts that go-yaml accepts and our YAML 1.2 parser refuses.
//!
//! go-yaml ignores indentation inside brackets and quotes. Such lines are indented until our parser accepts them; line
//! numbers do not change.

use saphyr_parser::ScanError;

/// Returns the document with the line of the error changed; `None` if the error is of another kind.
pub(super) fn repair(doc: &str, error: &ScanError) -> Option<String> {
    let at = error.marker().index();
    match error.info() {
        "invalid indentation" | "invalid indentation in flow construct" => indent(doc, error.marker().line()),
        "invalid indentation in quoted scalar" => indent_quoted(doc, error.marker().line(), error.marker().col()),
        "':' must be followed by a valid YAML whitespace" => replace_tab(doc, at),
        _ => None,
    }
}

/// An indentation deeper than that of any sensible line.
const DEEP_INDENT: usize = 200;

/// Indents a line, counted from 1.
fn indent(doc: &str, line: usize) -> Option<String> {
    let start = line_start(doc, line)?;
    // A line that is already that deep has another error.
    let rest = &doc[start..];
    (!rest.starts_with(&" ".repeat(DEEP_INDENT))).then(|| format!("{}{}{rest}", &doc[..start], " ".repeat(DEEP_INDENT)))
}

/// Indents the first line after the opening quote that is left of it and thus belongs to the quoted text.
fn indent_quoted(doc: &str, line: usize, column: usize) -> Option<String> {
    let margin = " ".repeat(column.max(1));
    let inner = doc.lines().enumerate().skip(line);
    let (index, _) = inner.into_iter().find(|(_, text)| !text.trim().is_empty() && !text.starts_with(&margin))?;
    let start = line_start(doc, index + 1)?;
    Some(format!("{}{margin}{}", &doc[..start], &doc[start..]))
}

/// Replaces the tabs before an offset in characters by spaces.
fn replace_tab(doc: &str, at: usize) -> Option<String> {
    let end = doc.char_indices().nth(at).map_or(doc.len(), |(index, _)| index);
    let kept = doc[..end].trim_end_matches('\t');
    (kept.len() < end).then(|| format!("{kept}{}{}", " ".repeat(end - kept.len()), &doc[end..]))
}

fn line_start(doc: &str, line: usize) -> Option<usize> {
    let before = line.checked_sub(2);
    before.map_or(Some(0), |index| doc.match_indices('\n').nth(index).map(|(at, _)| at + 1))
}
