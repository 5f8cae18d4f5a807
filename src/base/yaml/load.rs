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
mod tests {
    use super::*;
    use crate::json::json;

    fn value(doc: &str) -> Value {
        yaml_to_json(doc).unwrap_or_else(|error| panic!("{doc}: {error}")).value
    }

    #[test]
    fn documents_are_parsed_as_by_kubectl() {
        let cases = [
            ("", json!(null)),
            ("# nothing\n", json!(null)),
            (
                "nodeSelector: {no: such, y: 1, 12: a, 1.5: b, 1234567.5: c, '5': d}",
                json!({"nodeSelector": {
                "false": "such", "true": 1, "12": "a", "1.5": "b", "1.2345675e+06": "c", "5": "d"}}),
            ),
            (
                "mode: 0644\nsize: 1e3\nday: 2001-01-01\nbig: 18446744073709551615\nratio: 2.50",
                json!({"mode": 420, "size": 1000, "day": "2001-01-01", "big": 18446744073709551615.0, "ratio": 2.5}),
            ),
            (
                "quoted: 'yes'\nblock: |\n  yes\nempty:\ntilde: ~",
                json!({"quoted": "yes", "block": "yes\n", "empty": null, "tilde": null}),
            ),
            ("a: &x {k: 1}\nb: *x\nc: [*x]", json!({"a": {"k": 1}, "b": {"k": 1}, "c": [{"k": 1}]})),
            (
                "b: &b {x: 1, z: 2}\nm: {<<: *b, z: 3}\no: {z: 3, <<: *b}",
                json!({"b": {"x": 1, "z": 2}, "m": {"x": 1, "z": 3}, "o": {"x": 1, "z": 2}}),
            ),
            ("a: 1\n<<: [{a: 2, b: 3}, {b: 4}]", json!({"a": 2, "b": 3})),
            (
                "'<<': 1\nb: ! 12\nc: !!str 12\nd: !!int '3'\ne: !foo 3\nf: !!binary aGk=",
                json!({"<<": 1, "b": "12", "c": "12", "d": 3, "e": "3", "f": "hi"}),
            ),
            ("\u{feff}a: 1", json!({"a": 1})),
            ("a:\n  b: [\n  x,\nw\n  ]\nc: {\nd: e\n}", json!({"a": {"b": ["x", "w"]}, "c": {"d": "e"}})),
            ("a:\n  b: \"x\ny\n z\"\n  c:\td", json!({"a": {"b": "x y z", "c": "d"}})),
        ];
        for (doc, expected) in cases {
            assert_eq!(value(doc), expected, "{doc}");
        }
    }

    #[test]
    fn the_last_of_equal_keys_wins() {
        let loaded = yaml_to_json("spec:\n  x: 1\n  x: 2\n  5: a\n  5: b\n").expect("readable");
        assert_eq!(loaded.value, json!({"spec": {"x": 2, "5": "b"}}));
        assert!(loaded.duplicates.is_empty());
    }

