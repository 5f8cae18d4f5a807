//! `replacements`: copies values of one object into fields of others (`api/filters/replacement/replacement.go`).

use super::Transformer;
use crate::decode;
use crate::error::{KustomizeError, Result, fail};
use crate::field_path::{self, CreateKind};
use crate::go_regexp;
use crate::go_types::REPLACEMENT;
use crate::loader::Loader;
use crate::parse;
use crate::res_id::ResId;
use crate::res_map::ResMap;
use crate::resource::Resource;
use crate::scalar::{is_nil_or_empty, parse_scalar, scalar_to_string};
use crate::selector::Selector;
use crate::types::{FieldOptions, Replacement, SourceSelector, TargetSelector};
use kctl_base::field::quote;
use kctl_base::json::{self, Value};
use kctl_base::yaml;

/// The field that is read and written by default.
const DEFAULT_FIELD: &str = "metadata.name";

/// The transformer of `replacements`.
pub(crate) struct Replacements {
    replacements: Vec<Replacement>,
}

impl Replacements {
    /// Reads the entries that are in files of their own.
    ///
    /// # Errors
    /// When a file cannot be read or decoded, or an entry has both a path and a replacement.
    pub(crate) fn load(replacements: &[Replacement], loader: &Loader) -> Result<Replacements> {
        let mut all = Vec::new();
        for replacement in replacements {
            if replacement.path.is_empty() {
                all.push(replacement.clone());
                continue;
            }
            if replacement.source.is_some() || replacement.targets.is_some() {
                return fail("cannot specify both path and inline replacement");
            }
            all.extend(parse_file(&loader.load_string(&replacement.path)?)?);
        }
        Ok(Replacements { replacements: all })
    }
}

/// Parses a file with one replacement or a list of them.
fn parse_file(text: &str) -> Result<Vec<Replacement>> {
    let loaded = yaml::to_json(text).map_err(|e| KustomizeError::new(parse::yaml_message(e)))?;
    let entries = match loaded.value {
        Value::Array(entries) => entries.into_vec(),
        entry @ Value::Object(_) => vec![entry],
        other => {
            let found = scalar_to_string(&other);
            return fail(format!("unsupported replacement type encountered within replacement path: {found}"));
        }
    };
    let read = |entry: Value| {
        let decoded = decode::decode(&entry, &REPLACEMENT).map_err(KustomizeError::new)?;
        json::from_value(&decoded).map_err(|e| KustomizeError::new(e.to_string()))
    };
    entries.into_iter().map(read).collect()
}

impl Transformer for Replacements {
    fn transform(&self, resources: &mut ResMap) -> Result<()> {
        for replacement in &self.replacements {
            let value = match replacement {
                Replacement { source: Some(_), source_value: Some(_), .. } => {
                    return fail("value and resource selectors are mutually exclusive");
                }
                Replacement { source_value: Some(value), targets: Some(_), .. } => value.as_str().into(),
                Replacement { source: Some(source), targets: Some(_), .. } => source_value(source, resources)?,
                _ => return fail("replacements must specify a source and at least one target"),
            };
            for target in replacement.targets.iter().flatten() {
                apply_to_target(&value, target, resources)?;
            }
        }
        Ok(())
    }
}

/// Returns the value that a source selects (`getReplacement`).
fn source_value(source: &SourceSelector, resources: &ResMap) -> Result<Value> {
    let matches = |r: &&Resource| r.all_ids().iter().any(|id| id.is_selected_by(&source.id));
    let selected: Vec<&Resource> = resources.iter().filter(matches).collect();
    let object = match selected.as_slice() {
        [one] => one,
        [] => return fail(format!("nothing selected by {source}")),
        _ => return fail(format!("multiple matches for selector {source}")),
    };
    let field = if source.field_path.is_empty() { DEFAULT_FIELD } else { &source.field_path };
    let found = field_path::lookup(&object.value, &field_path::split(field))
        .map_err(|e| e.wrap("error looking up replacement source"))?;
    let Some(value) = found.filter(|v| !is_nil_or_empty(v)) else {
        return fail(format!("fieldPath `{field}` is missing for replacement source {}", source.id));
    };
    let Some(options) = source.options.as_ref().filter(|o| !o.delimiter.is_empty()) else { return Ok(value.clone()) };
    let text = delimited(value)?;
    let parts: Vec<&str> = text.split(&options.delimiter).collect();
    let part = usize::try_from(options.index).ok().and_then(|at| parts.get(at));
    match part {
        Some(part) => Ok(Value::from(*part)),
        None => fail(format!("options.index {} is out of bounds for value {text}", options.index)),
    }
}

/// Returns a value that is to be split at a delimiter.
fn delimited(value: &Value) -> Result<String> {
    match value {
        Value::Object(_) | Value::Array(_) => fail("delimiter option can only be used with scalar nodes"),
        other => Ok(scalar_to_string(other)),
    }
}

/// Writes a value to the fields of one target (`applyToNode`).
fn apply_to_target(value: &Value, target: &TargetSelector, resources: &mut ResMap) -> Result<()> {
    let Some(select) = &target.select else { return fail("target must specify resources to select") };
    let default = [DEFAULT_FIELD.to_string()];
    let fields = if target.field_paths.is_empty() { default.as_slice() } else { &target.field_paths };
    for resource in resources.iter_mut() {
        if is_selected(resource, select, &target.reject)? {
            fields.iter().try_for_each(|field| set_field(resource, field, value, target.options.as_ref()))?;
        }
    }
    Ok(())
}

