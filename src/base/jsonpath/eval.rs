//! Evaluation: each node maps a list of values to another one (client-go, `util/jsonpath/jsonpath.go`).

use std::borrow::Cow;
use std::cmp::Ordering;

use super::parse::{Node, Slice};
use crate::json::Value;
use crate::{go, json};

type Values<'v> = Vec<Cow<'v, Value>>;

/// The error of a node with its results so far, which existence filters look at.
struct Failure<'v> {
    values: Values<'v>,
    message: String,
}

type Step<'v> = Result<Values<'v>, Failure<'v>>;

fn fail<'v>(values: Values<'v>, message: impl Into<String>) -> Step<'v> {
    Err(Failure { values, message: message.into() })
}

/// The limit of ranges in ranges, so that a template cannot exhaust the stack.
const MAX_RANGES: usize = 200;

/// The limit of evaluated nodes: what follows ranges that have no end is evaluated twice for each of them.
const MAX_NODES: usize = 5_000_000;

/// The state of an evaluation.
pub(super) struct Evaluator<'n> {
    nodes: &'n [Node],
    allow_missing: bool,
    /// `true` after a `range` was evaluated.
    begins_range: bool,
    /// `true` after an `end` was evaluated.
    ends_range: bool,
    open_ranges: usize,
    /// The number of nodes evaluated so far.
    evaluated: usize,
    /// The index of the last `end`, after which evaluation continues when the range is done.
    last_end: Option<usize>,
}

impl<'n> Evaluator<'n> {
    pub(super) fn new(nodes: &'n [Node], allow_missing: bool) -> Self {
        Self {
            nodes,
            allow_missing,
            begins_range: false,
            ends_range: false,
            open_ranges: 0,
            evaluated: 0,
            last_end: None,
        }
    }

    /// Returns the results of the template by top-level node.
    pub(super) fn find<'v>(mut self, data: &'v Value) -> Result<Vec<Values<'v>>, String> {
        self.find_from(0, Cow::Borrowed(data))
    }

    fn find_from<'v>(&mut self, start: usize, data: Cow<'v, Value>) -> Result<Vec<Values<'v>>, String> {
        let mut groups = Vec::new();
        let mut at = start;
        while at < self.nodes.len() {
            self.evaluated += 1;
            if self.evaluated > MAX_NODES {
                return Err(format!("exceeded maximum number of evaluated nodes ({MAX_NODES})"));
            }
            let results = self.step(vec![data.clone()], &self.nodes[at]).map_err(|failure| failure.message)?;
            if std::mem::take(&mut self.ends_range) {
                self.last_end = Some(at);
                break;
            }
            if std::mem::take(&mut self.begins_range) {
                if self.open_ranges >= MAX_RANGES {
                    return Err(format!("exceeded maximum depth of nested ranges ({MAX_RANGES})"));
                }
                self.open_ranges += 1;
                if results.is_empty() {
                    // Without results the body is still evaluated to find its end.
                    self.find_from(at + 1, Cow::Owned(Value::Null))?;
                }
                for value in results {
                    groups.extend(self.find_from(at + 1, value)?);
                }
                self.open_ranges -= 1;
                at = self.last_end.filter(|&end| end > at).unwrap_or(at);
            } else {
                groups.push(results);
            }
            at += 1;
        }
        Ok(groups)
    }

    fn steps<'v>(&mut self, input: Values<'v>, nodes: &[Node]) -> Step<'v> {
        nodes.iter().try_fold(input, |values, node| self.step(values, node))
    }

    fn step<'v>(&mut self, input: Values<'v>, node: &Node) -> Step<'v> {
        let constant = |value: Value| Ok(input.iter().map(|_| Cow::Owned(value.clone())).collect());
        match node {
            Node::List(nodes) => self.steps(input, nodes),
            Node::Text(text) => Ok(vec![Cow::Owned(Value::from(text.as_str()))]),
            Node::Int(int) => constant((*int).into()),
            Node::Float(float) => constant((*float).into()),
            Node::Bool(flag) => constant((*flag).into()),
            Node::Field(name) => self.field(&input, name),
            Node::Slice(slice) => elements(input, *slice),
            Node::Filter { left, operator, right } => self.filter(input, left, operator, right),
            Node::Wildcard => Ok(input.iter().flat_map(children).collect()),
            Node::Recursive => {
                let mut found = Vec::new();
                input.into_iter().for_each(|value| descend(value, &mut found));
                Ok(found)
            }
            Node::Union(parts) => {
                let mut found = Vec::new();
                for part in parts {
                    match self.steps(input.clone(), part) {
                        Ok(values) => found.extend(values),
                        Err(failure) => return fail(input, failure.message),
                    }
                }
                Ok(found)
            }
            Node::Word(word) => self.word(input, word),
        }
    }

    fn word<'v>(&mut self, input: Values<'v>, word: &str) -> Step<'v> {
        match word {
            "range" => {
                self.begins_range = true;
                Ok(input)
            }
            "end" if self.open_ranges > 0 => {
                self.ends_range = true;
                Ok(Vec::new())
            }
            "end" => fail(Vec::new(), "not in range, nothing to end"),
            _ => fail(input, format!("unrecognized identifier {word}")),
        }
    }

    fn field<'v>(&self, input: &Values<'v>, name: &str) -> Step<'v> {
        let found: Values<'v> = input.iter().filter_map(|value| member(value, name)).collect();
        if found.is_empty() && !input.is_empty() && !self.allow_missing {
            return fail(found, format!("{name} is not found"));
        }
        Ok(found)
    }

    fn filter<'v>(&mut self, input: Values<'v>, left: &[Node], operator: &str, right: &[Node]) -> Step<'v> {
        let mut found = Vec::new();
        for value in &input {
            if !value.is_array() {
                let message = format!("{} is not array or slice and cannot be filtered", go::value_text(value));
                return fail(input, message);
            }
            for item in children(value) {
                let lefts = self.steps(vec![item.clone()], left);
                let lefts = match (lefts, operator) {
                    (Ok(values), "exists") | (Err(Failure { values, .. }), "exists") => {
                        if !values.is_empty() {
                            found.push(item);
                        }
                        continue;
                    }
                    (Ok(values), _) => values,
                    (Err(failure), _) => return fail(input, failure.message),
                };
                let one = "can only compare one element at a time";
                let left = match &lefts[..] {
                    [] => continue,
                    [left] => left,
                    _ => return fail(input, one),
                };
                let rights = match self.steps(vec![item.clone()], right) {
                    Ok(rights) => rights,
                    Err(failure) => return fail(input, failure.message),
                };
                let right = match &rights[..] {
                    [] => continue,
                    [right] => right,
                    _ => return fail(input, one),
                };
                match compare(left, operator, right) {
                    Ok(true) => found.push(item),
                    Ok(false) => {}
                    Err(message) => return fail(found, message),
                }
            }
        }
        Ok(found)
    }
}

