//! The greatest cost that an expression can have for values of a type, estimated without evaluating it.
//!
//! Follows cel-go (`checker/cost.go`) and the estimates of the functions of Kubernetes (apiserver,
//! `pkg/cel/library/cost.go`). Expressions are not type-checked here; what has an unknown type counts as small, so that an
//! estimate may be too low, but not too high.

use std::collections::BTreeMap;
use std::rc::Rc;

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};
use cel::parser::Expression as Node;

use super::Expression;

/// The type of a value with the greatest sizes that it can have.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// A boolean, a number or a time.
    Scalar,
    /// A string or bytes of at most so many bytes.
    Text(u64),
    /// A list of at most so many items.
    List(Rc<Type>, u64),
    /// A map of at most so many entries, whose values have a type.
    Map(Rc<Type>, u64),
    /// An object with fields.
    Object(Rc<BTreeMap<String, Type>>),
    /// Anything else.
    Unknown,
}

impl Type {
    /// Returns the greatest size; `None` if it is not known.
    fn size(&self) -> Option<u64> {
        match self {
            Type::Scalar => Some(1),
            Type::Text(size) | Type::List(_, size) | Type::Map(_, size) => Some(*size),
            Type::Object(_) | Type::Unknown => None,
        }
    }

    fn field(&self, name: &str) -> Type {
        match self {
            Type::Object(fields) => fields.get(name).cloned().unwrap_or(Type::Unknown),
            Type::Map(values, _) => Type::clone(values),
            _ => Type::Unknown,
        }
    }

    /// Returns the type of what a loop iterates over: items of a list, keys of a map, whose length has no limit.
    fn items(&self) -> Type {
        match self {
            Type::List(items, _) => Type::clone(items),
            Type::Map(..) => Type::Text(i64::MAX as u64),
            _ => Type::Unknown,
        }
    }

    /// Returns a type that covers both.
    fn or(self, other: Type) -> Type {
        match (self, other) {
            (Type::Text(a), Type::Text(b)) => Type::Text(a.max(b)),
            (Type::List(items, a), Type::List(_, b)) => Type::List(items, a.max(b)),
            (a, b) if a == b => a,
            _ => Type::Unknown,
        }
    }
}

impl Expression {
    /// Estimates the greatest cost of the expression for variables of these types.
    pub fn estimate(&self, variables: &[(&str, Type)]) -> u64 {
        let variables = variables.iter().map(|(name, of)| ((*name).to_owned(), of.clone())).collect();
        Estimator { variables }.cost(self.program.expression()).0
    }
}

struct Estimator {
    /// The variables in scope; the last of a name hides the others.
    variables: Vec<(String, Type)>,
}

/// The greatest cost of an expression and its type.
type Estimate = (u64, Type);

