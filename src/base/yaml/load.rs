//! Parsing a YAML document into a JSON value: its tree of nodes is converted node by node (go-yaml v2, `decode.go`).

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saphyr_parser::ScanError;

use super::errors::{YamlError, syntax_error};
use super::repair::repair;
use super::scalar::{self, Meaning};
use super::separators::Lines;
use super::tree::{Content, MAX_DEPTH, NodeId, Problem, Tree};
use super::{Dialect, Loaded, json_stream};
use crate::json::{Number, Value};
use crate::{go, json};

/// Parses a document: JSON if it starts with a brace and is valid JSON, otherwise YAML. An empty document is `null`.
///
/// # Errors
///
/// Returns the first syntax error.
pub fn to_json(doc: &str) -> Result<Loaded, YamlError> {
    if !json_stream::starts_as_json(doc) {
        return yaml_to_json(doc);
    }
    match json_stream::parse_json(doc) {
        Ok(loaded) => Ok(loaded),
        // A flow mapping without quotes is YAML. If it is neither, kubectl reports the JSON error.
        Err(error @ YamlError::Json { .. }) => yaml_to_json(doc).map_err(|_| error),
        Err(error) => Err(error),
    }
}

/// Parses a YAML document.
pub(super) fn yaml_to_json(doc: &str) -> Result<Loaded, YamlError> {
    to_json_in(doc, Dialect::Yaml11)
}

/// Parses a YAML document with the scalars of a dialect.
///
/// # Errors
///
/// Returns the first syntax error.
pub fn to_json_in(doc: &str, dialect: Dialect) -> Result<Loaded, YamlError> {
    let doc = doc.strip_prefix('\u{feff}').unwrap_or(doc);
    if doc.chars().any(is_forbidden) {
        return Err(YamlError::yaml("control characters are not allowed"));
    }
    let (tree, doc) = parse_leniently(doc)?;
    let doc = doc.as_ref();
    let mut reader = Reader {
        doc,
        dialect,
        tree: &tree,
        open_anchors: Vec::new(),
        nodes: 0,
        aliased: 0,
        alias_depth: 0,
        duplicates: Vec::new(),
        other_keys: Vec::new(),
    };
    let value = match tree.root {
        Some(root) => reader.value(root, 0)?,
        None => Value::Null,
    };
    // kubectl converts manifests to JSON before the strict decoder sees repeated keys; kustomize reports them.
    let duplicates = match reader.duplicates.is_empty() {
        true => Vec::new(),
        false => vec![format!("yaml: unmarshal errors:\n  {}", reader.duplicates.join("\n  "))],
    };
    Ok(Loaded { value, duplicates, other_keys: reader.other_keys })
}

/// Parses the document, or an equivalent that our parser accepts.
fn parse_leniently(doc: &str) -> Result<(Tree, Cow<'_, str>), YamlError> {
    let lines = Lines::of(doc);
    let mut doc = lines.text.clone();
    loop {
        match Tree::parse(&doc, &lines) {
            Ok(tree) => return Ok((tree, doc)),
            Err(Problem::Depth(line)) => {
                return Err(YamlError::yaml(format!("line {line}: exceeded max depth of {MAX_DEPTH}")));
            }
            Err(Problem::Syntax(error)) => match repair(&doc, &error) {
                Some(repaired) => doc = Cow::Owned(repaired),
                None => return Err(scan_error(&error, &doc)),
            },
        }
    }
}

fn scan_error(error: &ScanError, doc: &str) -> YamlError {
    if !error.info().contains("unknown anchor") {
        return syntax_error(error, doc);
    }
    YamlError::yaml(format!("unknown anchor '{}' referenced", alias_name(doc, error.marker().index())))
}

fn is_forbidden(c: char) -> bool {
    !matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..) || c == '\u{feff}'
}

/// Returns the name of the alias whose `*` is at this offset.
fn alias_name(doc: &str, at: usize) -> String {
    let name = doc.chars().skip(at).skip_while(|&c| c == '*');
    name.take_while(|&c| c.is_alphanumeric() || c == '-' || c == '_').collect()
}

/// The fields of a mapping in their original order.
type Fields = Vec<(String, Value)>;

/// Converts nodes to values.
struct Reader<'t> {
    doc: &'t str,
    dialect: Dialect,
    tree: &'t Tree,
    open_anchors: Vec<NodeId>,
    nodes: usize,
    aliased: usize,
    alias_depth: usize,
    duplicates: Vec<String>,
    other_keys: Vec<String>,
}

