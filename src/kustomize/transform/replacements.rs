//! `replacements`: values copied from one object into fields of others.

use regex::Regex;

use super::Transformer;
use crate::decode;
use crate::error::{KustomizeError, Result, fail};
use crate::fields::REPLACEMENT;
use crate::ids::ResId;
use crate::loader::Loader;
use crate::model::{FieldOptions, Replacement, Source, Target};
use crate::parse;
use crate::path::{self, Make};
use crate::resource::Resource;
use crate::resources::{Resources, Selector};
use crate::values::{is_nothing, scalar_of, scalar_text};
use kctl_base::field::quote;
use kctl_base::json::{self, Value};
use kctl_base::yaml;

/// What is copied without a word about the field.
const DEFAULT_FIELD: &str = "metadata.name";

/// Copies values.
pub(crate) struct Replacements {
    replacements: Vec<Replacement>,
}

impl Replacements {
    /// Reads those that stand in files of their own.
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
            all.extend(from_file(&loader.load_text(&replacement.path)?)?);
        }
        Ok(Replacements { replacements: all })
    }
}

/// One replacement, or a list of them.
fn from_file(text: &str) -> Result<Vec<Replacement>> {
    let problem = |problem: String| KustomizeError::new(problem);
    let loaded = yaml::to_json(text).map_err(|e| problem(parse::yaml_text(e)))?;
    let entries = match loaded.value {
        Value::Array(entries) => entries.into_vec(),
        entry @ Value::Object(_) => vec![entry],
        other => {
            let text = scalar_text(&other);
            return fail(format!("unsupported replacement type encountered within replacement path: {text}"));
        }
    };
    let read = |entry: Value| {
        let decoded = decode::decode(&entry, &REPLACEMENT).map_err(problem)?;
        json::from_value(&decoded).map_err(|e| problem(e.to_string()))
    };
    entries.into_iter().map(read).collect()
}

impl Transformer for Replacements {
    fn transform(&self, resources: &mut Resources) -> Result<()> {
        for replacement in &self.replacements {
            let value = match replacement {
                Replacement { source: Some(_), source_value: Some(_), .. } => {
                    return fail("value and resource selectors are mutually exclusive");
                }
                Replacement { source_value: Some(text), targets: Some(_), .. } => text.as_str().into(),
                Replacement { source: Some(source), targets: Some(_), .. } => value_of(source, resources)?,
                _ => return fail("replacements must specify a source and at least one target"),
            };
            for target in replacement.targets.iter().flatten() {
                copy(&value, target, resources)?;
            }
        }
        Ok(())
    }
}

/// The value of a source.
fn value_of(source: &Source, resources: &Resources) -> Result<Value> {
    let fits = |r: &&Resource| r.all_ids().iter().any(|id| id.is_selected_by(&source.id));
    let matches: Vec<&Resource> = resources.list.iter().filter(fits).collect();
    let holder = match matches.as_slice() {
        [one] => one,
        [] => return fail(format!("nothing selected by {source}")),
        _ => return fail(format!("multiple matches for selector {source}")),
    };
    let field = if source.field_path.is_empty() { DEFAULT_FIELD } else { &source.field_path };
    let found = path::lookup(&holder.value, &path::split(field))
        .map_err(|e| e.within("error looking up replacement source"))?;
    let Some(value) = found.filter(|v| !is_nothing(v)) else {
        return fail(format!("fieldPath `{field}` is missing for replacement source {}", source.id));
    };
    let Some(options) = source.options.as_ref().filter(|o| !o.delimiter.is_empty()) else { return Ok(value.clone()) };
    let text = scalar(value)?;
    let parts: Vec<&str> = text.split(&options.delimiter).collect();
    let part = usize::try_from(options.index).ok().and_then(|at| parts.get(at));
    match part {
        Some(part) => Ok(Value::from(*part)),
        None => fail(format!("options.index {} is out of bounds for value {text}", options.index)),
    }
}

fn scalar(value: &Value) -> Result<String> {
    match value {
        Value::Object(_) | Value::Array(_) => fail("delimiter option can only be used with scalar nodes"),
        other => Ok(scalar_text(other)),
    }
}

