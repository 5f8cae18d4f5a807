//! The cost of an evaluation, counted while it runs.
//!
//! The `cel` crate counts nothing, so an expression is rewritten before it is evaluated: the step of every loop goes
//! through [`STEP`], and what a function reads through [`SIZED`]. Both charge the meter of the thread and fail once it is
//! used up. The functions whose result can be much larger than their arguments are replaced by others that charge the
//! result before they make it. The costs are those of cel-go (`interpreter/runtimecost.go`), of which the meter counts the
//! least that an expression can take.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, operators};
use cel::common::types::{CelInt, CelOptional, CelString, DYN_TYPE, INT_TYPE};
use cel::common::value::{CowVal, Val};
use cel::parser::Expression as Node;
use cel::{Context, DeclarationError, Env, ExecutionError, Program, Value};

use super::{Args, FunctionResult, STANDARD, library, loops, ok_value, values};

/// The cost that one evaluation may take (`PerCallLimit` in apiserver, `pkg/apis/cel/config.go`).
pub const CALL_COST_MAX: u64 = 1_000_000;

/// The cost of an authorization check, so that an expression can make two of them (`library/cost.go`).
const CHECK_COST: u64 = 350_000;

const STEP: &str = "@step";
const SIZED: &str = "@sized";
const FIELDS: &str = "@fields";

/// Functions whose result may be much larger than their arguments, the name of the replacement, and how it calls them.
const GROWING: &[(&str, &str, &[&str])] = &[
    ("replace", "@replace", &["a.replace(b, c)", "a.replace(b, c, d)"]),
    ("join", "@join", &["a.join()", "a.join(b)"]),
    ("format", "@format", &["a.format(b)"]),
];

/// Operators whose result is not larger than their operands.
const ARITHMETIC: &[&str] =
    &[operators::ADD, operators::SUBSTRACT, operators::MULTIPLY, operators::DIVIDE, operators::MODULO];

thread_local! {
    /// The rest of the cost that the running evaluation may take.
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// Runs an evaluation within [`CALL_COST_MAX`], and returns its result with its cost; `None` if it has been exceeded.
pub(super) fn metered<T>(least: u64, evaluation: impl FnOnce() -> T) -> (Option<T>, u64) {
    let outer = LEFT.replace(CALL_COST_MAX.saturating_sub(least));
    let result = evaluation();
    let left = LEFT.replace(outer);
    (Some(result).filter(|_| left > 0), CALL_COST_MAX - left)
}

/// Charges a cost to the evaluation that is running.
fn charge(cost: u64) -> Result<(), ExecutionError> {
    LEFT.set(LEFT.get().saturating_sub(cost));
    match LEFT.get() {
        0 => Err(ExecutionError::InternalError("actual cost limit exceeded".into())),
        _ => Ok(()),
    }
}

/// Declares the functions that a rewritten expression calls.
pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload(STEP, "kctl_step", vec![DYN_TYPE, INT_TYPE], step)?;
    env.add_overload(SIZED, "kctl_sized", vec![DYN_TYPE], sized)?;
    env.add_overload(FIELDS, "kctl_fields", vec![DYN_TYPE], fields)?;
    env.add_overload("@replace", "kctl_replace", vec![DYN_TYPE, DYN_TYPE, DYN_TYPE], replace)?;
    env.add_overload("@replace", "kctl_replace_n", vec![DYN_TYPE, DYN_TYPE, DYN_TYPE, DYN_TYPE], replace)?;
    env.add_overload("@join", "kctl_join", vec![DYN_TYPE], join)?;
    env.add_overload("@join", "kctl_join_with", vec![DYN_TYPE, DYN_TYPE], join)?;
    env.add_overload("@format", "kctl_format", vec![DYN_TYPE, DYN_TYPE], format)
}

