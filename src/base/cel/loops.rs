//! Loops over maps, and those with two variables (`cel-go/ext/comprehensions.go`): `labels.all(key, value, ...)`.
//!
//! The `cel` crate evaluates loops with one variable, over maps in no particular order. Before an evaluation, a loop is
//! rewritten to run over a list: of items, of the keys of a map in their order, or of pairs that are then bound to two
//! variables.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, ListExpr, LiteralValue, MapExpr, operators};
use cel::common::types::{CelInt, CelMap, DYN_TYPE};
use cel::objects::Key;
use cel::parser::{Expression as Node, Macro, MacroExprHelper, ParseError};
use cel::{DeclarationError, Env, ExecutionError, Value};

use super::{Args, FunctionResult, ok_value, values};
use crate::order::Order as _;

/// Returns the items of a list, or the keys of a map in their order.
const ITEMS: &str = "@items";
/// Returns the indexes and items of a list, or the entries of a map in the order of their keys, as pairs.
const PAIRS: &str = "@pairs";
/// Adds an entry, or those of another map, to a map.
const INSERT: &str = "@mapInsert";
/// The variable for the pair of a step.
const PAIR: &str = "@pair";
const RESULT: &str = "@result";

/// Declares the macros for two variables.
pub(super) fn declare_macros(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_macro(two_variables("all", 3, all))?;
    env.add_macro(two_variables("exists", 3, exists))?;
    env.add_macro(two_variables("existsOne", 3, exists_one))?;
    env.add_macro(two_variables("exists_one", 3, exists_one))?;
    for count in [3, 4] {
        env.add_macro(two_variables("transformList", count, transform_list))?;
        env.add_macro(two_variables("transformMap", count, transform_map))?;
        env.add_macro(two_variables("transformMapEntry", count, transform_entry))?;
    }
    env.add_overload(INSERT, "cel_map_insert", vec![DYN_TYPE, DYN_TYPE, DYN_TYPE], insert)?;
    env.add_overload(INSERT, "cel_map_insert_all", vec![DYN_TYPE, DYN_TYPE], insert)
}

/// Declares the functions that rewritten loops call.
pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload(ITEMS, "kctl_items", vec![DYN_TYPE], items)?;
    env.add_overload(PAIRS, "kctl_pairs", vec![DYN_TYPE], pairs)
}

/// The parts of a loop: the start, the condition to go on, the step and the result.
struct Parts {
    start: Node,
    condition: Node,
    step: Node,
    result: Node,
}

