//! Label selectors, and the syntax of label keys and values (apimachinery, `pkg/labels`).
//!
//! A [`Selector`] is parsed from the value of `-l` ([`Selector::parse`]) or built from a LabelSelector object
//! ([`Selector::from_object`]) or a plain map. It matches labels and formats itself as tables show it.

mod names;
mod parse;

pub use names::{
    SUBDOMAIN_RULE, dns_label_1035_problems, dns_label_problems, dns_name_problems, dns_subdomain_problems,
    is_dns_label, is_dns_subdomain, key_problems, value_problems,
};
pub use parse::ParseError;

use crate::go::quote;
use crate::json::{Map, SharedStr, Value};
use std::fmt;

/// The operator of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The value is one of several.
    In,
    /// The value is none of several, or the key is missing.
    NotIn,
    /// The value is equal; written `=`.
    Equals,
    /// The value is equal; written `==`.
    DoubleEquals,
    /// The value differs, or the key is missing.
    NotEquals,
    /// The key exists.
    Exists,
    /// The key is missing.
    DoesNotExist,
    /// The value is an integer greater than this one.
    GreaterThan,
    /// The value is an integer less than this one.
    LessThan,
}

/// A requirement on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

/// A label selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Matches nothing, like an absent LabelSelector.
    Nothing,
    /// Matches labels that meet all requirements; without requirements it matches everything.
    All(Vec<Requirement>),
}

/// The reason why a LabelSelector object is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// An operator in `matchExpressions` is unknown.
    #[error("{} is not a valid label selector operator", quote(.0))]
    Operator(String),
    /// A key, a value or the number of values is invalid.
    #[error("{0}")]
    Requirement(String),
}

impl Requirement {
    /// Creates a requirement.
    ///
    /// # Errors
    ///
    /// Returns the message of Kubernetes if the key, a value or the number of values is invalid.
    pub fn new(key: &str, operator: Operator, values: Vec<String>) -> Result<Requirement, String> {
        let problems = names::requirement_problems(key, operator, &values);
        match problems.len() {
            0 => Ok(Requirement { key: key.to_owned(), operator, values }),
            1 => Err(problems.concat()),
            _ => Err(format!("[{}]", problems.join(", "))),
        }
    }

    /// Returns the label key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the operator.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// Returns the values; empty for `Exists` and `DoesNotExist`.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    fn matches(&self, found: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|wanted| wanted == value);
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => found.is_some_and(listed),
            Operator::NotIn | Operator::NotEquals => !found.is_some_and(listed),
            Operator::Exists => found.is_some(),
            Operator::DoesNotExist => found.is_none(),
            Operator::GreaterThan => self.compare(found, |label, bound| label > bound),
            Operator::LessThan => self.compare(found, |label, bound| label < bound),
        }
    }

    fn compare(&self, found: Option<&str>, holds: fn(i64, i64) -> bool) -> bool {
        let label = found.and_then(|value| value.parse().ok());
        let bound = self.values.first().and_then(|value| value.parse().ok());
        label.zip(bound).is_some_and(|(label, bound)| holds(label, bound))
    }
}

impl Selector {
    /// Creates a selector that matches everything.
    pub fn everything() -> Selector {
        Selector::All(Vec::new())
    }

    /// Parses the value of `-l`, such as `a=b,c!=d,e in (x,y),!f`.
    ///
    /// # Errors
    ///
    /// Returns the first error with the message of Kubernetes.
    pub fn parse(text: &str) -> Result<Selector, ParseError> {
        parse::parse(text).map(Selector::sorted)
    }

