//! Dotted field paths of replacements and vars, such as `spec.containers.[name=web].image`
//! (`kyaml/utils/pathsplitter.go`, `kyaml/yaml/fns.go` `PathGetter`, `kyaml/yaml/match.go` `PathMatcher`).
//!
//! An element is a key, an index, `-` (the last item), `[key=value]` (the items whose key has the value: an exact string
//! for [`lookup`], a regular expression for [`visit`]) or `*` (all items, [`visit`] only).

use super::error::{KustomizeError, Result, fail, wrong_node_kind};
use super::go_regexp;
use super::scalar::{parse_scalar, scalar_to_string};
use kctl_base::json::{Map, Value, json};

/// Splits a path into its elements. Dots in brackets and after a backslash belong to an element (`SmarterPathSplitter`).
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

/// Splits the path of a var, which writes an index after its list: `spec.ports[0].port`.
pub(super) fn split_var_path(path: &str) -> Vec<String> {
    let dotted = path.replace('[', ".").replace(']', "");
    split(if path.contains('=') { path } else { &dotted })
}

/// Returns the value at a path; `None` when there is none or it is null.
///
/// # Errors
/// When the path runs through a node of the wrong kind.
pub(super) fn lookup<'v>(value: &'v Value, path: &[String]) -> Result<Option<&'v Value>> {
    let mut current = value;
    for step in path {
        let next = match list_step(step)? {
            Some((key, wanted)) => match current {
                Value::Array(items) => items.iter().find(|item| item_string(item, key).is_some_and(|s| s == wanted)),
                other => return fail(wrong_node_kind("SequenceNode", other)),
            },
            None => match (current, step.parse::<usize>()) {
                (Value::Array(items), Ok(index)) => items.get(index),
                (Value::Array(items), Err(_)) if step == "-" => items.last(),
                (other, Ok(_)) => return fail(wrong_node_kind("SequenceNode", other)),
                (Value::Object(fields), Err(_)) => fields.get(step),
                (Value::Null, Err(_)) => None,
                (other, Err(_)) => return fail(wrong_node_kind("MappingNode", other)),
            },
        };
        match next.filter(|v| !v.is_null()) {
            Some(next) => current = next,
            None => return Ok(None),
        }
    }
    Ok(Some(current))
}

/// Parses `[key=value]`; `None` when the element is not in brackets.
fn list_step(step: &str) -> Result<Option<(&str, &str)>> {
    match step.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        None => Ok(None),
        Some(inner) => match inner.split_once('=') {
            Some(pair) => Ok(Some(pair)),
            None => fail("list path element must contain fieldName=fieldValue for element to match"),
        },
    }
}

/// Returns a field of a list item as a string; an empty key stands for the item itself.
fn item_string(item: &Value, key: &str) -> Option<String> {
    let value = if key.is_empty() { item } else { item.get(key)? };
    Some(scalar_to_string(value))
}

/// The kind of node that is created at the end of a path that does not exist.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum CreateKind {
    /// Nothing is created.
    None,
    Scalar,
    Map,
    List,
}

impl CreateKind {
    /// Returns the node to create so that the rest of the path can continue in it.
    fn node_for(self, rest: &[String]) -> Value {
        match (rest.first(), self) {
            (Some(step), _) if step.starts_with('[') || step.parse::<usize>().is_ok() => json!([]),
            (Some(_), _) | (None, CreateKind::Map) => Value::Object(Map::new()),
            (None, CreateKind::List) => json!([]),
            (None, _) => Value::Null,
        }
    }
}

/// The error of a visit.
pub(super) struct VisitError {
    pub(super) error: KustomizeError,
    /// True when the path could not be followed; otherwise `set` has failed.
    pub(super) is_about_path: bool,
}

impl VisitError {
    fn path(error: KustomizeError) -> VisitError {
        VisitError { error, is_about_path: true }
    }
}

type Set<'s> = dyn FnMut(&mut Value) -> Result<()> + 's;