/// Formats a result.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Object(_) | Value::Array(_) | Value::Null => json::to_compact(value),
        _ => go::value_text(value),
    }
}

fn member<'v>(value: &Cow<'v, Value>, name: &str) -> Option<Cow<'v, Value>> {
    match value {
        Cow::Borrowed(value) => value.as_object()?.get(name).map(Cow::Borrowed),
        Cow::Owned(value) => value.as_object()?.get(name).cloned().map(Cow::Owned),
    }
}

/// Returns the values of a map or list; for a string its bytes, as Go does.
fn children<'v>(value: &Cow<'v, Value>) -> Values<'v> {
    match value {
        Cow::Borrowed(Value::Object(fields)) => fields.values().map(Cow::Borrowed).collect(),
        Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
        Cow::Owned(Value::Object(fields)) => fields.values().cloned().map(Cow::Owned).collect(),
        Cow::Owned(Value::Array(items)) => items.iter().cloned().map(Cow::Owned).collect(),
        Cow::Borrowed(Value::String(text)) => text.bytes().map(|byte| Cow::Owned(byte.into())).collect(),
        Cow::Owned(Value::String(text)) => text.bytes().map(|byte| Cow::Owned(byte.into())).collect(),
        _ => Vec::new(),
    }
}

fn descend<'v>(value: Cow<'v, Value>, found: &mut Values<'v>) {
    let inside = children(&value);
    if !inside.is_empty() {
        found.push(value);
        inside.into_iter().for_each(|child| descend(child, found));
    }
}

fn elements(input: Values<'_>, slice: Slice) -> Step<'_> {
    let mut found = Vec::new();
    for value in &input {
        if value.is_null() {
            continue;
        }
        if !value.is_array() {
            let message = format!("{} is not array or slice", go::type_name(value));
            return fail(input, message);
        }
        let items = children(value);
        let length = items.len() as i64;
        let from_end = |index: i64, wraps: bool| if wraps { index + length } else { index };
        let start = slice.start.unwrap_or(0);
        let start = from_end(start, start < 0);
        let end = slice.end.unwrap_or(length);
        let end = from_end(end, end < 0 || (end == 0 && slice.end_derived));
        if start == end {
            return Ok(found);
        }
        let outside = |index: i64| format!("array index out of bounds: index {index}, length {length}");
        if start >= length || start < 0 {
            return fail(input, outside(start));
        }
        if end > length || end < 0 {
            return fail(input, outside(end.wrapping_sub(1)));
        }
        if start > end {
            return fail(input, format!("starting index {start} is greater than ending index {end}"));
        }
        let step = slice.step.unwrap_or(1);
        if step <= 0 {
            return fail(input, "step must be > 0");
        }
        let range = items.into_iter().skip(start as usize).take((end - start) as usize);
        found.extend(range.step_by(step as usize));
    }
    Ok(found)
}

/// Compares two values of the same basic type; Go refuses others.
fn compare(left: &Value, operator: &str, right: &Value) -> Result<bool, String> {
    if !matches!(operator, "==" | "!=" | "<" | "<=" | ">" | ">=") {
        return Err(format!("unrecognized filter operator {operator}"));
    }
    let order = basic_order(left, right)?;
    if !matches!(operator, "==" | "!=") && left.is_boolean() {
        return Err(BAD_TYPE.to_owned());
    }
    Ok(match operator {
        "==" => order == Some(Ordering::Equal),
        "!=" => order != Some(Ordering::Equal),
        "<" => order == Some(Ordering::Less),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        ">" => order == Some(Ordering::Greater),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    })
}

const BAD_TYPE: &str = "invalid type for comparison";

fn basic_order(left: &Value, right: &Value) -> Result<Option<Ordering>, String> {
    let basic = |value: &Value| !matches!(value, Value::Null | Value::Array(_) | Value::Object(_));
    if !basic(left) || !basic(right) {
        return Err(BAD_TYPE.to_owned());
    }
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Ok(Some(left.cmp(right))),
        (Value::String(left), Value::String(right)) => Ok(Some(left.cmp(right))),
        (Value::Number(left), Value::Number(right)) if left.is_f64() == right.is_f64() => {
            match (left.as_i64(), right.as_i64()) {
                (Some(left), Some(right)) => Ok(Some(left.cmp(&right))),
                _ => Ok(left.as_f64().partial_cmp(&right.as_f64())),
            }
        }
        _ => Err("incompatible types for comparison".to_owned()),
    }
}
