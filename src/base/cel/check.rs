//! The types of expressions, checked before they are evaluated (`cel-go/checker`).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr, StructExpr, operators};
use cel::parser::Expression as Node;

use super::depth;
use super::made;
use super::signatures::{self, Kind, Signature, compatible};
use super::{Expression, library};
use crate::order::Order as _;
use crate::regexp;
use crate::sim::Duration;

/// Names of types, which are values, too.
const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "duration",
    "dyn",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "timestamp",
    "type",
    "uint",
];

/// The signatures of all functions.
static SIGNATURES: LazyLock<HashMap<&'static str, Vec<Signature>>> = LazyLock::new(signatures::all);

impl Expression {
    /// Returns the type of the expression for variables of these types.
    ///
    /// # Errors
    ///
    /// Returns the messages that Kubernetes prints after `compilation failed: `.
    pub fn check(&self, variables: &[(&str, Kind)]) -> Result<Kind, String> {
        self.check_with(variables, false)
    }

    /// Like [`check`](Self::check), for an expression that may make a patch: objects of the types `JSONPatch`, `Object`
    /// and `Object.FIELD`.
    ///
    /// # Errors
    ///
    /// Returns the messages that Kubernetes prints after `compilation failed: `.
    pub fn check_patch(&self, variables: &[(&str, Kind)]) -> Result<Kind, String> {
        self.check_with(variables, true)
    }

    fn check_with(&self, variables: &[(&str, Kind)], is_patch: bool) -> Result<Kind, String> {
        let variables = variables.iter().map(|(name, of)| ((*name).to_owned(), of.clone())).collect();
        let mut checker =
            Checker { expression: self, variables, is_patch, errors: Vec::new(), wrong_literals: Vec::new() };
        let of = depth::with_stack(self.depth, || checker.kind(self.program.expression()))?;
        if checker.errors.is_empty() {
            let literals = std::mem::take(&mut checker.wrong_literals);
            literals.iter().for_each(|(id, message)| drop(checker.refuse_at(*id, message)));
        }
        if checker.errors.is_empty() {
            return Ok(of);
        }
        checker.errors.order_by_key(|(at, _)| *at);
        Err(checker.errors.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n"))
    }
}

struct Checker<'e> {
    expression: &'e Expression,
    /// The variables in scope; the last of a name hides the others.
    variables: Vec<(String, Kind)>,
    /// `true` if the expression may make objects of patches.
    is_patch: bool,
    /// The errors with their places in bytes.
    errors: Vec<(u32, String)>,
    /// Messages about literals, by their nodes, which are reported if there is no other error.
    wrong_literals: Vec<(u64, String)>,
}