impl Estimator {
    fn cost(&mut self, node: &Node) -> Estimate {
        match &node.expr {
            Expr::Unspecified => (0, Type::Unknown),
            Expr::Literal(literal) => (0, type_of(literal)),
            Expr::Ident(name) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                (1, found.map_or(Type::Unknown, |(_, of)| of.clone()))
            }
            Expr::Select(select) => {
                let (cost, operand) = self.cost(&select.operand);
                match select.test {
                    true => (cost, Type::Scalar),
                    false => (cost.saturating_add(1), operand.field(&select.field)),
                }
            }
            Expr::List(list) => {
                let items: Vec<Estimate> = list.elements.iter().map(|item| self.cost(item)).collect();
                let count = items.len() as u64;
                let cost = items.iter().fold(10, |sum: u64, (cost, _)| sum.saturating_add(*cost));
                let of = items.into_iter().map(|(_, of)| of).reduce(Type::or).unwrap_or(Type::Unknown);
                (cost, Type::List(Rc::new(of), count))
            }
            Expr::Map(map) => (self.entries(map.entries.iter().map(|entry| &entry.expr), 30), Type::Unknown),
            Expr::Struct(literal) => (self.entries(literal.entries.iter().map(|entry| &entry.expr), 40), Type::Unknown),
            Expr::Comprehension(loops) => self.loops(loops),
            Expr::Call(call) => self.call(call),
        }
    }

    fn entries<'n>(&mut self, entries: impl Iterator<Item = &'n EntryExpr>, base: u64) -> u64 {
        entries.fold(base, |sum, entry| match entry {
            EntryExpr::StructField(field) => sum.saturating_add(self.cost(&field.value).0),
            EntryExpr::MapEntry(entry) => {
                sum.saturating_add(self.cost(&entry.key).0).saturating_add(self.cost(&entry.value).0)
            }
        })
    }

    /// Estimates a macro such as `all` or `map`: the cost of a step times the number of items.
    fn loops(&mut self, loops: &ComprehensionExpr) -> Estimate {
        let (range_cost, range) = self.cost(&loops.iter_range);
        let (init_cost, init) = self.cost(&loops.accu_init);
        let outer = self.variables.len();
        // Of two variables, the second is the value of an entry or item.
        let values = range.field("");
        let (first, second) = match (&loops.iter_var2, &range) {
            (Some(_), Type::List(items, _)) => (Type::Scalar, Type::clone(items)),
            (Some(_), _) => (range.items(), values),
            (None, _) => (range.items(), Type::Unknown),
        };
        self.variables.push((loops.iter_var.clone(), first));
        self.variables.extend(loops.iter_var2.clone().map(|name| (name, second)));
        self.variables.push((loops.accu_var.clone(), init));
        let (condition, _) = self.cost(&loops.loop_cond);
        let (step, made) = self.cost(&loops.loop_step);
        let count = range.size().unwrap_or(1);
        let total = match made {
            Type::List(items, _) => Type::List(items, count),
            other => other,
        };
        if let Some((_, accumulator)) = self.variables.last_mut() {
            *accumulator = total;
        }
        let (result_cost, result) = self.cost(&loops.result);
        self.variables.truncate(outer);
        let steps = condition.saturating_add(step).saturating_mul(count);
        (range_cost.saturating_add(init_cost).saturating_add(result_cost).saturating_add(steps), result)
    }

    fn call(&mut self, call: &CallExpr) -> Estimate {
        let args: Vec<Estimate> =
            call.target.as_deref().into_iter().chain(&call.args).map(|arg| self.cost(arg)).collect();
        let costs = args.iter().fold(0, |sum: u64, (cost, _)| sum.saturating_add(*cost));
        let types: Vec<&Type> = args.iter().map(|(_, of)| of).collect();
        match (call.func_name.as_str(), &args[..]) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, _) => (costs, Type::Scalar),
            (operators::CONDITIONAL, [condition, yes, no]) => {
                (condition.0.saturating_add(yes.0.max(no.0)), yes.1.clone().or(no.1.clone()))
            }
            (name, _) => {
                let (own, made) = function(name, &types, call.target.is_some());
                (costs.saturating_add(own), made)
            }
        }
    }
}

fn type_of(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::String(text) => Type::Text(text.inner().len() as u64),
        LiteralValue::Bytes(bytes) => Type::Text(bytes.inner().len() as u64),
        _ => Type::Scalar,
    }
}

/// Multiplies a size by the cost of reading a unit, and rounds up.
fn scaled(size: u64, factor: f64) -> u64 {
    // Saturates, as Go's conversion after its check of the range does.
    (size as f64 * factor).ceil() as u64
}

/// Returns the cost of reading a string (`StringTraversalCostFactor`).
fn reading(size: u64) -> u64 {
    scaled(size, 0.1)
}

