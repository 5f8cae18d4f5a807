//! Labels: selectors over them and the rules for their keys and values.
//!
//! A [`Selector`] comes from the text of `-l` ([`Selector::parse`]), from a LabelSelector object
//! ([`Selector::from_object`]) or from a plain map, matches labels and writes itself again the way tables show it.
//! Where labels are found, and which objects are asked, is not known here.

mod names;
mod parse;

pub use names::{SUBDOMAIN_RULE, dns_subdomain_problems, is_dns_label, is_dns_subdomain, key_problems, value_problems};
pub use parse::ParseError;

use crate::json::{Map, SharedStr, Value};
use std::fmt;

/// How a requirement relates a key to its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The value is one of the listed.
    In,
    /// The value is none of the listed, or the key is missing.
    NotIn,
    /// The value is this one, written `=`.
    Equals,
    /// The value is this one, written `==`.
    DoubleEquals,
    /// The value is another one, or the key is missing.
    NotEquals,
    /// The key is there.
    Exists,
    /// The key is missing.
    DoesNotExist,
    /// The value is a number greater than this one.
    GreaterThan,
    /// The value is a number less than this one.
    LessThan,
}

/// One condition of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

/// A condition on labels: all its requirements must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Matches no labels at all, as an absent LabelSelector does.
    Nothing,
    /// Matches where all of these hold; none of them match everything.
    All(Vec<Requirement>),
}

/// Why a LabelSelector object cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// There is no such operator in `matchExpressions`.
    #[error("{0:?} is not a valid label selector operator")]
    Operator(String),
    /// A key, a value or their number is wrong.
    #[error("{0}")]
    Requirement(String),
}

impl Requirement {
    /// Builds a requirement, refusing keys, values and numbers of values that Kubernetes refuses.
    pub fn new(key: &str, operator: Operator, values: Vec<String>) -> Result<Requirement, String> {
        let problems = names::requirement_problems(key, operator, &values);
        match problems.len() {
            0 => Ok(Requirement { key: key.to_owned(), operator, values }),
            1 => Err(problems.concat()),
            _ => Err(format!("[{}]", problems.join(", "))),
        }
    }

    /// The label that is looked at.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How it is compared.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// What it is compared with.
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
    /// The selector that matches everything.
    pub fn everything() -> Selector {
        Selector::All(Vec::new())
    }

    /// Reads the text of `-l`: `a=b,c!=d,e in (x,y),!f`.
    pub fn parse(text: &str) -> Result<Selector, ParseError> {
        parse::parse(text).map(Selector::sorted)
    }

    /// Reads a LabelSelector object; an absent one (null) matches nothing, an empty one everything.
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

    /// Requires every label of a plain map (`spec.selector` of a Service), without checking keys or values.
    pub fn from_map(labels: &Map) -> Selector {
        let equals = |(key, value): (&SharedStr, &Value)| Requirement {
            key: key.to_string(),
            operator: Operator::Equals,
            values: vec![text_of(value)],
        };
        Selector::All(labels.iter().map(equals).collect())
    }

    /// Whether the selector matches these labels, the value of `metadata.labels`; null stands for none.
    pub fn matches(&self, labels: &Value) -> bool {
        self.matches_with(|key| labels.get(key).and_then(Value::as_str))
    }

    /// Whether the selector matches the labels of an object.
    pub fn matches_object(&self, object: &Value) -> bool {
        self.matches(object.pointer("/metadata/labels").unwrap_or(&Value::Null))
    }

    /// Whether the selector matches labels that are looked up one by one.
    pub fn matches_with<'a>(&self, lookup: impl Fn(&str) -> Option<&'a str>) -> bool {
        match self {
            Selector::Nothing => false,
            Selector::All(requirements) => requirements.iter().all(|one| one.matches(lookup(&one.key))),
        }
    }

    /// The requirements; none for a selector that matches everything, and none for one that matches nothing.
    pub fn requirements(&self) -> &[Requirement] {
        match self {
            Selector::Nothing => &[],
            Selector::All(requirements) => requirements,
        }
    }

    /// Whether everything matches.
    pub fn is_everything(&self) -> bool {
        matches!(self, Selector::All(requirements) if requirements.is_empty())
    }

    /// The one value this label must have, when there is one: what an index on that label can be asked for.
    pub fn exact_value(&self, key: &str) -> Option<&str> {
        self.exact_pairs().find(|(found, _)| *found == key).map(|(_, value)| value)
    }

    /// All labels that must have one certain value, in the order of their keys.
    pub fn exact_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.requirements().iter().filter_map(|one| match (one.operator, one.values.as_slice()) {
            (Operator::Equals | Operator::DoubleEquals | Operator::In, [value]) => {
                Some((one.key.as_str(), value.as_str()))
            }
            _ => None,
        })
    }

    /// Both selectors together.
    pub fn and(self, other: Selector) -> Selector {
        match (self, other) {
            (Selector::All(mut left), Selector::All(right)) => {
                left.extend(right);
                Selector::sorted(left)
            }
            _ => Selector::Nothing,
        }
    }

    /// Requirements stand in the order of their keys, whatever order they came in.
    fn sorted(mut requirements: Vec<Requirement>) -> Selector {
        requirements.sort_by(|left, right| left.key.cmp(&right.key));
        Selector::All(requirements)
    }
}

/// A LabelSelector object as tables and descriptions show it: `<none>` when it is absent or empty, `<error>` when it is wrong.
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
