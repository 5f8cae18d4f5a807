//! Paths with dots into objects, as replacements and variables have them.
//!
//! A step is a key, an index, `-` (the last item), `[key=value]` (the items whose key has the value; to look up exactly, to
//! visit as a pattern) or `*` (all items).

use regex::Regex;

use super::error::{KustomizeError, Result, fail};
use super::field_spec::wrong_kind;
use super::resources::regex_error;
use super::values::{scalar_of, scalar_text};
use kctl_base::json::{Map, Value, json};

/// The steps of a path. Dots in brackets and behind a backslash are part of a step.
pub(super) fn split(path: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut in_brackets = false;
    let mut chars = path.chars().peekable();
    while let Some(c) = chars.next() {
        let last = steps.len() - 1;
        match c {
            '\\' if chars.peek() == Some(&'.') => steps[last].extend(chars.next()),
            '.' if !in_brackets => steps.push(String::new()),
            c => {
                match c {
                    '[' if steps[last].is_empty() => in_brackets = true,
                    ']' => in_brackets = false,
                    _ => {}
                }
                steps[last].push(c);
            }
        }
    }
    steps.retain(|step| !step.trim().is_empty());
    steps
}

/// The steps of a variable's field, where an index stands behind its list: `spec.ports[0].port`.
pub(super) fn split_field(path: &str) -> Vec<String> {
    let spaced = path.replace('[', ".").replace(']', "");
    split(if path.contains('=') { path } else { &spaced })
}

/// The value at a path, if there is one.
pub(super) fn lookup<'v>(value: &'v Value, path: &[String]) -> Result<Option<&'v Value>> {
    let mut here = value;
    for step in path {
        let next = match list_step(step)? {
            Some((key, wanted)) => match here {
                Value::Array(items) => items.iter().find(|item| item_text(item, key).is_some_and(|t| t == wanted)),
                other => return fail(wrong_kind("SequenceNode", other)),
            },
            None => match (here, step.parse::<usize>()) {
                (Value::Array(items), Ok(index)) => items.get(index),
                (Value::Array(items), Err(_)) if step == "-" => items.last(),
                (other, Ok(_)) => return fail(wrong_kind("SequenceNode", other)),
                (Value::Object(fields), Err(_)) => fields.get(step),
                (Value::Null, Err(_)) => None,
                (other, Err(_)) => return fail(wrong_kind("MappingNode", other)),
            },
        };
        match next.filter(|v| !v.is_null()) {
            Some(next) => here = next,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

/// `[key=value]` as key and value.
fn list_step(step: &str) -> Result<Option<(&str, &str)>> {
    match step.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        None => Ok(None),
        Some(inner) => match inner.split_once('=') {
            Some(pair) => Ok(Some(pair)),
            None => fail("list path element must contain fieldName=fieldValue for element to match"),
        },
    }
}

/// The text of an item, or of a field of it.
fn item_text(item: &Value, key: &str) -> Option<String> {
    let value = if key.is_empty() { item } else { item.get(key)? };
    Some(scalar_text(value))
}

/// What is made where a path ends at nothing.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Make {
    Nothing,
    Scalar,
    Map,
    List,
}

impl Make {
    /// What has to be there for a path to go on.
    fn for_path(self, rest: &[String]) -> Value {
        match (rest.first(), self) {
            (Some(step), _) if step.starts_with('[') || step.parse::<usize>().is_ok() => json!([]),
            (Some(_), _) | (None, Make::Map) => Value::Object(Map::new()),
            (None, Make::List) => json!([]),
            (None, _) => Value::Null,
        }
    }
}

/// Why a visit ended: because of the path, or because of what was done there.
pub(super) struct VisitError {
    pub(super) error: KustomizeError,
    pub(super) is_about_path: bool,
}

impl VisitError {
    fn path(error: KustomizeError) -> VisitError {
        VisitError { error, is_about_path: true }
    }
}

type Set<'s> = dyn FnMut(&mut Value) -> Result<()> + 's;

