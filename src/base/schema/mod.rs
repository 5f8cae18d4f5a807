//! The built-in API types: fields, their types, what is required, how lists merge, how values are decoded.
//!
//! The facts come from the text that the build script writes; it is read in place, and a definition is taken apart only
//! when somebody asks for it, so that a command pays for the kinds it touches. Documentation lives in [`texts`], patch
//! merge keys with the patches, and custom resources bring their own schema: they have nothing here.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod decode;
pub mod enums;
pub mod explain;
pub mod explain_custom;
pub mod message;
mod scalars;
pub mod shape;
pub mod texts;
mod types;

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::patch::types::Ownership;

/// Written by the build script: root lines, an empty line, definition lines (see `src/build/lean.rs` for the format).
static TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/schema.txt"));

/// All built-in definitions.
#[derive(Debug)]
pub struct Schema {
    /// Group, version and kind with the line of their definition, in this order.
    roots: Vec<(&'static str, &'static str, &'static str, usize)>,
    /// The same lines, found without a search: every request asks.
    lines_of_kinds: FxHashMap<(&'static str, &'static str, &'static str), usize>,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    name: &'static str,
    body: &'static str,
    definition: OnceLock<Definition>,
}

/// One structure of the API, such as `io.k8s.api.core.v1.Container`.
#[derive(Debug)]
pub struct Definition {
    /// The full name.
    pub name: &'static str,
    /// In the order of their names.
    pub fields: Vec<Field>,
    /// What the definition stands for when it is no structure: quantities, times and the like.
    pub alias: Option<Type>,
    /// What the server adds to objects, see [`shape::complete`].
    additions: Vec<shape::Addition>,
}

/// One field of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name in JSON.
    pub name: &'static str,
    /// What it holds.
    pub ty: Type,
    /// Whether the API marks it as required.
    pub required: bool,
    /// How it is owned, once somebody has asked.
    ownership: OnceLock<Arc<Ownership>>,
}

/// What a field, a list element or a map value holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// The definition of this name.
    Object(&'static str),
    /// A list.
    List(Box<Type>),
    /// A map from strings.
    Map(Box<Type>),
    /// A string.
    String,
    /// A whole number.
    Integer(Width),
    /// A number with a fraction.
    Number,
    /// A boolean.
    Bool,
    /// A whole number or a string, as in ports and percentages.
    IntOrString,
    /// An amount with a unit, such as `500Mi`.
    Quantity,
    /// A time to the second.
    Time,
    /// A time to the microsecond.
    MicroTime,
    /// Bytes, in base64.
    Bytes,
    /// Any JSON value.
    Any,
}

/// The size of a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
}

/// What a walker over values needs to know of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape<'a> {
    /// An object of this definition.
    Object(&'static str),
    /// A list of these.
    List(&'a Type),
    /// A map of these.
    Map(&'a Type),
    /// Anything without structure.
    Other(&'a Type),
}

impl Type {
    /// How a walker goes on from here.
    pub fn shape(&self) -> Shape<'_> {
        match self {
            Type::Object(name) => Shape::Object(name),
            Type::List(items) => Shape::List(items),
            Type::Map(values) => Shape::Map(values),
            other => Shape::Other(other),
        }
    }
}

impl Definition {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        let at = self.fields.binary_search_by(|field| field.name.cmp(name)).ok()?;
        self.fields.get(at)
    }

    /// The name without its package: `Container`.
    pub fn short_name(&self) -> &'static str {
        short_name(self.name)
    }
}

/// The last part of a definition's name.
pub fn short_name(definition: &str) -> &str {
    definition.rsplit('.').next().unwrap_or(definition)
}

/// The last three parts of a definition's name, as the tables of this module use them: `core.v1.Container`.
pub(crate) fn table_name(definition: &str) -> &str {
    match definition.rmatch_indices('.').nth(2) {
        Some((at, _)) => &definition[at + 1..],
        None => definition,
    }
}

impl Schema {
    /// The schema of the built-in kinds.
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

    /// The definition of this full name.
    pub fn definition(&self, name: &str) -> Option<&Definition> {
        let line = self.line(name)?;
        Some(line.definition.get_or_init(|| self.read_definition(line)))
    }

    /// The line of a definition. Nearly all names that are asked for stand in the text itself, whose lines are in its
    /// order: where such a name lies says which it is, without comparing what are long names with long beginnings in common.
    fn line(&self, name: &str) -> Option<&Line> {
        let place = |name: &str| (name.as_ptr().addr(), name.len());
        let at = self.lines.binary_search_by_key(&place(name), |line| place(line.name));
        self.lines.get(at.or_else(|_| self.lines.binary_search_by(|line| line.name.cmp(name))).ok()?)
    }

    /// The name of the definition of a kind.
    pub fn root(&self, group: &str, version: &str, kind: &str) -> Option<&'static str> {
        self.name_at(*self.lines_of_kinds.get(&(group, version, kind))?)
    }

    /// Group, version and kind of everything that has a root, in this order.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> + '_ {
        self.roots.iter().map(|root| (root.0, root.1, root.2))
    }

    /// The names of all definitions, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.lines.iter().map(|line| line.name)
    }

    /// What a field of a definition holds; `None` when there is no such definition or field.
    pub fn field(&self, definition: &str, field: &str) -> Option<Shape<'_>> {
        Some(self.definition(definition)?.field(field)?.ty.shape())
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
        Some(Field { name, ty, required, ownership: OnceLock::new() })
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
