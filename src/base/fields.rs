//! Field selectors such as `metadata.name=x,status.phase!=Running` (apimachinery, `pkg/fields/selector.go`).
//!
//! Each kind decides which fields it can be selected by; matching takes a function that looks up their values.

use std::fmt;

/// A requirement: a field has a value, or has another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The field path, such as `status.phase`.
    pub field: String,
    /// The value after unescaping.
    pub value: String,
    /// `true` for `!=`.
    pub negated: bool,
}

/// Requirements that must all be met; an empty list matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    terms: Vec<Term>,
}

/// A syntax error in a field selector, with the message of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldSelectorError {
    /// A requirement has no operator.
    #[error("invalid selector: '{selector}'; can't understand '{part}'")]
    NoOperator {
        /// The whole selector.
        selector: String,
        /// The requirement without an operator.
        part: String,
    },
    /// A backslash precedes a character that needs no escape.
    #[error("invalid field selector: invalid escape sequence: {0}")]
    Escape(String),
    /// A character that must be escaped in a value; the message shows its code point.
    #[error("invalid field selector: unescaped character in value: {0}")]
    Unescaped(u32),
}

impl FieldSelector {
    /// Parses the value of `--field-selector`.
    ///
    /// # Errors
    ///
    /// Returns the first syntax error.
    pub fn parse(text: &str) -> Result<FieldSelector, FieldSelectorError> {
        let mut parts = split_terms(text);
        parts.sort_unstable();
        let terms = parts.into_iter().filter(|part| !part.is_empty()).map(|part| parse_term(text, part));
        Ok(FieldSelector { terms: terms.collect::<Result<_, _>>()? })
    }

    /// Returns the requirements in their original order.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Returns `true` if there are no requirements.
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// Returns `true` if all requirements are met; a field that `lookup` does not find counts as empty.
    pub fn matches(&self, lookup: impl Fn(&str) -> Option<String>) -> bool {
        self.terms.iter().all(|term| (lookup(&term.field).unwrap_or_default() == term.value) != term.negated)
    }

    /// Returns the value that a field must have, for a lookup in an index on that field; `None` without such a
    /// requirement.
    pub fn exact_value(&self, field: &str) -> Option<&str> {
        let term = self.terms.iter().find(|term| term.field == field && !term.negated)?;
        Some(&term.value)
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let operator = if term.negated { "!=" } else { "=" };
            write!(f, "{comma}{}{operator}{}", term.field, escape(&term.value))?;
        }
        Ok(())
    }
}

/// Splits at commas that are not escaped.
fn split_terms(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        if character == ',' && !escaped {
            parts.push(&text[start..index]);
            start = index + 1;
        }
        escaped = character == '\\' && !escaped;
    }
    parts.push(&text[start..]);
    parts
}

fn parse_term(selector: &str, part: &str) -> Result<Term, FieldSelectorError> {
    let operators = [("!=", true), ("==", false), ("=", false)];
    let positions = part.char_indices().map(|(index, _)| index);
    let found = positions.flat_map(|at| operators.map(|(operator, negated)| (at, operator, negated)));
    let mut found = found.filter(|(at, operator, _)| part[*at..].starts_with(operator));
    let Some((at, operator, negated)) = found.next() else {
        return Err(FieldSelectorError::NoOperator { selector: selector.to_owned(), part: part.to_owned() });
    };
    let value = unescape(&part[at + operator.len()..])?;
    Ok(Term { field: part[..at].to_owned(), value, negated })
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '\\' | ',' | '=') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn unescape(text: &str) -> Result<String, FieldSelectorError> {
    let mut value = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => value.push(escaped),
                Some(other) => return Err(FieldSelectorError::Escape(format!("\\{other}"))),
                None => return Err(FieldSelectorError::Escape("\\".to_owned())),
            },
            ',' | '=' => return Err(FieldSelectorError::Unescaped(character.into())),
            plain => value.push(plain),
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(field: &str) -> Option<String> {
        let value = match field {
            "metadata.name" => "a1",
            "status.phase" => "Pending",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn fields_are_matched() {
        let cases = [
            ("", true, ""),
            ("metadata.name=a1", true, "metadata.name=a1"),
            ("status.phase!=Running,metadata.name==a1", true, "metadata.name=a1,status.phase!=Running"),
            ("status.phase!=Pending", false, "status.phase!=Pending"),
            ("spec.nodeName=", true, "spec.nodeName="),
            ("spec.nodeName!=", false, "spec.nodeName!="),
            (",metadata.name=a1,", true, "metadata.name=a1"),
            ("a=x\\,y\\=z", false, "a=x\\,y\\=z"),
        ];
        for (text, expected, written) in cases {
            let selector = FieldSelector::parse(text).unwrap();
            assert_eq!(selector.matches(pod), expected, "{text}");
            assert_eq!(selector.to_string(), written);
        }
    }

    #[test]
    fn error_messages_match_kubernetes() {
        let cases = [
            ("status.phase", "invalid selector: 'status.phase'; can't understand 'status.phase'"),
            ("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"),
            ("a=b\\c", "invalid field selector: invalid escape sequence: \\c"),
            ("a=b\\", "invalid field selector: invalid escape sequence: \\"),
            ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        ];
        for (text, expected) in cases {
            assert_eq!(FieldSelector::parse(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn exact_values_are_found_for_index_lookups() {
        let selector = FieldSelector::parse("spec.nodeName=n1,status.phase!=Failed").unwrap();
        assert_eq!(selector.exact_value("spec.nodeName"), Some("n1"));
        assert_eq!(selector.exact_value("status.phase"), None);
        assert!(!selector.is_everything());
    }
}