/// Calls `set` for every value at a path.
pub(super) fn visit(
    value: &mut Value,
    path: &[String],
    make: Make,
    set: &mut Set,
) -> std::result::Result<(), VisitError> {
    let Some((step, rest)) = path.split_first() else {
        return set(value).map_err(|error| VisitError { error, is_about_path: false });
    };
    if let Ok(index) = step.parse::<usize>() {
        return visit_index(value, index, rest, make, set);
    }
    if let Some((key, pattern)) = list_step(step).map_err(VisitError::path)? {
        return visit_matching(value, key, pattern, rest, make, set);
    }
    match value {
        _ if step == "*" => {
            let items = items_of(value).map_err(VisitError::path)?;
            items.iter_mut().try_for_each(|item| visit(item, rest, make, set))
        }
        Value::Object(fields) => match fields.get_mut(step) {
            Some(next) => visit(next, rest, make, set),
            None if make == Make::Nothing => Ok(()),
            None => visit(fields.entry(step.clone()).or_insert(make.for_path(rest)), rest, make, set),
        },
        Value::Null => Ok(()),
        other => Err(VisitError::path(KustomizeError::new(wrong_kind("MappingNode", other)))),
    }
}

fn items_of(value: &mut Value) -> Result<&mut Vec<Value>> {
    match value {
        Value::Array(items) => Ok(items),
        other => fail(wrong_kind("SequenceNode", other)),
    }
}

fn visit_index(
    value: &mut Value,
    index: usize,
    rest: &[String],
    make: Make,
    set: &mut Set,
) -> std::result::Result<(), VisitError> {
    let items = items_of(value).map_err(VisitError::path)?;
    if items.len() == index && make != Make::Nothing {
        items.push(make.for_path(rest));
    }
    let count = items.len();
    match items.get_mut(index) {
        Some(item) => visit(item, rest, make, set),
        None => Err(VisitError::path(KustomizeError::new(format!(
            "index {index} specified but only {count} elements found"
        )))),
    }
}

fn visit_matching(
    value: &mut Value,
    key: &str,
    pattern: &str,
    rest: &[String],
    make: Make,
    set: &mut Set,
) -> std::result::Result<(), VisitError> {
    let matcher = Regex::new(pattern).map_err(|e| VisitError::path(regex_error(pattern, &e)))?;
    let items = items_of(value).map_err(VisitError::path)?;
    let fits = |item: &Value| item_text(item, key).is_some_and(|text| matcher.is_match(text.trim()));
    if make != Make::Nothing && !items.iter().any(fits) {
        items.push(match key.is_empty() {
            true => scalar_of(pattern),
            false => Value::Object(Map::from_iter([(key.to_string(), scalar_of(pattern))])),
        });
    }
    items.iter_mut().filter(|item| fits(item)).try_for_each(|item| visit(item, rest, make, set))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn paths_are_split_at_dots() {
        assert_eq!(split("spec.containers.[name=a.b].image"), ["spec", "containers", "[name=a.b]", "image"]);
        assert_eq!(split("metadata.annotations.a\\.b/c"), ["metadata", "annotations", "a.b/c"]);
        assert_eq!(split_field("spec.ports[0].port"), ["spec", "ports", "0", "port"]);
    }

    fn after(path: &str, make: Make) -> String {
        let mut value = json!({"l": [{"n": "a", "v": 1}, {"n": "ab", "v": 2}], "s": "x"});
        let mut set = |place: &mut Value| {
            *place = "!".into();
            Ok(())
        };
        match visit(&mut value, &split(path), make, &mut set) {
            Ok(()) => value.to_string(),
            Err(e) => e.error.to_string(),
        }
    }

    #[test]
    fn values_are_found_and_made() {
        let cases = [
            ("l.[n=^a$].v", Make::Nothing, r#"{"l":[{"n":"a","v":"!"},{"n":"ab","v":2}],"s":"x"}"#),
            ("l.[n=a].v", Make::Nothing, r#"{"l":[{"n":"a","v":"!"},{"n":"ab","v":"!"}],"s":"x"}"#),
            ("l.*.v", Make::Nothing, r#"{"l":[{"n":"a","v":"!"},{"n":"ab","v":"!"}],"s":"x"}"#),
            ("l.1.v", Make::Nothing, r#"{"l":[{"n":"a","v":1},{"n":"ab","v":"!"}],"s":"x"}"#),
            ("l.9.v", Make::Nothing, "index 9 specified but only 2 elements found"),
            ("s.t", Make::Nothing, "wrong node kind: expected MappingNode but got ScalarNode: node contents:\nx\n"),
            ("m.[k=5].v", Make::Scalar, r#"{"l":[{"n":"a","v":1},{"n":"ab","v":2}],"m":[{"k":5,"v":"!"}],"s":"x"}"#),
            ("nope.x", Make::Nothing, r#"{"l":[{"n":"a","v":1},{"n":"ab","v":2}],"s":"x"}"#),
        ];
        for (path, make, expected) in cases {
            assert_eq!(after(path, make), expected, "{path}");
        }
    }
}
