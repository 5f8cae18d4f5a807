//! The schema of the built-in API types: fields, their types, and how values are decoded.
//!
//! The schema is a text that is read in place. A definition is parsed on first use, so that a command pays only for the
//! kinds it touches. [`texts`] has the documentation and
//! [`patch::merge_keys`](crate::patch::merge_keys) the merge rules; custom resources have schemas of their own.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cel_types;
pub mod decode;
#[cfg(test)]
mod derive;
mod enum_texts;
pub mod enums;
pub mod explain;
pub mod explain_custom;
pub mod explain_v2;
pub mod message;
pub mod order;
mod presence;
mod scalars;
pub mod shape;
pub mod texts;
mod types;
mod wrap;

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::patch::types::FieldSchema;

/// Root lines, an empty line, definition lines (see `derive/lean.rs` for the format).
static TEXT: &str = include_str!("definitions.txt");

/// The built-in definitions.
#[derive(Debug)]
pub struct Schema {
    /// Group, version, kind and the line of their definition, sorted.
    roots: Vec<(&'static str, &'static str, &'static str, usize)>,
    /// The same as a hash map, because every request looks up a kind.
    lines_of_kinds: FxHashMap<(&'static str, &'static str, &'static str), usize>,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    name: &'static str,
    body: &'static str,
    definition: OnceLock<Definition>,
}

/// A definition, such as `io.k8s.api.core.v1.Container`.
#[derive(Debug)]
pub struct Definition {
    /// The full name.
    pub name: &'static str,
    /// The fields, sorted by name.
    pub fields: Vec<Field>,
    /// The type of a definition that is not a struct, such as a quantity or a time.
    pub alias: Option<Type>,
    /// The fields that the server adds to objects, see [`shape::complete`].
    additions: Vec<shape::Addition>,
}

/// A field of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name in JSON.
    pub name: &'static str,
    /// The type.
    pub ty: Type,
    /// `true` if the API marks the field as required.
    pub required: bool,
    /// The rules for server-side apply, computed on first use.
    field_schema: OnceLock<Arc<FieldSchema>>,
}

/// The type of a field, list item or map value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// An object with the definition of this name.
    Object(&'static str),
    /// A list.
    List(Box<Type>),
    /// A map from strings.
    Map(Box<Type>),
    /// A string.
    String,
    /// An integer.
    Integer(Width),
    /// A floating-point number.
    Number,
    /// A boolean.
    Bool,
    /// An integer or a string, as for ports and percentages.
    IntOrString,
    /// A quantity, such as `500Mi`.
    Quantity,
    /// A time with seconds (`metav1.Time`).
    Time,
    /// A time with microseconds (`metav1.MicroTime`).
    MicroTime,
    /// Bytes in base64.
    Bytes,
    /// Any JSON value.
    Any,
}

/// The size of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
}

impl Definition {
    /// Returns the field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        let at = self.fields.binary_search_by(|field| field.name.cmp(name)).ok()?;
        self.fields.get(at)
    }

    /// Returns the name without its package: `Container`.
    pub(crate) fn short_name(&self) -> &'static str {
        short_name(self.name)
    }
}

/// Returns the last part of the name of a definition.
pub(crate) fn short_name(definition: &str) -> &str {
    definition.rsplit('.').next().unwrap_or(definition)
}

/// Returns the last three parts of the name of a definition, the key of the tables in this module: `core.v1.Container`.
pub(crate) fn table_name(definition: &str) -> &str {
    match definition.rmatch_indices('.').nth(2) {
        Some((at, _)) => &definition[at + 1..],
        None => definition,
    }
}

impl Schema {
    /// Returns the schema of the built-in kinds.
    pub fn builtin() -> &'static Schema {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| Schema::read(TEXT))
    }

    fn read(text: &'static str) -> Schema {
        let (roots, definitions) = text.split_once("\n\n").unwrap_or_default();
        let roots: Vec<_> = roots.lines().filter_map(read_root).collect();
        Schema {
            lines_of_kinds: roots.iter().map(|root| ((root.0, root.1, root.2), root.3)).collect(),
            roots,
            lines: definitions.lines().map(read_line).collect(),
        }
    }

    /// Returns the definition with this full name.
    pub fn definition(&self, name: &str) -> Option<&Definition> {
        let line = self.line(name)?;
        Some(line.definition.get_or_init(|| self.read_definition(line)))
    }

    /// Returns the line of a definition.
    ///
    /// Nearly all names that are looked up are slices of the text itself, whose lines are sorted. Their address
    /// identifies the line without comparing long names with long common prefixes.
    fn line(&self, name: &str) -> Option<&Line> {
        let place = |name: &str| (name.as_ptr().addr(), name.len());
        let at = self.lines.binary_search_by_key(&place(name), |line| place(line.name));
        self.lines.get(at.or_else(|_| self.lines.binary_search_by(|line| line.name.cmp(name))).ok()?)
    }

    /// Returns the name of the definition of a kind.
    pub fn root(&self, group: &str, version: &str, kind: &str) -> Option<&'static str> {
        self.name_at(*self.lines_of_kinds.get(&(group, version, kind))?)
    }

    /// Iterates over group, version and kind of all roots, sorted.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> + '_ {
        self.roots.iter().map(|root| (root.0, root.1, root.2))
    }

    /// Iterates over the names of all definitions, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.lines.iter().map(|line| line.name)
    }

    fn name_at(&self, index: usize) -> Option<&'static str> {
        self.lines.get(index).map(|line| line.name)
    }

    fn read_definition(&self, line: &Line) -> Definition {
        let mut columns = line.body.split('\t').filter(|column| !column.is_empty()).peekable();
        let alias = columns.peek().and_then(|column| column.strip_prefix('=')).map(|code| self.read_type(code));
        let fields = match alias {
            Some(_) => Vec::new(),
            None => columns.filter_map(|column| self.read_field(column)).collect(),
        };
        let additions = shape::additions(line.name, &fields);
        Definition { name: line.name, fields, alias, additions }
    }

    fn read_field(&self, column: &'static str) -> Option<Field> {
        let (name, code) = column.rsplit_once(' ')?;
        let ty = self.read_type(code);
        let (name, required) = name.strip_prefix('!').map_or((name, false), |name| (name, true));
        Some(Field { name, ty, required, field_schema: OnceLock::new() })
    }

    fn read_type(&self, code: &str) -> Type {
        if let Some(items) = code.strip_prefix('[') {
            return Type::List(Box::new(self.read_type(items)));
        }
        if let Some(values) = code.strip_prefix('{') {
            return Type::Map(Box::new(self.read_type(values)));
        }
        if let Some(index) = code.strip_prefix('@') {
            return index.parse().ok().and_then(|at| self.name_at(at)).map_or(Type::Any, Type::Object);
        }
        match code {
            "s" => Type::String,
            "i" => Type::Integer(Width::I32),
            "l" => Type::Integer(Width::I64),
            "f" => Type::Number,
            "b" => Type::Bool,
            "x" => Type::IntOrString,
            "q" => Type::Quantity,
            "t" => Type::Time,
            "u" => Type::MicroTime,
            "y" => Type::Bytes,
            _ => Type::Any,
        }
    }
}

fn read_root(line: &'static str) -> Option<(&'static str, &'static str, &'static str, usize)> {
    let mut columns = line.split('\t');
    Some((columns.next()?, columns.next()?, columns.next()?, columns.next()?.parse().ok()?))
}

fn read_line(line: &'static str) -> Line {
    let (name, body) = line.split_once('\t').unwrap_or((line, ""));
    Line { name, body, definition: OnceLock::new() }
}

#[cfg(test)]
mod tests;