/// Rewrites an expression, and returns the least cost of what is outside of its loops.
pub(super) fn rewrite(node: &mut Node) -> u64 {
    match &mut node.expr {
        Expr::Unspecified | Expr::Literal(_) => 0,
        Expr::Ident(_) => 1,
        Expr::Select(select) => {
            let cost = rewrite(&mut select.operand) + u64::from(!select.test);
            with_fields(&mut select.operand);
            cost
        }
        Expr::List(list) => list.elements.iter_mut().map(rewrite).sum::<u64>() + 10,
        Expr::Map(map) => map.entries.iter_mut().map(|entry| rewrite_entry(&mut entry.expr)).sum::<u64>() + 30,
        Expr::Struct(literal) => {
            literal.entries.iter_mut().map(|entry| rewrite_entry(&mut entry.expr)).sum::<u64>() + 40
        }
        Expr::Comprehension(loops) => {
            let cost = rewrite(&mut loops.loop_cond) + rewrite(&mut loops.loop_step);
            let once = rewrite(&mut loops.iter_range) + rewrite(&mut loops.accu_init) + rewrite(&mut loops.result);
            loops::rewrite(loops);
            charge_steps(loops, cost);
            once
        }
        Expr::Call(called) => {
            let is_check = called.func_name == "check" && called.target.is_some();
            let cost = rewrite_call(called);
            if is_check {
                charge_step(node, CHECK_COST);
            }
            cost
        }
    }
}

/// Charges each step of a loop with a cost. The `cel` crate recognises the steps of `all`, `exists`, `map` and `filter` by
/// their form, which therefore stays.
fn charge_steps(loops: &mut ComprehensionExpr, cost: u64) {
    if !matches!(loops.loop_cond.expr, Expr::Literal(_)) {
        return charge_step(&mut loops.loop_cond, cost);
    }
    match &mut loops.loop_step.expr {
        Expr::Call(step) if step.func_name == operators::CONDITIONAL => return charge_step(&mut step.args[0], cost),
        Expr::Call(step) if step.func_name == operators::ADD => {
            if let Some(Expr::List(added)) = step.args.get_mut(1).map(|added| &mut added.expr)
                && let [item] = &mut added.elements[..]
            {
                return charge_step(item, cost);
            }
        }
        _ => {}
    }
    charge_step(&mut loops.loop_step, cost);
}

/// Lets the evaluation of a node be charged with a cost.
fn charge_step(part: &mut Node, cost: u64) {
    let inner = std::mem::take(part);
    let cost = LiteralValue::Int(CelInt::from(i64::try_from(cost).unwrap_or(i64::MAX)));
    let cost = Node { id: inner.id, expr: Expr::Literal(cost) };
    *part = call(STEP, vec![inner, cost]);
}

/// Names that stand before others as packages, and not for values.
const PACKAGES: &[&str] = &["authorizer", "google", "kubernetes", "net", "optional_type"];

/// Lets a value without fields count as an empty map, of which a field can be tested: for cel-go, `has(null.a)` is false.
fn with_fields(operand: &mut Node) {
    if root(operand).is_some_and(|name| PACKAGES.contains(&name)) {
        return;
    }
    let inner = std::mem::take(operand);
    *operand = call(FIELDS, vec![inner]);
}

/// Returns the first name of `a.b.c`.
fn root(node: &Node) -> Option<&str> {
    match &node.expr {
        Expr::Ident(name) => Some(name),
        Expr::Select(select) => root(&select.operand),
        _ => None,
    }
}

/// Returns the argument, or an empty map if it has no fields.
fn fields<'b, 'v>(mut args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let arg = args.pop().ok_or(ExecutionError::MissingArgumentOrTarget)?;
    let has_fields = arg.as_indexer().is_some() && arg.downcast_ref::<CelString>().is_none();
    if has_fields || arg.downcast_ref::<CelOptional>().is_some() {
        return Ok(arg);
    }
    ok_value(HashMap::<String, Value>::new())
}

fn rewrite_entry(entry: &mut cel::common::ast::EntryExpr) -> u64 {
    use cel::common::ast::EntryExpr;
    match entry {
        EntryExpr::StructField(field) => rewrite(&mut field.value),
        EntryExpr::MapEntry(entry) => rewrite(&mut entry.key) + rewrite(&mut entry.value),
    }
}

