//! Layouts that go-yaml accepts and our YAML 1.2 parser refuses.
//!
//! go-yaml ignores indentation inside brackets and quotes. Such lines are indented until our parser accepts them; line
//! numbers do not change. It also takes `\'` for an apostrophe in double quotes.

use saphyr_parser::ScanError;

/// Returns the document with the line of the error changed; `None` if the error is of another kind, or nothing can be changed.
pub(super) fn repair(doc: &str, error: &ScanError) -> Option<String> {
    let at = error.marker().index();
    let repaired = match error.info() {
        "invalid indentation" | "invalid indentation in flow construct" => indent(doc, error.marker().line()),
        "invalid indentation in quoted scalar" => indent_quoted(doc, at, error.marker().line(), error.marker().col()),
        "':' must be followed by a valid YAML whitespace" => replace_tab(doc, at),
        "while parsing a quoted scalar, found unknown escape character" => unescape_apostrophes(doc, at),
        _ => None,
    };
    // The same document would have the same error, for ever.
    repaired.filter(|repaired| repaired != doc)
}

/// An indentation deeper than that of any sensible line.
const DEEP_INDENT: usize = 200;

/// Indents a line, counted from 1, and those after it in the same brackets.
fn indent(doc: &str, line: usize) -> Option<String> {
    let start = line_start(doc, line)?;
    let margin = " ".repeat(DEEP_INDENT);
    // A line that is already that deep has another error.
    if doc[start..].starts_with(&margin) {
        return None;
    }
    let end = start + brackets_end(&doc[start..]).unwrap_or(0);
    Some(indent_lines(doc, start, end, &margin))
}

/// Indents the first line after the opening quote that is left of it and thus belongs to the quoted text, and those after
/// it up to the closing quote.
fn indent_quoted(doc: &str, at: usize, line: usize, column: usize) -> Option<String> {
    let margin = " ".repeat(column.max(1));
    let mut inner = lines(doc).enumerate().skip(line);
    let (index, _) = inner.find(|(_, text)| !text.trim().is_empty() && !text.starts_with(&margin))?;
    let start = line_start(doc, index + 1)?;
    let quote = doc.char_indices().nth(at).map(|(quote, _)| quote);
    let end = quote.and_then(|quote| Some(quote + quote_length(&doc[quote..])?));
    Some(indent_lines(doc, start, end.unwrap_or(start).max(start), &margin))
}

/// Puts a margin before the line at `start` and every line that starts before `end`.
fn indent_lines(doc: &str, start: usize, end: usize, margin: &str) -> String {
    let mut out = doc[..start].to_owned();
    let mut at = start;
    for line in lines(&doc[start..]) {
        if at == start || at < end {
            out.push_str(margin);
        }
        out.push_str(line);
        at += line.len();
    }
    out
}

/// Returns the offset of the bracket that closes those around the start of a text; `None` if it is not found.
fn brackets_end(text: &str) -> Option<usize> {
    let mut depth = 1usize;
    let mut before = ' ';
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let is_separated = before.is_whitespace();
        match c {
            '#' if is_separated => at += text[at..].find('\n')?,
            '\'' | '"' if is_separated || "[{,:".contains(before) => at += quote_length(&text[at..])? - 1,
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
        before = text[at..].chars().next()?;
        at += before.len_utf8();
    }
    None
}

/// Returns the length of the quoted text at the start of a text; `None` if it has no end.
fn quote_length(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        let doubled = quote == '\'' && c == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'');
        if doubled || (quote == '"' && c == '\\') {
            chars.next();
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}

/// Replaces every `\'` of the double-quoted text that starts at an offset in characters.
fn unescape_apostrophes(doc: &str, at: usize) -> Option<String> {
    let (start, _) = doc.char_indices().nth(at)?;
    let end = start + quote_length(&doc[start..])?;
    let mut out = doc[..start].to_owned();
    let mut chars = doc[start..end].chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some('\'')) => {}
            // What follows another backslash does not begin an escape.
            ('\\', Some(escaped)) => {
                chars.next();
                out.extend([c, escaped]);
            }
            _ => out.push(c),
        }
    }
    Some(out + &doc[end..])
}

/// Replaces the tabs before an offset in characters by spaces.
fn replace_tab(doc: &str, at: usize) -> Option<String> {
    let end = doc.char_indices().nth(at).map_or(doc.len(), |(index, _)| index);
    let kept = doc[..end].trim_end_matches('\t');
    (kept.len() < end).then(|| format!("{kept}{}{}", " ".repeat(end - kept.len()), &doc[end..]))
}

/// Returns the offset of a line, counted from 1; `None` behind the last one.
fn line_start(doc: &str, line: usize) -> Option<usize> {
    let before: usize = lines(doc).take(line.saturating_sub(1)).map(str::len).sum();
    (before < doc.len()).then_some(before)
}

/// Splits a text into lines with their ends: a line feed, a carriage return, or both.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = match rest.find(['\n', '\r']) {
            Some(at) if rest[at..].starts_with("\r\n") => at + 2,
            Some(at) => at + 1,
            None if rest.is_empty() => return None,
            None => rest.len(),
        };
        let (line, others) = rest.split_at(end);
        rest = others;
        Some(line)
    })
}