/// Calls `set` for every value at a path and creates missing nodes as `create` says.
pub(super) fn visit(
    value: &mut Value,
    path: &[String],
    create: CreateKind,
    set: &mut Set,
) -> std::result::Result<(), VisitError> {
    let Some((step, rest)) = path.split_first() else {
        return set(value).map_err(|error| VisitError { error, is_about_path: false });
    };
    if let Ok(index) = step.parse::<usize>() {
        return visit_index(value, index, rest, create, set);
    }
    if let Some((key, pattern)) = list_step(step).map_err(VisitError::path)? {
        return visit_matching(value, key, pattern, rest, create, set);
    }
    match value {
        _ if step == "*" => {
            let items = items_of(value).map_err(VisitError::path)?;
            items.iter_mut().try_for_each(|item| visit(item, rest, create, set))
        }
        Value::Object(fields) => match fields.get_mut(step) {
            Some(next) => visit(next, rest, create, set),
            None if create == CreateKind::None => Ok(()),
            None => visit(fields.entry(step.clone()).or_insert(create.node_for(rest)), rest, create, set),
        },
        Value::Null => Ok(()),
        other => Err(VisitError::path(KustomizeError::new(wrong_node_kind("MappingNode", other)))),
    }
}

fn items_of(value: &mut Value) -> Result<&mut Vec<Value>> {
    match value {
        Value::Array(items) => Ok(items),
        other => fail(wrong_node_kind("SequenceNode", other)),
    }
}

fn visit_index(
    value: &mut Value,
    index: usize,
    rest: &[String],
    create: CreateKind,
    set: &mut Set,
) -> std::result::Result<(), VisitError> {
    let items = items_of(value).map_err(VisitError::path)?;
    if items.len() == index && create != CreateKind::None {
        items.push(create.node_for(rest));
    }
    let count = items.len();
    match items.get_mut(index) {
        Some(item) => visit(item, rest, create, set),
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
    create: CreateKind,
    set: &mut Set,
) -> std::result::Result<(), VisitError> {
    let matcher = go_regexp::compile(pattern).map_err(VisitError::path)?;
    let items = items_of(value).map_err(VisitError::path)?;
    let matches = |item: &Value| item_string(item, key).is_some_and(|s| matcher.is_match(s.trim()));
    if create != CreateKind::None && !items.iter().any(matches) {
        items.push(match key.is_empty() {
            true => parse_scalar(pattern),
            false => Value::Object(Map::from_iter([(key.to_string(), parse_scalar(pattern))])),
        });
    }
    items.iter_mut().filter(|item| matches(item)).try_for_each(|item| visit(item, rest, create, set))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn paths_are_split_at_dots() {
        assert_eq!(split("spec.containers.[name=a.b].image"), ["spec", "containers", "[name=a.b]", "image"]);
        assert_eq!(split("metadata.annotations.a\\.b/c"), ["metadata", "annotations", "a.b/c"]);
        assert_eq!(split_var_path("spec.ports[0].port"), ["spec", "ports", "0", "port"]);
    }

    fn after(path: &str, create: CreateKind) -> String {
        let mut value = json!({"l": [{"n": "a", "v": 1}, {"n": "ab", "v": 2}], "s": "x"});
        let mut set = |place: &mut Value| {
            *place = "!".into();
            Ok(())
        };
        match visit(&mut value, &split(path), create, &mut set) {
            Ok(()) => value.to_string(),
            Err(e) => e.error.to_string(),
        }
    }

    #[test]
    fn values_are_found_and_created() {
        let cases = [
            ("l.[n=^a$].v", CreateKind::None, r#"{"l":[{"n":"a","v":"!"},{"n":"ab","v":2}],"s":"x"}"#),
            ("l.[n=a].v", CreateKind::None, r#"{"l":[{"n":"a","v":"!"},{"n":"ab","v":"!"}],"s":"x"}"#),
            ("l.*.v", CreateKind::None, r#"{"l":[{"n":"a","v":"!"},{"n":"ab","v":"!"}],"s":"x"}"#),
            ("l.1.v", CreateKind::None, r#"{"l":[{"n":"a","v":1},{"n":"ab","v":"!"}],"s":"x"}"#),
            ("l.9.v", CreateKind::None, "index 9 specified but only 2 elements found"),
            ("s.t", CreateKind::None, "wrong node kind: expected MappingNode but got ScalarNode: node contents:\nx\n"),
            (
                "m.[k=5].v",
                CreateKind::Scalar,
                r#"{"l":[{"n":"a","v":1},{"n":"ab","v":2}],"m":[{"k":5,"v":"!"}],"s":"x"}"#,
            ),
            ("nope.x", CreateKind::None, r#"{"l":[{"n":"a","v":1},{"n":"ab","v":2}],"s":"x"}"#),
        ];
        for (path, create, expected) in cases {
            assert_eq!(after(path, create), expected, "{path}");
        }
    }
}