    /// Converts a LabelSelector object (`metav1.LabelSelectorAsSelector`): null matches nothing, an empty one
    /// everything.
    ///
    /// # Errors
    ///
    /// Returns an error if an operator, a key or a value is invalid.
    pub fn from_object(selector: &Value) -> Result<Selector, SelectorError> {
        let Some(selector) = selector.as_object() else { return Ok(Selector::Nothing) };
        let mut requirements = Vec::new();
        for (key, value) in selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten() {
            requirements.push(requirement(key, Operator::Equals, vec![text_of(value)])?);
        }
        for expression in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
            requirements.push(expression_requirement(expression)?);
        }
        Ok(Selector::sorted(requirements))
    }

    /// Requires all labels of a plain map such as `spec.selector` of a Service. Keys and values are not validated.
    pub fn from_map(labels: &Map) -> Selector {
        let equals = |(key, value): (&SharedStr, &Value)| Requirement {
            key: key.to_string(),
            operator: Operator::Equals,
            values: vec![text_of(value)],
        };
        Selector::All(labels.iter().map(equals).collect())
    }

    /// Returns `true` if the selector matches the value of `metadata.labels`; null means no labels.
    pub fn matches(&self, labels: &Value) -> bool {
        self.matches_with(|key| labels.get(key).and_then(Value::as_str))
    }

    /// Returns `true` if the selector matches the labels of an object.
    pub fn matches_object(&self, object: &Value) -> bool {
        self.matches(object.pointer("/metadata/labels").unwrap_or(&Value::Null))
    }

    /// Returns `true` if the selector matches the labels that `lookup` returns.
    pub fn matches_with<'a>(&self, lookup: impl Fn(&str) -> Option<&'a str>) -> bool {
        match self {
            Selector::Nothing => false,
            Selector::All(requirements) => requirements.iter().all(|one| one.matches(lookup(&one.key))),
        }
    }

    /// Returns the requirements; empty both for a selector that matches everything and for one that matches nothing.
    pub fn requirements(&self) -> &[Requirement] {
        match self {
            Selector::Nothing => &[],
            Selector::All(requirements) => requirements,
        }
    }

    /// Returns `true` if the selector matches everything.
    pub fn is_everything(&self) -> bool {
        matches!(self, Selector::All(requirements) if requirements.is_empty())
    }

    /// Returns the value that a label must have, for a lookup in an index; `None` without such a requirement.
    pub fn exact_value(&self, key: &str) -> Option<&str> {
        self.exact_pairs().find(|(found, _)| *found == key).map(|(_, value)| value)
    }

    /// Iterates over the labels that must have a certain value, sorted by key.
    pub fn exact_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.requirements().iter().filter_map(|one| match (one.operator, one.values.as_slice()) {
            (Operator::Equals | Operator::DoubleEquals | Operator::In, [value]) => {
                Some((one.key.as_str(), value.as_str()))
            }
            _ => None,
        })
    }

    /// Combines two selectors: labels must match both.
    pub fn and(self, other: Selector) -> Selector {
        match (self, other) {
            (Selector::All(mut left), Selector::All(right)) => {
                left.extend(right);
                Selector::sorted(left)
            }
            _ => Selector::Nothing,
        }
    }

    /// Sorts the requirements by key, as Kubernetes does.
    fn sorted(mut requirements: Vec<Requirement>) -> Selector {
        requirements.sort_by(|left, right| left.key.cmp(&right.key));
        Selector::All(requirements)
    }
}

/// Formats a LabelSelector object (`metav1.FormatLabelSelector`): `<none>` if it is absent or empty, `<error>` if it is
/// invalid.
pub fn format_label_selector(selector: &Value) -> String {
    match Selector::from_object(selector) {
        Err(_) => "<error>".to_owned(),
        Ok(selector) => {
            Some(selector.to_string()).filter(|text| !text.is_empty()).unwrap_or_else(|| "<none>".to_owned())
        }
    }
}

fn expression_requirement(expression: &Value) -> Result<Requirement, SelectorError> {
    let text = |field: &str| expression.get(field).and_then(Value::as_str).unwrap_or_default();
    let operator = match text("operator") {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        other => return Err(SelectorError::Operator(other.to_owned())),
    };
    let values = expression.get("values").and_then(Value::as_array).into_iter().flatten().map(text_of).collect();
    requirement(text("key"), operator, values)
}

fn requirement(key: &str, operator: Operator, values: Vec<String>) -> Result<Requirement, SelectorError> {
    Requirement::new(key, operator, values).map_err(SelectorError::Requirement)
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Requirement { key, operator, values } = self;
        let mut values = values.clone();
        values.sort();
        let values = values.join(",");
        match operator {
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.requirements().iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