impl Checker<'_> {
    /// Records an error at a node; its type is then unknown, so that it causes no others.
    fn refuse(&mut self, node: &Node, message: &str) -> Kind {
        self.refuse_at(node.id, message)
    }

    /// Records an error at the node with an ID.
    fn refuse_at(&mut self, id: u64, message: &str) -> Kind {
        let info = self.expression.program.source_info();
        let (at, _) = info.offset_for(id).unwrap_or_default();
        let before = info.source.get(..at as usize).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = info.source[start..].lines().next().unwrap_or_default();
        let column = before[start..].chars().count();
        let row = before.matches('\n').count() + 1;
        let dots = ".".repeat(column);
        self.errors.push((at, format!("ERROR: <input>:{row}:{}: {message}\n | {line}\n | {dots}^", column + 1)));
        Kind::Dyn
    }

    fn kind(&mut self, node: &Node) -> Kind {
        match &node.expr {
            Expr::Unspecified => Kind::Dyn,
            Expr::Literal(literal) => of_literal(literal),
            Expr::Ident(name) => self.ident(node, name),
            Expr::Select(select) => self.select(node, select),
            Expr::List(list) => {
                let items = list.elements.iter().enumerate().map(|(index, item)| {
                    let of = self.kind(item);
                    match of {
                        Kind::Optional(value) if list.optional_indices.contains(&index) => {
                            (item.id, Kind::clone(&value))
                        }
                        other => (item.id, other),
                    }
                });
                let items = items.collect();
                Kind::List(Arc::new(self.common(items)))
            }
            Expr::Map(map) => {
                let (mut keys, mut values) = (Vec::new(), Vec::new());
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        keys.push((entry.key.id, self.kind(&entry.key)));
                        let value = self.kind(&entry.value);
                        let value = match value {
                            Kind::Optional(value) if entry.optional => Kind::clone(&value),
                            other => other,
                        };
                        values.push((entry.value.id, value));
                    }
                }
                Kind::Map(Arc::new(self.common(keys)), Arc::new(self.common(values)))
            }
            Expr::Struct(literal) => self.made(node, literal),
            Expr::Comprehension(loops) => self.loops(loops),
            Expr::Call(call) => self.call(node, call),
        }
    }

    /// Returns the common type of the items of a literal, given with their nodes; items of other types are errors
    /// (`HomogeneousAggregateLiterals`).
    fn common(&mut self, items: Vec<(u64, Kind)>) -> Kind {
        let mut items = items.into_iter();
        let Some((_, mut common)) = items.next() else { return Kind::Dyn };
        for (id, of) in items {
            match join(&common, &of) {
                Some(joined) => common = joined,
                None => return self.refuse_at(id, &format!("expected type '{common}' but found '{of}'")),
            }
        }
        common
    }

    fn ident(&mut self, node: &Node, name: &str) -> Kind {
        let name = name.trim_start_matches('.');
        if let Some((_, of)) = self.variables.iter().rev().find(|(known, _)| known == name) {
            return of.clone();
        }
        match TYPES.contains(&name) || name.starts_with('@') {
            true => Kind::Dyn,
            false => self.undeclared(node, name),
        }
    }

    fn undeclared(&mut self, node: &Node, name: &str) -> Kind {
        self.refuse(node, &format!("undeclared reference to '{name}' (in container '')"))
    }

    /// Returns the type of an object that is made: `Object.spec{replicas: 1}`. Only the fields of a JSON patch have types.
    fn made(&mut self, node: &Node, literal: &StructExpr) -> Kind {
        let name = literal.type_name.as_str();
        let is_known = self.is_patch && made::is_type(name);
        for entry in &literal.entries {
            let EntryExpr::StructField(field) = &entry.expr else { continue };
            let of = self.kind(&field.value);
            let of = if let (true, Kind::Optional(value)) = (field.optional, &of) { Kind::clone(value) } else { of };
            let Some(wanted) =
                Some(&Kind::Made(name.into())).filter(|_| is_known).and_then(|made| self.field(made, &field.field))
            else {
                if is_known {
                    self.refuse_at(entry.id, &format!("undefined field '{}'", field.field));
                }
                continue;
            };
            if !compatible(&wanted, &of) {
                let text =
                    format!("expected type of field '{}' is '{wanted}' but provided type is '{of}'", field.field);
                self.refuse_at(entry.id, &text);
            }
        }
        if is_known { Kind::Made(name.into()) } else { self.undeclared(node, name) }
    }

    fn select(&mut self, node: &Node, select: &SelectExpr) -> Kind {
        if let Some(of) = qualified(node).and_then(|name| self.qualified(&name)) {
            return of;
        }
        let operand = self.kind(&select.operand);
        let of = match self.field(&operand, &select.field) {
            Some(of) => of,
            None if matches!(operand, Kind::Object(_) | Kind::Made(_)) => {
                self.refuse(node, &format!("undefined field '{}'", select.field))
            }
            None => self.refuse(node, &format!("type '{operand}' does not support field selection")),
        };
        if select.test { Kind::BOOL } else { of }
    }

    /// Returns the type of a name with dots: that of a variable such as `authorizer.requestResource`, or a type such as
    /// `net.IP`.
    fn qualified(&self, name: &str) -> Option<Kind> {
        let found = self.variables.iter().rev().find(|(known, _)| known == name);
        let is_type = library::TYPES.contains(&name) || name.starts_with("google.");
        found.map(|(_, of)| of.clone()).or_else(|| is_type.then_some(Kind::Dyn))
    }

    fn field(&self, operand: &Kind, field: &str) -> Option<Kind> {
        match operand {
            Kind::Dyn => Some(Kind::Dyn),
            Kind::Made(name) if **name == *made::JSON_PATCH => match field {
                "op" | "path" | "from" => Some(Kind::STRING),
                "value" => Some(Kind::Dyn),
                _ => None,
            },
            Kind::Made(_) => Some(Kind::Dyn),
            Kind::Object(fields) => fields.get(field).cloned(),
            Kind::Map(_, values) => Some(Kind::clone(values)),
            Kind::Optional(value) => Some(Kind::Optional(Arc::new(self.field(value, field)?))),
            _ => None,
        }
    }

    fn loops(&mut self, loops: &ComprehensionExpr) -> Kind {
        let range = self.kind(&loops.iter_range);
        let (first, second) = match (&range, loops.iter_var2.is_some()) {
            (Kind::List(items), true) => (Kind::INT, Kind::clone(items)),
            (Kind::List(items), false) => (Kind::clone(items), Kind::Dyn),
            (Kind::Map(keys, values), _) => (Kind::clone(keys), Kind::clone(values)),
            (Kind::Dyn, _) => (Kind::Dyn, Kind::Dyn),
            (other, _) => {
                let text = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                (self.refuse(&loops.iter_range, &text), Kind::Dyn)
            }
        };
        let start = self.kind(&loops.accu_init);
        let outer = self.variables.len();
        self.variables.push((loops.accu_var.clone(), start.clone()));
        self.variables.push((loops.iter_var.clone(), first));
        self.variables.extend(loops.iter_var2.clone().map(|name| (name, second)));
        self.kind(&loops.loop_cond);
        let step = self.kind(&loops.loop_step);
        self.variables.truncate(outer);
        // What is collected is known after a step.
        let made = if matches!(start, Kind::List(_) | Kind::Map(..)) { step } else { start };
        self.variables.push((loops.accu_var.clone(), made));
        let result = self.kind(&loops.result);
        self.variables.truncate(outer);
        result
    }

    fn call(&mut self, node: &Node, call: &CallExpr) -> Kind {
        let name = call.func_name.as_str();
        if let Some(Expr::Ident(package)) = call.target.as_deref().map(|target| &target.expr) {
            let qualified = format!("{package}.{name}");
            if package == "jsonpatch" && !self.is_patch {
                return self.undeclared(node, &qualified);
            }
            if SIGNATURES.contains_key(qualified.as_str()) {
                let args: Vec<Kind> = call.args.iter().map(|arg| self.kind(arg)).collect();
                return self.overload(node, &qualified, &args, false);
            }
            if ["lists", "strings", "math", "optional"].contains(&package.as_str()) {
                call.args.iter().for_each(|arg| drop(self.kind(arg)));
                return Kind::Dyn;
            }
        }
        let args: Vec<Kind> = call.target.as_deref().into_iter().chain(&call.args).map(|arg| self.kind(arg)).collect();
        if let Some((Expr::Literal(LiteralValue::String(text)), id)) = call.args.first().map(|arg| (&arg.expr, arg.id))
            && !is_right_literal(name, text.inner())
        {
            self.wrong_literals.push((id, format!("invalid {name} argument")));
        }
        match (name, &args[..]) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, [left, right]) => {
                match compatible(left, &Kind::BOOL) && compatible(right, &Kind::BOOL) {
                    true => Kind::BOOL,
                    false => self.no_overload(node, name, &args, false),
                }
            }
            (operators::CONDITIONAL, [condition, yes, no]) => {
                match compatible(condition, &Kind::BOOL) && compatible(yes, no) {
                    true => join(yes, no).unwrap_or(Kind::Dyn),
                    false => self.no_overload(node, name, &args, false),
                }
            }
            (operators::INDEX | operators::OPT_INDEX, [Kind::Object(_), _]) => Kind::Dyn,
            (operators::OPT_SELECT, [operand, _]) => self.optional_field(node, operand, &call.args),
            (name, _) => self.overload(node, name, &args, call.target.is_some()),
        }
    }

    /// Returns the type of `a.?field`.
    fn optional_field(&mut self, node: &Node, operand: &Kind, args: &[Node]) -> Kind {
        let field = args.iter().rev().find_map(|arg| match &arg.expr {
            Expr::Literal(LiteralValue::String(field)) => Some(field.inner().to_owned()),
            _ => None,
        });
        let field = field.unwrap_or_default();
        match self.field(operand, &field) {
            Some(of @ Kind::Optional(_)) => of,
            Some(of) => Kind::Optional(Arc::new(of)),
            None => self.refuse(node, &format!("undefined field '{field}'")),
        }
    }

    /// Resolves a call; several overloads fit arguments of unknown type.
    fn overload(&mut self, node: &Node, name: &str, args: &[Kind], is_member: bool) -> Kind {
        let Some(overloads) = SIGNATURES.get(name) else { return self.undeclared(node, name) };
        let results: Vec<Kind> = overloads.iter().filter_map(|signature| signature.result(args, is_member)).collect();
        match results.split_first() {
            None => self.no_overload(node, name, args, is_member),
            Some((first, others)) if others.iter().all(|other| other == first) => first.clone(),
            Some(_) => Kind::Dyn,
        }
    }

    fn no_overload(&mut self, node: &Node, name: &str, args: &[Kind], is_member: bool) -> Kind {
        let texts: Vec<String> = args.iter().map(ToString::to_string).collect();
        let applied = match (is_member, texts.split_first()) {
            (true, Some((receiver, others))) => format!("{receiver}.({})", others.join(", ")),
            _ => format!("({})", texts.join(", ")),
        };
        self.refuse(node, &format!("found no matching overload for '{name}' applied to '{applied}'"))
    }
}