fn rewrite_call(called: &mut CallExpr) -> u64 {
    let costs: Vec<u64> = called.args.iter_mut().map(rewrite).collect();
    let target = called.target.as_deref_mut().map_or(0, rewrite);
    match (called.func_name.as_str(), &costs[..]) {
        // The right side need not be evaluated, except that of the steps of a loop.
        (operators::LOGICAL_AND | operators::LOGICAL_OR, [left, right]) => {
            let is_loop = matches!(called.args[0].expr, Expr::Ident(_));
            return left + if is_loop { *right } else { 0 };
        }
        (operators::CONDITIONAL, [condition, yes, no]) => return condition + yes.min(no),
        (operators::OPT_SELECT, [_, _]) => with_fields(&mut called.args[0]),
        (operators::INDEX | operators::OPT_INDEX | operators::LOGICAL_NOT, _) | (operators::NOT_STRICTLY_FALSE, _) => {}
        (name, _) => match GROWING.iter().find(|(of, ..)| *of == name && called.target.is_some()) {
            Some((_, replacement, forms))
                if (1..=forms.len()).any(|n| called.args.len() + 1 == arity(forms[n - 1])) =>
            {
                let target = called.target.take();
                called.args.splice(0..0, target.map(|target| *target));
                called.func_name = (*replacement).to_owned();
            }
            // The length of a list is known.
            _ if name == "size" => {}
            _ => {
                called.target.iter_mut().for_each(|target| measure(target));
                called.args.iter_mut().for_each(measure);
            }
        },
    }
    costs.iter().sum::<u64>() + target + 1
}

/// Returns the number of variables of a form such as `a.join(b)`.
fn arity(form: &str) -> usize {
    ["a", "b", "c", "d"]
        .iter()
        .filter(|name| form.split(|c: char| !c.is_alphanumeric()).any(|word| word == **name))
        .count()
}

/// Lets an argument be measured, unless its size is known or the name is that of a type or a namespace.
fn measure(node: &mut Node) {
    let is_namespace = |name: &str| matches!(name, "lists" | "optional" | "strings") || library::is_namespace(name);
    match &node.expr {
        Expr::Literal(_) | Expr::Unspecified => return,
        Expr::Ident(name) if is_namespace(name) => return,
        // What an operator makes is not larger than its operands, which have been measured.
        Expr::Call(called) if ARITHMETIC.contains(&called.func_name.as_str()) => return,
        _ => {}
    }
    let inner = std::mem::take(node);
    *node = call(SIZED, vec![inner]);
}

fn call(name: &str, args: Vec<Node>) -> Node {
    let id = args.first().map_or(0, |arg| arg.id);
    Node { id, expr: Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }) }
}

/// Charges the second argument and returns the first one.
fn step<'b, 'v>(mut args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let cost = args.pop().and_then(|cost| cost.downcast_ref::<CelInt>().map(|cost| cost.inner().unsigned_abs()));
    charge(cost.unwrap_or(1))?;
    args.pop().ok_or(ExecutionError::MissingArgumentOrTarget)
}

/// Charges the size of an argument and returns the argument.
fn sized<'b, 'v>(mut args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let arg = args.pop().ok_or(ExecutionError::MissingArgumentOrTarget)?;
    charge(traversal(arg.as_ref()))?;
    Ok(arg)
}

/// Returns the cost of reading a value: a tenth of the bytes of a string (`StringTraversalCostFactor`), and one for each
/// item of a list or entry of a map.
fn traversal(value: &dyn Val) -> u64 {
    if let Some(text) = value.downcast_ref::<CelString>() {
        return text.inner().len() as u64 / 10;
    }
    let Some(mut items) = value.as_iterable().map(|list| list.iter()) else { return 0 };
    let (mut cost, left) = (0, LEFT.get());
    while cost <= left
        && let Some(item) = items.next()
    {
        cost += 1 + traversal(item);
    }
    cost
}

fn replace<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let text = |index: usize| args.get(index).and_then(|arg| arg.downcast_ref::<CelString>()).map(|text| text.inner());
    if let (Some(text), Some(from), Some(to)) = (text(0), text(1), text(2)) {
        charge((text.len() + text.matches(from).count() * to.len()) as u64 / 10)?;
    }
    delegate("@replace", args)
}