/// Makes the parts of a loop from its first variable and the arguments behind the variables.
type Expand = fn(&mut MacroExprHelper<'_>, &str, Vec<Node>) -> Parts;

fn two_variables(name: &str, count: usize, expand: Expand) -> Macro {
    Macro::receiver(name, count, move |helper, target, args| {
        let Some(range) = target.take() else { return Ok(None) };
        let rest = args.split_off(2);
        let second = variable(helper, args.pop())?;
        let first = variable(helper, args.pop())?;
        if first == second {
            let id = rest.first().map_or(0, |arg| arg.id);
            return Err(helper.new_error(id, format!("duplicate variable name: {first}")));
        }
        let parts = expand(helper, &first, rest);
        let loops = ComprehensionExpr {
            iter_range: range,
            iter_var: first,
            iter_var2: Some(second),
            accu_var: RESULT.to_owned(),
            accu_init: parts.start,
            loop_cond: parts.condition,
            loop_step: parts.step,
            result: parts.result,
        };
        Ok(Some(helper.next_expr(Expr::Comprehension(Box::new(loops)))))
    })
}

fn variable(helper: &MacroExprHelper<'_>, arg: Option<Node>) -> Result<String, ParseError> {
    match arg.unwrap_or_default() {
        Node { expr: Expr::Ident(name), .. } => Ok(name),
        other => Err(helper.new_error(other.id, "argument must be a simple name")),
    }
}

fn boolean(helper: &mut MacroExprHelper<'_>, flag: bool) -> Node {
    helper.next_expr(Expr::Literal(LiteralValue::Boolean(flag.into())))
}

fn result(helper: &mut MacroExprHelper<'_>) -> Node {
    helper.next_expr(Expr::Ident(RESULT.to_owned()))
}

fn call(helper: &mut MacroExprHelper<'_>, name: &str, args: Vec<Node>) -> Node {
    helper.next_expr(Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
}

fn all(helper: &mut MacroExprHelper<'_>, _: &str, args: Vec<Node>) -> Parts {
    let accumulated = result(helper);
    let condition = call(helper, operators::NOT_STRICTLY_FALSE, vec![accumulated]);
    let accumulated = result(helper);
    let step = call(helper, operators::LOGICAL_AND, std::iter::once(accumulated).chain(args).collect());
    Parts { start: boolean(helper, true), condition, step, result: result(helper) }
}

fn exists(helper: &mut MacroExprHelper<'_>, _: &str, args: Vec<Node>) -> Parts {
    let accumulated = result(helper);
    let none = call(helper, operators::LOGICAL_NOT, vec![accumulated]);
    let condition = call(helper, operators::NOT_STRICTLY_FALSE, vec![none]);
    let accumulated = result(helper);
    let step = call(helper, operators::LOGICAL_OR, std::iter::once(accumulated).chain(args).collect());
    Parts { start: boolean(helper, false), condition, step, result: result(helper) }
}

fn exists_one(helper: &mut MacroExprHelper<'_>, _: &str, args: Vec<Node>) -> Parts {
    let number =
        |helper: &mut MacroExprHelper<'_>, n: i64| helper.next_expr(Expr::Literal(LiteralValue::Int(n.into())));
    let (accumulated, one) = (result(helper), number(helper, 1));
    let more = call(helper, operators::ADD, vec![accumulated, one]);
    let accumulated = result(helper);
    let step = call(helper, operators::CONDITIONAL, args.into_iter().chain([more, accumulated]).collect());
    let (accumulated, one) = (result(helper), number(helper, 1));
    let is_one = call(helper, operators::EQUALS, vec![accumulated, one]);
    Parts { start: number(helper, 0), condition: boolean(helper, true), step, result: is_one }
}

fn transform_list(helper: &mut MacroExprHelper<'_>, _: &str, mut args: Vec<Node>) -> Parts {
    let made = args.pop().unwrap_or_default();
    let (accumulated, made) = (result(helper), helper.next_expr(Expr::List(ListExpr::new(vec![made]))));
    let step = call(helper, operators::ADD, vec![accumulated, made]);
    let start = helper.next_expr(Expr::List(ListExpr::new(Vec::new())));
    transform(helper, start, step, args.pop())
}

fn transform_map(helper: &mut MacroExprHelper<'_>, first: &str, args: Vec<Node>) -> Parts {
    let key = helper.next_expr(Expr::Ident(first.to_owned()));
    insertion(helper, Some(key), args)
}

fn transform_entry(helper: &mut MacroExprHelper<'_>, _: &str, args: Vec<Node>) -> Parts {
    insertion(helper, None, args)
}

fn insertion(helper: &mut MacroExprHelper<'_>, key: Option<Node>, mut args: Vec<Node>) -> Parts {
    let made = args.pop().unwrap_or_default();
    let accumulated = result(helper);
    let step = call(helper, INSERT, [accumulated].into_iter().chain(key).chain([made]).collect());
    let start = helper.next_expr(Expr::Map(MapExpr::default()));
    transform(helper, start, step, args.pop())
}

/// Returns the parts of a loop that makes something of all items, or of those that a filter accepts.
fn transform(helper: &mut MacroExprHelper<'_>, start: Node, step: Node, filter: Option<Node>) -> Parts {
    let step = match filter {
        Some(filter) => {
            let accumulated = result(helper);
            call(helper, operators::CONDITIONAL, vec![filter, step, accumulated])
        }
        None => step,
    };
    Parts { start, condition: boolean(helper, true), step, result: result(helper) }
}

/// Lets a loop run over a list, with one variable.
pub(super) fn rewrite(loops: &mut ComprehensionExpr) {
    let range = std::mem::take(&mut loops.iter_range);
    match loops.iter_var2.take() {
        None if matches!(range.expr, Expr::List(_)) => loops.iter_range = range,
        None => loops.iter_range = plain_call(ITEMS, vec![range]),
        Some(second) => {
            loops.iter_range = plain_call(PAIRS, vec![range]);
            let first = std::mem::replace(&mut loops.iter_var, PAIR.to_owned());
            bind_step(&mut loops.loop_step, &first, &second);
        }
    }
}

/// Binds the two variables of a step in its parts, so that the step keeps its form.
fn bind_step(step: &mut Node, first: &str, second: &str) {
    let is_result = |node: &Node| matches!(&node.expr, Expr::Ident(name) if name == RESULT);
    match &mut step.expr {
        Expr::Call(call) if call.args.iter().any(is_result) => {
            let parts = call.args.iter_mut().filter(|arg| !is_result(arg));
            parts.for_each(|part| bind_step(part, first, second));
        }
        Expr::List(list) => list.elements.iter_mut().for_each(|item| bind_step(item, first, second)),
        _ => {
            let body = std::mem::take(step);
            *step = bind(first, 0, bind(second, 1, body));
        }
    }
}

/// Binds a variable to a part of the pair of a step.
fn bind(name: &str, part: i64, body: Node) -> Node {
    let id = body.id;
    let node = |expr: Expr| Node { id, expr };
    let (pair, part) = (Expr::Ident(PAIR.to_owned()), Expr::Literal(LiteralValue::Int(CelInt::from(part))));
    let value = CallExpr { func_name: operators::INDEX.to_owned(), target: None, args: vec![node(pair), node(part)] };
    let bound = ComprehensionExpr {
        iter_range: node(Expr::List(ListExpr::new(Vec::new()))),
        iter_var: "#unused".to_owned(),
        iter_var2: None,
        accu_var: name.to_owned(),
        accu_init: node(Expr::Call(value)),
        loop_cond: node(Expr::Literal(LiteralValue::Boolean(false.into()))),
        loop_step: node(Expr::Ident(name.to_owned())),
        result: body,
    };
    node(Expr::Comprehension(Box::new(bound)))
}

fn plain_call(name: &str, args: Vec<Node>) -> Node {
    let id = args.first().map_or(0, |arg| arg.id);
    Node { id, expr: Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }) }
}