    #[test]
    fn errors_have_the_messages_and_line_numbers_of_kubectl() {
        let cases = [
            ("a: b: c", "yaml: mapping values are not allowed in this context"),
            ("k: v\nspec:\n  a: b\n  c: d: e", "yaml: line 4: mapping values are not allowed in this context"),
            ("k: v\nspec:\n\ta: b", "yaml: line 3: found character that cannot start any token"),
            ("k: v\nspec:\n  a: b\n c: d", "yaml: line 3: did not find expected key"),
            ("k: v\nspec:\n  - a\n  b: c", "yaml: line 3: did not find expected '-' indicator"),
            ("k: v\nspec: [a, b\nfoo: c", "yaml: line 2: did not find expected ',' or ']'"),
            ("k: v\nspec: {a: b\nfoo: c", "yaml: line 2: did not find expected ',' or '}'"),
            ("k: v\nspec: \"abc\n", "yaml: line 3: found unexpected end of stream"),
            ("k: v\nspec: \"ab\\q\"", "yaml: line 2: found unknown escape character"),
            ("k: v\nspec:\n  a: b\n  foo\n  bar: x", "yaml: line 5: could not find expected ':'"),
            ("k: v\nspec: @x", "yaml: line 2: found character that cannot start any token"),
            ("k: v\nspec: %x", "yaml: line 2: found character that cannot start any token"),
            ("k: v\nspec:\n  a: |\n   x\n  y", "yaml: line 6: could not find expected ':'"),
            ("k: v\nspec: {a: b}}", "yaml: line 1: did not find expected key"),
            ("k: v\nspec: ]", "yaml: line 1: did not find expected node content"),
            ("k: v\nspec: - a", "yaml: line 2: block sequence entries are not allowed in this context"),
            ("k: v\nspec: ? a", "yaml: line 2: mapping keys are not allowed in this context"),
            ("k: v\nspec: a\n  b: c", "yaml: line 3: mapping values are not allowed in this context"),
            ("k: v\nspec: !<x y", "yaml: line 2: did not find the expected '>'"),
            ("k: v\nspec: |0\n  a", "yaml: line 2: found an indentation indicator equal to 0"),
            ("k: v\nspec: \"a\" b", "yaml: line 1: did not find expected key"),
            ("k: v\nspec: a\n\tb: c", "yaml: line 3: found a tab character that violates indentation"),
            ("k: v\nspec: |\n\tx", "yaml: line 3: found a tab character where an indentation space is expected"),
            ("k: v\nspec: 'x\na: b\n", "yaml: line 4: found unexpected end of stream"),
            ("a: *x", "yaml: unknown anchor 'x' referenced"),
            ("a: &x {b: *x}", "yaml: anchor 'x' value contains itself"),
            ("a: 1\n<<: 5", "yaml: map merge requires map or sequence of maps as the value"),
            ("a: !!int x", "yaml: cannot decode !!str `x` as a !!int"),
            ("a: .inf", "json: unsupported value: +Inf"),
            ("{null: 1}", "unsupported map key of type: %!s(<nil>), key: <nil>, value: 1"),
            ("{[1]: 1}", "yaml: invalid map key: []interface {}{1}"),
            ("a: \u{1}", "yaml: control characters are not allowed"),
        ];
        let mut wrong = Vec::new();
        for (doc, expected) in cases {
            let expected = format!("error converting YAML to JSON: {expected}");
            match yaml_to_json(doc) {
                Err(error) if error.to_string() == expected => {}
                other => wrong.push(format!("{doc:?}: {other:?}, not {expected}")),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn documents_of_many_aliases_are_refused() {
        let mut doc = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            doc.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        let error = yaml_to_json(&doc).expect_err("a bomb");
        assert_eq!(error.to_string(), "error converting YAML to JSON: yaml: document contains excessive aliasing");
    }

    #[test]
    fn deep_documents_are_refused() {
        let nested = |open: &str| open.repeat(100_000);
        let block: String = (0..5_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
        let aliases: String = (0..100_000).map(|level| format!("- &a{} [*a{level}]\n", level + 1)).collect();
        let cases = [
            nested("["),
            nested("{a: "),
            nested("- "),
            nested("? "),
            nested("[{"),
            nested("&a ["),
            nested("!!seq ["),
            block,
            format!("- &a0 x\n{aliases}"),
            format!("{{\"a\": {}", nested("[")),
            nested("{\"a\":"),
        ];
        let load_all = move || {
            for text in cases {
                let error = to_json(&text).err().unwrap_or_else(|| panic!("{} is read", &text[..20]));
                assert!(!error.to_string().is_empty());
            }
        };
        std::thread::spawn(load_all).join().expect("no panic");
    }

    /// Takes minutes if the document is parsed again for every line that is indented.
    #[test]
    fn long_brackets_and_quotes_without_indentation_are_read_in_linear_time() {
        let lines = 20_000;
        let items = "x, # ]\n'it''s ]', \"\\\"]\",\n[\n],\n{k: it's},\n".repeat(lines / 5);
        let loaded = value(&format!("k:\n  a: [\n{items}]\n  b: 1\n"));
        assert_eq!((loaded["k"]["a"].as_array().map(Vec::len), &loaded["k"]["b"]), (Some(lines), &json!(1)));
        for quote in ['"', '\''] {
            let loaded = value(&format!("k:\n  a: {quote}x{}{quote}\n  b: 1\n", "\ny".repeat(lines)));
            assert_eq!((loaded["k"]["a"].as_str().map(str::len), &loaded["k"]["b"]), (Some(1 + 2 * lines), &json!(1)));
        }
    }
}
