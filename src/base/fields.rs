//! Field selectors (`metadata.name=x,status.phase!=Running`): parsing, matching and the text form.
//!
//! Which fields a kind can be selected by, and where their values come from, is up to the caller: matching asks a lookup.

use std::fmt;

/// One condition: a field has a value, or has another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The path of the field, such as `status.phase`.
    pub field: String,
    /// The value, without escapes.
    pub value: String,
    /// Whether the value must differ.
    pub negated: bool,
}

/// A list of conditions that must all hold; an empty one matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    terms: Vec<Term>,
}

/// Why a text is no field selector, in the words of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldSelectorError {
    /// A part has no operator.
    #[error("invalid selector: '{selector}'; can't understand '{part}'")]
    NoOperator {
        /// The whole text.
        selector: String,
        /// The part without an operator.
        part: String,
    },
    /// A backslash in front of a character that needs none.
    #[error("invalid field selector: invalid escape sequence: {0}")]
    Escape(String),
    /// A character that has to be escaped in a value; the number of the character is shown.
    #[error("invalid field selector: unescaped character in value: {0}")]
    Unescaped(u32),
}

impl FieldSelector {
    /// Reads the text of `--field-selector`.
    pub fn parse(text: &str) -> Result<FieldSelector, FieldSelectorError> {
        let mut parts = split_terms(text);
        parts.sort_unstable();
        let terms = parts.into_iter().filter(|part| !part.is_empty()).map(|part| parse_term(text, part));
        Ok(FieldSelector { terms: terms.collect::<Result<_, _>>()? })
    }

    /// The conditions, in the order of their text.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Whether everything matches.
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether all conditions hold; a field the lookup does not find counts as empty.
    pub fn matches(&self, lookup: impl Fn(&str) -> Option<String>) -> bool {
        self.terms.iter().all(|term| (lookup(&term.field).unwrap_or_default() == term.value) != term.negated)
    }

    /// The one value a field must have, when there is one: what an index on that field can be asked for.
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

/// Cuts at commas that have no backslash in front of them.
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
    fn refusals_have_the_words_of_kubernetes() {
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
    fn an_index_can_be_asked_for_exact_values() {
        let selector = FieldSelector::parse("spec.nodeName=n1,status.phase!=Failed").unwrap();
        assert_eq!(selector.exact_value("spec.nodeName"), Some("n1"));
        assert_eq!(selector.exact_value("status.phase"), None);
        assert!(!selector.is_everything());
    }
}