fn join<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let separator = args.get(1).map_or(0, |separator| traversal(separator.as_ref()));
    let count = args.first().and_then(|list| list.as_sizer()).map_or(0, |list| list.size().inner().unsigned_abs());
    charge(args.first().map_or(0, |list| traversal(list.as_ref())).saturating_add(separator.saturating_mul(count)))?;
    delegate("@join", args)
}

fn format<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    charge(args.iter().map(|arg| traversal(arg.as_ref())).sum())?;
    delegate("@format", args)
}

/// Calls the function that a replacement stands for.
fn delegate<'b, 'v>(replacement: &str, args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    static PROGRAMS: LazyLock<Vec<(&str, usize, Program)>> = LazyLock::new(|| {
        let forms = GROWING.iter().flat_map(|(_, name, forms)| forms.iter().map(move |form| (*name, *form)));
        let compiled = forms.map(|(name, form)| Some((name, arity(form), STANDARD.compile(form).ok()?)));
        compiled.flatten().collect()
    });
    let program = PROGRAMS.iter().find(|(name, count, _)| *name == replacement && *count == args.len());
    let (.., program) = program.ok_or(ExecutionError::MissingArgumentOrTarget)?;
    let mut context = Context::with_env(Arc::clone(&STANDARD));
    for (name, value) in ["a", "b", "c", "d"].into_iter().zip(values(&args)?) {
        context.add_variable_from_value(name, value);
    }
    let result: Box<dyn Val> = program.execute(&context)?.try_into()?;
    Ok(CowVal::Owned(result))
}

#[cfg(test)]
mod tests {
    use super::super::{COST_EXCEEDED, Expression};
    use super::*;

    fn evaluate(text: &str, count: i64) -> Result<Value, String> {
        let list: Vec<i64> = (0..count).collect();
        let text_value = "x".repeat(count.unsigned_abs() as usize);
        Expression::compile(text)?.evaluate(vec![("self", Value::from(list)), ("text", Value::from(text_value))])
    }

    #[test]
    fn evaluations_end_at_the_limit_of_cost() {
        for (text, count) in [
            ("self.all(x, self.all(y, self.all(z, x + y + z >= 0)))", 300),
            ("self.all(x, self.exists(y, self.exists(z, self.exists(w, x + y + z + w < 0)))) || true", 300),
            ("self.map(x, self.map(y, self.filter(z, z > x))).size() > 0", 300),
            (
                "text.replace('', 'xxxxxxxxxx').replace('', 'xxxxxxxxxx').replace('', 'xxxxxxxxxx').replace('', 'xxxxxxxxxx').replace('', 'xxxxxxxxxx').replace('', 'xxxxxxxxxx').replace('', 'xxxxxxxxxx') == ''",
                100,
            ),
            ("text.replace('x', text) == ''", 1_000_000),
            ("self.map(x, text).join() == ''", 10_000),
            ("self.map(x, '').join(text) == ''", 10_000),
            ("'%s%s'.format([self.map(x, text), 1]) == ''", 10_000),
            ("self.all(x, text.contains('y') || true)", 10_000),
            ("self.all(x, text.matches('y+$') || text.size() > 0)", 10_000),
            ("self.all(x, self == self)", 10_000),
            ("self.all(x, self.sum() > 0)", 10_000),
        ] {
            assert_eq!(evaluate(text, count), Err(COST_EXCEEDED.to_owned()), "{text}");
        }
    }

    #[test]
    fn ordinary_evaluations_are_within_the_limit() {
        for (text, count) in [
            ("self.all(x, x < 100000 && self.size() > 3)", 50_000),
            ("self.all(x, self.exists_one(y, x == y))", 100),
            ("text.replace('x', 'yy').size() == 20000 && text.replace('x', 'y', 1).startsWith('yx')", 10_000),
            ("self.map(x, 'a').join(',').size() == 1999 && ['a', 'b'].join() == 'ab'", 1000),
            ("'%s-%d'.format(['a', 7]) == 'a-7' && optional.of(1).hasValue() && type(text) == string", 3),
        ] {
            assert_eq!(evaluate(text, count), Ok(Value::Bool(true)), "{text}");
        }
        assert_eq!(evaluate("1.replace('a', 'b') == ''", 1), Err("no such overload".to_owned()));
    }
}