impl Reader<'_> {
    fn value(&mut self, id: NodeId, depth: usize) -> Result<Value, YamlError> {
        self.count_node()?;
        if depth > MAX_DEPTH {
            return Err(YamlError::yaml(format!("exceeded max depth of {MAX_DEPTH}")));
        }
        let tree = self.tree;
        match &tree.nodes[id].content {
            Content::Scalar { text, plain, tag } => scalar_value(text, *plain, tag.as_deref(), self.dialect),
            Content::Sequence(items) => {
                items.iter().map(|&item| self.value(item, depth + 1)).collect::<Result<_, _>>().map(Value::Array)
            }
            Content::Mapping(pairs) => {
                let mut fields = Vec::with_capacity(pairs.len());
                self.fill(pairs, &mut fields, depth)?;
                Ok(Value::Object(fields.into_iter().collect()))
            }
            Content::Alias { anchor, at } => {
                self.follow(*anchor, *at, |reader, target| reader.value(target, depth + 1))
            }
        }
    }

    /// Adds the pairs of a mapping in their order. Merged mappings (`<<`) overwrite earlier keys, as in go-yaml; the
    /// last of equal keys wins.
    fn fill(&mut self, pairs: &[(NodeId, NodeId)], fields: &mut Fields, depth: usize) -> Result<(), YamlError> {
        let mut first_lines: HashMap<String, usize> = HashMap::new();
        for &(key, value) in pairs {
            let key_line = self.tree.nodes[key].line;
            if self.is_merge(key) {
                self.merge(value, fields, depth)?;
                continue;
            }
            let name = self.key(key)?;
            let value = self.value(value, depth + 1)?;
            let name = match name {
                Some(name) => name,
                None => {
                    let shown = go_syntax(&value);
                    return Err(YamlError::Yaml(format!(
                        "unsupported map key of type: %!s(<nil>), key: <nil>, value: {shown}"
                    )));
                }
            };
            let first = first_lines.insert(name.clone(), key_line);
            if let (Dialect::Core, Some(first)) = (self.dialect, first) {
                let shown = go::quote(&name);
                self.duplicates.push(format!("line {key_line}: mapping key {shown} already defined at line {first}"));
            }
            fields.push((name, value));
        }
        Ok(())
    }

    fn is_merge(&self, key: NodeId) -> bool {
        matches!(&self.tree.nodes[key].content, Content::Scalar { text, plain, tag }
            if text == "<<" && (*plain && tag.is_none() || tag.as_deref() == Some("merge")))
    }

    fn merge(&mut self, id: NodeId, fields: &mut Fields, depth: usize) -> Result<(), YamlError> {
        self.count_node()?;
        let tree = self.tree;
        let wrong = || YamlError::yaml("map merge requires map or sequence of maps as the value");
        match &tree.nodes[id].content {
            Content::Mapping(pairs) => self.fill(pairs, fields, depth),
            Content::Alias { anchor, at } => {
                self.follow(*anchor, *at, |reader, target| match &tree.nodes[target].content {
                    Content::Mapping(pairs) => reader.fill(pairs, fields, depth),
                    _ => Err(wrong()),
                })
            }
            // The first of several merged mappings wins, so it is added last.
            Content::Sequence(items) => items.iter().rev().try_for_each(|&item| match &tree.nodes[item].content {
                Content::Mapping(_) | Content::Alias { .. } => self.merge(item, fields, depth + 1),
                _ => Err(wrong()),
            }),
            Content::Scalar { .. } => Err(wrong()),
        }
    }

    /// Returns a key of the JSON object; `None` for null.
    fn key(&mut self, id: NodeId) -> Result<Option<String>, YamlError> {
        let tree = self.tree;
        match &tree.nodes[id].content {
            Content::Scalar { text, plain, tag } => {
                if self.dialect == Dialect::Core {
                    self.record_core_key(text, *plain && tag.is_none());
                    return Ok(Some(text.clone()));
                }
                if *plain
                    && tag.is_none()
                    && let Meaning::Float(float) = scalar::meaning(text)
                {
                    return Ok(Some(go::float32_g(float as f32)));
                }
                let key = scalar_value(text, *plain, tag.as_deref(), self.dialect)?;
                Ok(match key {
                    Value::Null => None,
                    Value::String(text) => Some(text.into()),
                    other => Some(go_syntax(&other)),
                })
            }
            Content::Alias { anchor, at } => self.follow(*anchor, *at, Self::key),
            Content::Sequence(_) | Content::Mapping(_) => {
                let shown = go_syntax(&self.value(id, 0)?);
                Err(YamlError::yaml(format!("invalid map key: {shown}")))
            }
        }
    }

    /// Records a key that is not a string.
    fn record_core_key(&mut self, text: &str, plain: bool) {
        if plain && self.dialect.meaning(text) != Meaning::Text {
            self.other_keys.push(text.to_owned());
        }
    }

    fn follow<T>(
        &mut self,
        anchor: usize,
        at: usize,
        then: impl FnOnce(&mut Self, NodeId) -> Result<T, YamlError>,
    ) -> Result<T, YamlError> {
        let target = self.tree.anchors.get(&anchor).copied().filter(|target| !self.open_anchors.contains(target));
        let Some(target) = target else {
            return Err(YamlError::yaml(format!("anchor '{}' value contains itself", alias_name(self.doc, at))));
        };
        self.open_anchors.push(target);
        self.alias_depth += 1;
        let done = then(self, target);
        self.alias_depth -= 1;
        self.open_anchors.pop();
        done
    }

    /// Counts nodes and refuses documents that consist mostly of aliases, by the ratio of go-yaml
    /// (`allowedAliasRatio`).
    fn count_node(&mut self) -> Result<(), YamlError> {
        self.nodes += 1;
        self.aliased += usize::from(self.alias_depth > 0);
        let allowed = match self.nodes {
            0..=400_000 => 0.99,
            4_000_000.. => 0.10,
            nodes => 0.99 - 0.89 * (nodes - 400_000) as f64 / 3_600_000.0,
        };
        let bomb = self.aliased > 100 && self.nodes > 1000 && self.aliased as f64 / self.nodes as f64 > allowed;
        if bomb { Err(YamlError::yaml("document contains excessive aliasing")) } else { Ok(()) }
    }
}