fn not_iterable() -> ExecutionError {
    ExecutionError::UnexpectedType { got: "another type".to_owned(), want: "iterable".to_owned() }
}

fn items<'b, 'v>(mut args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let Some(range) = args.pop() else { return Err(ExecutionError::MissingArgumentOrTarget) };
    if range.downcast_ref::<CelMap>().is_none() {
        return Ok(range);
    }
    let Value::Map(map) = Value::try_from(range.as_ref())? else { return Ok(range) };
    let mut keys: Vec<&Key> = map.map.keys().collect();
    keys.order();
    ok_value(keys.into_iter().map(|key| Value::from(key.clone())).collect::<Vec<Value>>())
}

fn pairs<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let pairs: Vec<Vec<Value>> = match values(&args)?.pop() {
        Some(Value::List(items)) => {
            (0i64..).zip(items.iter()).map(|(index, item)| vec![Value::Int(index), item.clone()]).collect()
        }
        Some(Value::Map(map)) => {
            let mut entries: Vec<(&Key, &Value)> = map.map.iter().collect();
            entries.order_by_key(|(key, _)| *key);
            entries.into_iter().map(|(key, value)| vec![Value::from(key.clone()), value.clone()]).collect()
        }
        _ => return Err(not_iterable()),
    };
    ok_value(pairs.into_iter().map(Value::from).collect::<Vec<Value>>())
}

fn insert<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let mut args = values(&args)?.into_iter();
    let (Some(Value::Map(map)), Some(added)) = (args.next(), args.next()) else { return Err(not_iterable()) };
    let mut entries = (*map.map).clone();
    let new: Vec<(Key, Value)> = match (added, args.next()) {
        (key, Some(value)) => vec![(key_of(key)?, value)],
        (Value::Map(more), None) => more.map.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        _ => return Err(not_iterable()),
    };
    for (key, value) in new {
        if entries.contains_key(&key) {
            return Err(ExecutionError::function_error(INSERT, format!("insert failed: key {key} already exists")));
        }
        entries.insert(key, value);
    }
    ok_value(Value::Map(entries.into()))
}

fn key_of(value: Value) -> Result<Key, ExecutionError> {
    match value {
        Value::Int(number) => Ok(Key::Int(number)),
        Value::UInt(number) => Ok(Key::Uint(number)),
        Value::Bool(flag) => Ok(Key::Bool(flag)),
        Value::String(text) => Ok(Key::String(text)),
        other => Err(ExecutionError::UnsupportedKeyType(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Expression, Kind, Value};

    #[test]
    fn loops_can_have_two_variables() {
        for text in [
            "{'a': 1, 'b': 2}.all(k, v, v > 0 && k != '') && !{'a': 1}.all(k, v, v > 1)",
            "{'a': 1}.exists(k, v, k == 'a' && v == 1) && !{'a': 1}.exists(k, v, k == 'b')",
            "{'a': 1}.existsOne(k, v, v == 1) && self.existsOne(i, v, v == 3 && i == 0)",
            "self.all(i, v, i < 2 && v > 0) && [5, 6].transformList(i, v, i + v) == [5, 7]",
            "[5, 6].transformList(i, v, i > 0, v) == [6] && {'b': 1, 'a': 2}.transformList(k, v, k) == ['a', 'b']",
            "{'a': 1}.transformMap(k, v, v + 1) == {'a': 2} && {'a': 1, 'b': 2}.transformMap(k, v, v > 1, v) == {'b': 2}",
            "{'a': 'x'}.transformMapEntry(k, v, {v: k}) == {'x': 'a'}",
            "{'a': 1, 'b': 0}.all(k, v, 1 / v == 1 && k == 'a') == false || true",
            "{'b': 1, 'a': 2, 'c': 3}.map(k, k) == ['a', 'b', 'c'] && lists.range(2) == [0, 1]",
            "{'a': {'b': 1}}.all(k, v, v.all(l, w, k == 'a' && l == 'b' && w == 1))",
        ] {
            let expression = Expression::compile(text).expect(text);
            let of = expression.check(&[("self", Kind::List(std::sync::Arc::new(Kind::INT)))]);
            assert_eq!(of, Ok(Kind::BOOL), "{text}");
            assert_eq!(
                expression.evaluate(vec![("self", Value::from(vec![3i64, 1]))]),
                Ok(Value::Bool(true)),
                "{text}"
            );
        }
        let error = |text: &str| Expression::compile(text).and_then(|expression| expression.evaluate(vec![]));
        let twice = error("[1, 2].transformMapEntry(i, v, {'a': v})").expect_err("the key is repeated");
        assert_eq!(twice, "insert failed: key a already exists");
        let name = error("[1].all(i.x, v, true)").expect_err("no name");
        assert!(name.contains("argument must be a simple name"), "{name}");
    }
}
