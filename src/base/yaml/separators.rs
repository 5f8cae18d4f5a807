//! U+0085, U+2028 and U+2029, which end a line in YAML 1.1, as go-yaml reads it, but not in YAML 1.2, as our parser does.
//!
//! They are followed by a line break while the document is parsed, and by a mark that tells it from others. In a folded
//! scalar go-yaml keeps a separator in place of the blank that a line break becomes; U+0085 is a line break like others.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::Span;

/// A document with a line break after every separator.
pub(super) struct Lines<'d> {
    pub(super) text: Cow<'d, str>,
    /// A character that the original does not have; it precedes the line breaks that are added.
    mark: Option<char>,
    /// The separators of blank lines, which can have no mark, by line.
    blank: HashMap<usize, char>,
}

fn is_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

impl<'d> Lines<'d> {
    pub(super) fn of(doc: &'d str) -> Lines<'d> {
        let unused = || ('\u{e000}'..='\u{f8ff}').find(|c| !doc.contains(*c));
        let is_plain = !doc.contains(|c| is_separator(c) || c == '\u{85}');
        let Some(mark) = Some(()).filter(|()| !is_plain).and_then(|()| unused()) else {
            return Lines { text: doc.into(), mark: None, blank: HashMap::new() };
        };
        let mut text = String::new();
        let mut blank = HashMap::new();
        let (mut line, mut is_blank) = (1, true);
        let mut chars = doc.chars().peekable();
        while let Some(c) = chars.next() {
            let ends_line = match c {
                '\n' | '\u{85}' => {
                    text.push('\n');
                    true
                }
                _ if is_separator(c) && is_blank => {
                    blank.insert(line, c);
                    text.push('\n');
                    true
                }
                _ if is_separator(c) => {
                    // Empty lines after this one, which end in separators, need no line of their own.
                    text.push(c);
                    text.extend(std::iter::from_fn(|| chars.next_if(|c| is_separator(*c))));
                    text.extend([mark, '\n']);
                    true
                }
                _ => {
                    text.push(c);
                    false
                }
            };
            line += usize::from(ends_line);
            is_blank = ends_line || (is_blank && c == ' ');
        }
        Lines { text: text.into(), mark: Some(mark), blank }
    }

    /// Restores the separators in a scalar: a literal one, whose first line is given, or a folded one.
    pub(super) fn restore(&self, scalar: String, literal: Option<usize>) -> String {
        let Some(mark) = self.mark else { return scalar };
        match literal {
            Some(first) => self.restore_literal(&scalar, mark, first),
            None => restore_folded(&scalar, mark),
        }
    }

    fn restore_literal(&self, scalar: &str, mark: char, first: usize) -> String {
        let mut out = String::new();
        for (number, text) in scalar.split_inclusive('\n').enumerate() {
            let is_whole = text.ends_with('\n');
            let content = text.strip_suffix('\n').unwrap_or(text);
            match (content.strip_suffix(mark), self.blank.get(&(first + number))) {
                (Some(marked), _) if is_whole => out.push_str(marked),
                // The last line break has been stripped, and a separator with it.
                (Some(marked), _) => out.push_str(marked.trim_end_matches(is_separator)),
                (None, Some(separator)) if is_whole => {
                    out.push_str(content);
                    out.push(*separator);
                }
                (None, _) => out.push_str(text),
            }
        }
        out
    }
}

/// Returns the first line of a literal scalar. Its span starts at the first line that is not blank, if there is one.
pub(super) fn first_line(text: &str, span: &Span) -> usize {
    let blank = text.bytes().take_while(|byte| *byte == b'\n').count();
    let line = if blank == text.len() { span.end.line() } else { span.start.line() };
    line.saturating_sub(blank)
}

fn restore_folded(scalar: &str, mark: char) -> String {
    let mut parts = scalar.split(mark);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // Blanks before the separators are part of the fold.
        let kept = out.trim_end_matches(is_separator).len();
        let separators = out.split_off(kept);
        out.truncate(out.trim_end_matches([' ', '\t']).len());
        match part.strip_prefix(' ').or(part.strip_prefix('\n')) {
            Some(rest) => {
                out.push_str(&separators);
                out.push_str(rest);
            }
            // The scalar ends here, so that the separators only end its line.
            None => out.push_str(part),
        }
    }
    out
}