/// Converts a scalar; quoted ones and those with an unknown tag are strings.
fn scalar_value(text: &str, plain: bool, tag: Option<&str>, dialect: Dialect) -> Result<Value, YamlError> {
    let meaning = dialect.meaning(text);
    let Some(tag) = tag else {
        return if plain { number_or_text(meaning, text, dialect) } else { Ok(text.into()) };
    };
    let wrong = || {
        let found = match meaning {
            Meaning::Null => "!!null",
            Meaning::Bool(_) => "!!bool",
            Meaning::Int(_) | Meaning::Uint(_) => "!!int",
            Meaning::Float(_) => "!!float",
            Meaning::Timestamp => "!!timestamp",
            Meaning::Text => "!!str",
        };
        Err(YamlError::yaml(format!("cannot decode {found} `{text}` as a !!{tag}")))
    };
    match (tag, meaning) {
        ("binary", _) => match STANDARD.decode(text.split_whitespace().collect::<String>()) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned().into()),
            Err(_) => Err(YamlError::yaml("!!binary value contains invalid base64 data")),
        },
        ("null", Meaning::Null)
        | ("bool", Meaning::Bool(_))
        | ("int", Meaning::Int(_) | Meaning::Uint(_))
        | ("float", Meaning::Float(_) | Meaning::Int(_) | Meaning::Uint(_))
        | ("timestamp", Meaning::Timestamp) => number_or_text(meaning, text, dialect),
        ("null" | "bool" | "int" | "float" | "timestamp", _) => wrong(),
        _ => Ok(text.into()),
    }
}

fn number_or_text(meaning: Meaning, text: &str, dialect: Dialect) -> Result<Value, YamlError> {
    Ok(match meaning {
        Meaning::Uint(uint) if dialect == Dialect::Core => uint.into(),
        Meaning::Timestamp if dialect == Dialect::Core => scalar::instant(text).into(),
        Meaning::Null => Value::Null,
        Meaning::Bool(flag) => flag.into(),
        Meaning::Int(int) => int.into(),
        Meaning::Uint(uint) => uint_value(uint),
        Meaning::Float(float) => float_value(float)?,
        Meaning::Timestamp | Meaning::Text => text.into(),
    })
}

/// Converts an unsigned integer; beyond the signed range JSON numbers are floats in Kubernetes.
fn uint_value(uint: u64) -> Value {
    i64::try_from(uint).map_or_else(|_| (uint as f64).into(), Value::from)
}

/// Converts a float as a round trip through JSON does: integral floats become integers.
fn float_value(float: f64) -> Result<Value, YamlError> {
    let Some(number) = Number::from_f64(float) else {
        return Err(YamlError::Yaml(format!("json: unsupported value: {}", go::float_g(float))));
    };
    match scalar::meaning(&json::number_text(&number)) {
        Meaning::Int(int) => Ok(int.into()),
        _ => Ok(Value::Number(number)),
    }
}

/// Formats a value with `%#v`, as messages about keys do; YAML maps may have keys of any type.
fn go_syntax(value: &Value) -> String {
    go::value_syntax(value).replace("map[string]interface {}{", "map[interface {}]interface {}{")
}

#[cfg(test)]
mod tests;