/// Writes a value to a field of an object.
fn set_field(resource: &mut Resource, field: &str, value: &Value, options: Option<&FieldOptions>) -> Result<()> {
    let create = match (options.is_some_and(|o| o.create), value) {
        (false, _) => CreateKind::None,
        (true, Value::Object(_)) => CreateKind::Map,
        (true, Value::Array(_)) => CreateKind::List,
        (true, _) => CreateKind::Scalar,
    };
    let action = if create == CreateKind::None { "find" } else { "find or create" };
    let not_found = format!("unable to {action} field {} in replacement target", quote(field));
    let (mut found, mut write_error) = (0, None);
    field_path::visit(&mut resource.value, &field_path::split(field), create, &mut |node| {
        found += 1;
        write_error = set(node, value, options)?.or(write_error.take());
        Ok(())
    })
    .map_err(|e| if e.is_about_path { e.error.wrap(&not_found) } else { e.error })?;
    resource.write_error = write_error.or(resource.write_error.take());
    match found {
        0 => fail(not_found),
        _ => Ok(()),
    }
}

/// Returns whether a selector matches one of the ids of an object and no rejected selector does.
fn is_selected(resource: &Resource, select: &Selector, reject: &[Selector]) -> Result<bool> {
    if !matches_metadata(resource, select)? {
        return Ok(false);
    }
    let ids = resource.all_ids();
    for rejected in reject {
        let by_metadata = !rejected.annotation_selector.is_empty() || !rejected.label_selector.is_empty();
        let by_id = !rejected.id.is_empty() && ids.iter().any(|id| matches_id(&rejected.id, id));
        if by_id || (by_metadata && matches_metadata(resource, rejected)?) {
            return Ok(false);
        }
    }
    Ok(ids.iter().any(|id| matches_id(&select.id, id)))
}

fn matches_metadata(resource: &Resource, selector: &Selector) -> Result<bool> {
    Ok(resource.matches_annotations(&selector.annotation_selector)?
        && resource.matches_labels(&selector.label_selector)?)
}

/// Returns whether a selector matches an id, either literally or as regular expressions.
fn matches_id(selector: &ResId, id: &ResId) -> bool {
    let matches = |pattern: &str, text: &str| {
        pattern.is_empty() || go_regexp::compile_anchored(pattern).is_ok_and(|pattern| pattern.is_match(text))
    };
    id.is_selected_by(selector)
        || (matches(&selector.gvk.group, &id.gvk.group)
            && matches(&selector.gvk.version, &id.gvk.version)
            && matches(&selector.gvk.kind, &id.gvk.kind)
            && matches(&selector.name, &id.name)
            && matches(&selector.namespace, id.effective_namespace()))
}

/// Writes a value to a node. A scalar keeps the type of the node. Returns the error that kustomize reports when it writes an
/// object in which the value does not have that type.
fn set(node: &mut Value, value: &Value, options: Option<&FieldOptions>) -> Result<Option<String>> {
    let value = match options.filter(|o| !o.delimiter.is_empty()) {
        Some(options) => replace_part(node, value, options)?,
        None => value.clone(),
    };
    let text = scalar_to_string(&value);
    let parsed = parse_scalar(&text);
    let write_error = match (&*node, &parsed) {
        (Value::Number(number), Value::Number(new)) if number.is_f64() || !new.is_f64() => None,
        (Value::Number(number), new) if number.is_f64() => Some(type_mismatch(new, &text, "float")),
        (Value::Number(_), new) => Some(type_mismatch(new, &text, "int")),
        (Value::Bool(_), Value::Bool(_)) => None,
        (Value::Bool(_), new) => Some(type_mismatch(new, &text, "bool")),
        _ => None,
    };
    *node = match node {
        Value::Object(_) | Value::Array(_) => value,
        // A node that has just been created has no type yet.
        Value::Null if matches!(value, Value::Object(_) | Value::Array(_)) => value,
        Value::String(_) => text.into(),
        _ => parsed,
    };
    Ok(write_error)
}

/// Returns the node with one of its delimited parts replaced. An index below 0 prepends the value, one beyond the end appends
/// it.
fn replace_part(node: &Value, value: &Value, options: &FieldOptions) -> Result<Value> {
    let old = delimited(node)?;
    let mut parts: Vec<String> = old.split(&options.delimiter).map(String::from).collect();
    let new = scalar_to_string(value);
    match usize::try_from(options.index) {
        Err(_) => parts.insert(0, new),
        Ok(at) if at >= parts.len() => parts.push(new),
        Ok(at) => parts[at] = new,
    }
    Ok(parts.join(&options.delimiter).into())
}

/// Words go-yaml's error for a scalar that does not have the type of its tag.
fn type_mismatch(found: &Value, text: &str, expected: &str) -> String {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        _ => "str",
    };
    format!("yaml: cannot decode !!{found} `{text}` as a !!{expected}")
}

impl std::fmt::Display for SourceSelector {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(out, "{}", self.id)?;
        if !self.field_path.is_empty() {
            write!(out, ":{}", self.field_path)?;
        }
        match &self.options {
            Some(o) if !o.delimiter.is_empty() || o.index != 0 || o.create => {
                write!(out, ":{}({}), create={}", o.delimiter, o.index, o.create)
            }
            _ => Ok(()),
        }
    }
}