/// Returns the cost of a function without that of its arguments, and the type of its result; the receiver comes first.
fn function(name: &str, args: &[&Type], is_member: bool) -> Estimate {
    let size = |index: usize| args.get(index).and_then(|of| of.size());
    let text = |index: usize| reading(size(index).unwrap_or(1));
    match (name, args) {
        (operators::INDEX, [Type::List(items, _), _]) => (1, Type::clone(items)),
        (operators::INDEX, [Type::Map(values, _), _]) => (1, Type::clone(values)),
        (operators::IN, [_, list]) => (list.size().unwrap_or(1), Type::Scalar),
        (operators::ADD, [Type::Text(a), Type::Text(b)]) => {
            let sum = a.saturating_add(*b);
            (reading(sum), Type::Text(sum))
        }
        (operators::ADD, [Type::List(items, a), Type::List(more, b)]) => {
            let of = if **items == Type::Unknown { more } else { items };
            (1, Type::List(of.clone(), a.saturating_add(*b)))
        }
        (
            operators::EQUALS
            | operators::NOT_EQUALS
            | operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS,
            [a, b],
        ) => (reading(a.size().into_iter().chain(b.size()).min().unwrap_or(1)), Type::Scalar),
        ("startsWith" | "endsWith", [_, _]) => (text(1), Type::Scalar),
        ("contains", [_, _]) if is_member => (text(0).saturating_mul(text(1)), Type::Scalar),
        ("matches" | "find" | "findAll", [of, _]) => {
            let string = reading(of.size().unwrap_or(1).saturating_add(1));
            let pattern = scaled(size(1).unwrap_or(1), 0.25);
            let made = match (name, of) {
                ("find", _) => Type::clone(of),
                ("findAll", Type::Text(size)) => Type::List(Rc::new(Type::clone(of)), *size),
                _ => Type::Scalar,
            };
            (string.saturating_mul(pattern), made)
        }
        ("isSorted" | "sum" | "min" | "max" | "indexOf" | "lastIndexOf", [Type::List(items, count), ..]) => {
            let item = match items.as_ref() {
                Type::Text(size) => reading(*size),
                _ => 1,
            };
            (count.saturating_mul(item), Type::clone(items))
        }
        ("lowerAscii" | "upperAscii" | "trim" | "substring" | "charAt", [of @ Type::Text(size), ..]) => {
            (reading(*size), Type::clone(of))
        }
        ("indexOf" | "lastIndexOf", [Type::Text(_), _, ..]) => (text(0).saturating_mul(text(1)), Type::Scalar),
        ("replace", [Type::Text(a), Type::Text(_), Type::Text(b), ..]) => {
            (reading(*a), Type::Text(a.saturating_mul((*b).max(1)).saturating_add(*b)))
        }
        ("split", [of @ Type::Text(size), ..]) => (reading(*size), Type::List(Rc::new(Type::clone(of)), *size)),
        ("string" | "bytes", [of @ Type::Text(size)]) => (reading(*size), Type::clone(of)),
        _ => of_library(name, args),
    }
}

/// Returns the cost of a function of Kubernetes' libraries and the type of its result.
fn of_library(name: &str, args: &[&Type]) -> Estimate {
    let size = |index: usize| args.get(index).and_then(|of| of.size()).unwrap_or(1);
    match (name, args) {
        (
            "quantity" | "isQuantity" | "url" | "isURL" | "ip" | "isIP" | "cidr" | "isCIDR" | "semver" | "isSemver",
            [Type::Text(size), ..],
        ) => (reading(*size), Type::Unknown),
        ("isCanonical", [_, Type::Text(size)]) => (reading(*size), Type::Scalar),
        ("containsIP" | "containsCIDR", [_, Type::Text(size)]) => (reading(*size).saturating_add(1), Type::Scalar),
        ("contains" | "intersects" | "equivalent", [_, _, _]) => {
            let product = size(1).saturating_mul(size(2));
            (product.saturating_mul(if name == "equivalent" { 2 } else { 1 }), Type::Scalar)
        }
        _ => (1, Type::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_those_of_cel_go() {
        let list = |of: Type, count: u64| Type::List(Rc::new(of), count);
        let cases = [
            ("self.n > 1", 3),
            ("has(self.n)", 1),
            ("self.n > 1 && self.n < 5", 6),
            ("self.s == 'abc'", 3),
            ("self.s.startsWith('abc')", 3),
            ("self.s.contains('abcdefghijk')", 22),
            ("self.s.matches('^[a-z]+$')", 24),
            ("self.l.all(x, x > 0)", 503),
            ("self.l.all(x, self.l.all(y, x == y))", 60_603),
            ("self.l.size() == 3", 4),
            ("1 in self.l", 102),
            ("self.n > 1 ? self.s == 'a' : self.l.all(x, x > 0)", 506),
            ("self.s + self.s == 'a'", 25),
            ("[1, 2, 3].all(x, x > self.n)", 32),
            ("self.unknown.all(x, x > 0)", 8),
        ];
        let fields = [("n", Type::Scalar), ("s", Type::Text(100)), ("l", list(Type::Scalar, 100))];
        let of = Type::Object(Rc::new(fields.map(|(name, of)| (name.to_owned(), of)).into()));
        let mut wrong = Vec::new();
        for (text, cost) in cases {
            let expression = Expression::compile(text).expect("an expression");
            let got = expression.estimate(&[("self", of.clone())]);
            if got != cost {
                wrong.push((text, got, cost));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn deep_expressions_are_estimated() {
        let text = format!("self{}{}", ".a".repeat(100), "+1".repeat(100));
        let expression = Expression::compile(&text).expect("an expression");
        assert_eq!(expression.estimate(&[("self", Type::Unknown)]), 201);
    }
}