/// Copies a value into the fields of one target.
fn copy(value: &Value, target: &Target, resources: &mut Resources) -> Result<()> {
    let Some(select) = &target.select else { return fail("target must specify resources to select") };
    let default = [DEFAULT_FIELD.to_string()];
    let fields = if target.field_paths.is_empty() { default.as_slice() } else { &target.field_paths };
    let create = target.options.as_ref().is_some_and(|o| o.create);
    for resource in &mut resources.list {
        if !is_meant(resource, select, &target.reject)? {
            continue;
        }
        for field in fields {
            let make = match (create, value) {
                (false, _) => Make::Nothing,
                (true, Value::Object(_)) => Make::Map,
                (true, Value::Array(_)) => Make::List,
                (true, _) => Make::Scalar,
            };
            let action = if create { "find or create" } else { "find" };
            let problem = format!("unable to {action} field {} in replacement target", quote(field));
            let (mut found, mut unfit) = (0, None);
            path::visit(&mut resource.value, &path::split(field), make, &mut |place| {
                found += 1;
                unfit = set(place, value, target.options.as_ref())?.or(unfit.take());
                Ok(())
            })
            .map_err(|e| if e.is_about_path { e.error.within(&problem) } else { e.error })?;
            resource.problem = unfit.or(resource.problem.take());
            if found == 0 {
                return fail(problem);
            }
        }
    }
    Ok(())
}

/// Whether a selector means an object by one of its ids, and nothing that is rejected does.
fn is_meant(resource: &Resource, select: &Selector, reject: &[Selector]) -> Result<bool> {
    let by_texts = |s: &Selector| -> Result<bool> {
        Ok(resource.matches(&s.annotation_selector, &resource.annotations())?
            && resource.matches(&s.label_selector, &resource.labels())?)
    };
    if !by_texts(select)? {
        return Ok(false);
    }
    let ids = resource.all_ids();
    for rejected in reject {
        let has_texts = !rejected.annotation_selector.is_empty() || !rejected.label_selector.is_empty();
        let by_id = !rejected.id.is_empty() && ids.iter().any(|id| selects(&rejected.id, id));
        if by_id || (has_texts && by_texts(rejected)?) {
            return Ok(false);
        }
    }
    Ok(ids.iter().any(|id| selects(&select.id, id)))
}

/// Whether a selector means an id: by the texts themselves or as patterns.
fn selects(selector: &ResId, id: &ResId) -> bool {
    let fits = |pattern: &str, text: &str| {
        pattern.is_empty() || Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(text))
    };
    id.is_selected_by(selector)
        || (fits(&selector.gvk.group, &id.gvk.group)
            && fits(&selector.gvk.version, &id.gvk.version)
            && fits(&selector.gvk.kind, &id.gvk.kind)
            && fits(&selector.name, &id.name)
            && fits(&selector.namespace, id.effective_namespace()))
}

/// Writes a value into a field. A scalar keeps the type that the field has; what does not fit is told when the object is
/// written.
fn set(place: &mut Value, value: &Value, options: Option<&FieldOptions>) -> Result<Option<String>> {
    let mut value = value.clone();
    if let Some(options) = options.filter(|o| !o.delimiter.is_empty()) {
        let old = scalar(place)?;
        let mut parts: Vec<String> = old.split(&options.delimiter).map(String::from).collect();
        let new = scalar_text(&value);
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, new),
            Ok(at) if at >= parts.len() => parts.push(new),
            Ok(at) => parts[at] = new,
        }
        value = parts.join(&options.delimiter).into();
    }
    let text = scalar_text(&value);
    let read = scalar_of(&text);
    let unfit = match (&*place, &read) {
        (Value::Number(number), Value::Number(new)) if number.is_f64() || !new.is_f64() => None,
        (Value::Number(number), new) if number.is_f64() => Some(mismatch(new, &text, "float")),
        (Value::Number(_), new) => Some(mismatch(new, &text, "int")),
        (Value::Bool(_), Value::Bool(_)) => None,
        (Value::Bool(_), new) => Some(mismatch(new, &text, "bool")),
        _ => None,
    };
    *place = match place {
        Value::Object(_) | Value::Array(_) => value,
        // What has been made just now has no type yet.
        Value::Null if matches!(value, Value::Object(_) | Value::Array(_)) => value,
        Value::String(_) => text.into(),
        _ => read,
    };
    Ok(unfit)
}

/// Go's words for a text that is not of the type that the document says.
fn mismatch(found: &Value, text: &str, wanted: &str) -> String {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        _ => "str",
    };
    format!("yaml: cannot decode !!{found} `{text}` as a !!{wanted}")
}

impl std::fmt::Display for Source {
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