/// Returns the name with dots that selections from an identifier spell: `authorizer.requestResource`.
fn qualified(node: &Node) -> Option<String> {
    match &node.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => Some(format!("{}.{}", qualified(&select.operand)?, select.field)),
        _ => None,
    }
}

fn of_literal(literal: &LiteralValue) -> Kind {
    match literal {
        LiteralValue::Boolean(_) => Kind::BOOL,
        LiteralValue::Bytes(_) => Kind::BYTES,
        LiteralValue::Double(_) => Kind::DOUBLE,
        LiteralValue::Int(_) => Kind::INT,
        LiteralValue::Null => Kind::NULL,
        LiteralValue::String(_) => Kind::STRING,
        LiteralValue::UInt(_) => Kind::Simple("uint"),
    }
}

/// Returns the type that covers two; `None` if there is none.
fn join(one: &Kind, other: &Kind) -> Option<Kind> {
    Some(match (one, other) {
        (Kind::Simple("null"), other) if compatible(one, other) => other.clone(),
        (one, Kind::Simple("null")) if compatible(one, other) => one.clone(),
        // The items of an empty list are not known.
        (Kind::List(items), Kind::List(_)) if **items == Kind::Dyn => other.clone(),
        (Kind::List(_), Kind::List(items)) if **items == Kind::Dyn => one.clone(),
        (Kind::Map(_, values), Kind::Map(..)) if **values == Kind::Dyn => other.clone(),
        (Kind::Map(..), Kind::Map(_, values)) if **values == Kind::Dyn => one.clone(),
        _ if one == other => one.clone(),
        _ if compatible(one, other) => Kind::Dyn,
        _ => return None,
    })
}

/// Returns whether a literal is a right argument of a function (`cel-go/cel/validator.go`).
fn is_right_literal(function: &str, value: &str) -> bool {
    match function {
        "duration" => Duration::parse(value).is_some(),
        "timestamp" => chrono::DateTime::parse_from_rfc3339(value).is_ok(),
        "matches" => regexp::compile(value).is_ok(),
        _ => true,
    }
}

#[cfg(test)]
mod tests;
