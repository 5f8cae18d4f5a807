//! The Common Expression Language (CEL), in which validation rules and admission policies are written.
//!
//! The `cel` crate has the language and its standard library. This module adds the functions of Kubernetes
//! (<https://kubernetes.io/docs/reference/using-api/cel/>), cel-go's checks of types and its error messages. Schemas are
//! unknown here: the types of variables are given.

mod check;
mod convert;
mod depth;
mod estimate;
mod library;
mod loops;
mod made;
mod meter;
mod shared;
mod signatures;

pub use convert::{from_json, to_json};
pub use estimate::Type;
pub use library::{Access, Authorizer, Objects, authorizer, cluster, resource_check};
pub use made::{JSON_PATCH, OBJECT, fields, misplaced};
pub use meter::CALL_COST_MAX;
pub use shared::SharedObject;
pub use signatures::Kind;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

pub use cel::Value;
use cel::common::types::{DYN_TYPE, LIST_TYPE, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::objects::OptionalValue;
use cel::{Context, DeclarationError, Env, ExecutionError, Program, extensions};
use regex::Regex;

use crate::regexp;

/// A compiled expression.
pub struct Expression {
    program: Program,
    env: Arc<Env>,
    /// The expression with the calls that count its cost.
    metered: cel::parser::Expression,
    /// The least cost outside of loops.
    least: u64,
    depth: usize,
}

/// The error of an evaluation that costs more than [`CALL_COST_MAX`].
pub const COST_EXCEEDED: &str = "operation cancelled: actual cost limit exceeded";

/// The greatest length of an expression in characters, cel-go's default (`ExpressionSizeCodePointLimit`).
const LENGTH_MAX: usize = 100_000;

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// Returns the message that Kubernetes prints after `compilation failed: `.
    pub fn compile(text: &str) -> Result<Expression, String> {
        let length = text.chars().count();
        if length > LENGTH_MAX {
            return Err(format!(
                "ERROR: <input>:-1:0: expression code point size exceeds limit: size: {length}, limit {LENGTH_MAX}"
            ));
        }
        let depth = depth::check(text)?;
        depth::with_stack(depth, || Expression::parse(text, depth))?
    }

    fn parse(text: &str, depth: usize) -> Result<Expression, String> {
        let program = ENV.compile(text).map_err(|errors| {
            // cel-go indents the excerpt of the source.
            errors.to_string().replace("\n| ", "\n | ")
        })?;
        let env = made::environment_of(program.expression()).unwrap_or_else(|| ENV.clone());
        let mut metered = program.expression().clone();
        let least = meter::rewrite(&mut metered);
        Ok(Expression { program, env, metered, least, depth })
    }

    /// Returns `true` if the expression refers to a variable.
    pub fn mentions(&self, variable: &str) -> bool {
        self.program.references().has_variable(variable)
    }

    /// Evaluates the expression.
    ///
    /// # Errors
    ///
    /// Returns cel-go's message, as far as it can be derived; [`COST_EXCEEDED`] for an expression that costs too much.
    pub fn evaluate(&self, variables: Vec<(&str, Value)>) -> Result<Value, String> {
        self.evaluate_metered(variables).0
    }

    /// Like [`evaluate`](Self::evaluate), and returns the cost, too.
    pub fn evaluate_metered(&self, variables: Vec<(&str, Value)>) -> (Result<Value, String>, u64) {
        depth::with_stack(self.depth, || self.run(variables)).unwrap_or_else(|error| (Err(error), 0))
    }

    fn run(&self, variables: Vec<(&str, Value)>) -> (Result<Value, String>, u64) {
        let mut context = Context::with_env(self.env.clone());
        for (name, value) in variables {
            context.add_variable_from_value(name, value);
        }
        let (result, cost) = meter::metered(self.least, || Value::resolve(&self.metered, &context));
        let result = result.map_or_else(|| Err(COST_EXCEEDED.to_owned()), |result| result.map_err(message_of));
        (result, cost)
    }
}

/// Returns cel-go's message for an error.
fn message_of(error: ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::DivisionByZero(_) => "division by zero".into(),
        ExecutionError::RemainderByZero(_) => "modulus by zero".into(),
        ExecutionError::NoSuchOverload(_)
        | ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::UnexpectedType { .. } => "no such overload".into(),
        ExecutionError::UndeclaredReference(name) => format!("no such attribute(s): {name}"),
        ExecutionError::IndexOutOfBounds(Value::Int(index)) => format!("index out of bounds: {index}"),
        ExecutionError::Overflow(_, of, _) => match of {
            Value::UInt(_) => "unsigned integer overflow".into(),
            Value::Duration(_) => "duration overflow".into(),
            Value::Timestamp(_) => "timestamp overflow".into(),
            _ => "integer overflow".into(),
        },
        ExecutionError::FunctionError { function, message } => match CONVERSIONS.iter().find(|(of, _)| *of == function)
        {
            Some((_, to)) if !message.contains("overflow") && !message.contains("range") => {
                format!("type conversion error from 'string' to '{to}'")
            }
            _ => message,
        },
        other => other.to_string(),
    }
}

/// Functions that convert strings, and the types that they return.
const CONVERSIONS: &[(&str, &str)] = &[
    ("bool", "bool"),
    ("double", "double"),
    ("duration", "google.protobuf.Duration"),
    ("int", "int"),
    ("timestamp", "google.protobuf.Timestamp"),
    ("uint", "uint"),
];

/// Evaluates a `messageExpression`; `None` if it is empty, fails, or does not return a string of one line that is short
/// enough.
pub fn message(expression: &str, variables: Vec<(&str, Value)>) -> Option<String> {
    if expression.is_empty() {
        return None;
    }
    usable_message(&Expression::compile(expression).ok()?.evaluate(variables).ok()?)
}

/// Returns what a `messageExpression` has returned, without the space around it, if it can be used.
pub fn usable_message(value: &Value) -> Option<String> {
    let Value::String(text) = value else { return None };
    let text = text.trim();
    (!text.is_empty() && text.len() <= MESSAGE_MAX && !text.contains('\n')).then(|| text.to_owned())
}

/// The greatest size of an evaluated message in bytes (`MaxEvaluatedMessageExpressionSizeBytes` in apiserver,
/// `pkg/apis/cel/config.go`).
const MESSAGE_MAX: usize = 5 * 1024;

/// Words that expressions use themselves, so that a field of this name can also be written between underscores.
const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// Returns whether a word cannot be the name of a variable.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// Returns whether a text can be the name of a variable.
pub fn is_identifier(name: &str) -> bool {
    let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    !name.is_empty()
        && name.chars().all(is_word)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !is_reserved(name)
}

/// Adds the fields with reserved names as they can also be written: `namespace` as `__namespace__`.
pub(crate) fn with_reserved_names(mut fields: BTreeMap<String, Kind>) -> BTreeMap<String, Kind> {
    for name in RESERVED {
        if let Some(of) = fields.get(*name).cloned() {
            fields.insert(format!("__{name}__"), of);
        }
    }
    fields
}

/// Wraps a value that may be missing (`optional_type`).
pub fn optional(value: Option<Value>) -> Value {
    Value::Opaque(Arc::new(value.map_or_else(OptionalValue::none, OptionalValue::of)))
}

/// The standard library with the extensions of Kubernetes.
static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(environment()));

/// The environment of expressions: the standard one, and the functions that count costs.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = environment();
    let added = env.add_extension(declare_internal);
    debug_assert_eq!(added, Ok(()));
    Arc::new(env)
});

/// Declares the functions that expressions call once they are rewritten for evaluation.
fn declare_internal(env: &mut Env) -> Result<(), DeclarationError> {
    meter::declare(env)?;
    loops::declare(env)
}

fn environment() -> Env {
    let mut env = Env::stdlib();
    let added = [extensions::strings, extensions::lists, kubernetes, library::declare, loops::declare_macros]
        .into_iter()
        .try_for_each(|add| env.add_extension(add));
    // A declaration fails only for a duplicate, and a test calls every function.
    debug_assert_eq!(added, Ok(()));
    env
}

/// Declares the functions for lists and regular expressions.
fn kubernetes(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_member_overload("isSorted", "list_is_sorted", LIST_TYPE, vec![], is_sorted)?;
    env.add_member_overload("sum", "list_sum", LIST_TYPE, vec![], sum)?;
    env.add_member_overload("min", "list_min", LIST_TYPE, vec![], min)?;
    env.add_member_overload("max", "list_max", LIST_TYPE, vec![], max)?;
    env.add_member_overload("indexOf", "list_index_of", LIST_TYPE, vec![DYN_TYPE], index_of)?;
    env.add_member_overload("lastIndexOf", "list_last_index_of", LIST_TYPE, vec![DYN_TYPE], last_index_of)?;
    env.add_member_overload("find", "string_find_string", STRING_TYPE, vec![STRING_TYPE], find)?;
    env.add_member_overload("findAll", "string_find_all_string", STRING_TYPE, vec![STRING_TYPE], find_all)?;
    // The crate has this function behind a feature that brings in all tables of Unicode, and compiles the expression
    // anew in each call.
    env.add_overload("matches", "matches", vec![STRING_TYPE, STRING_TYPE], is_match)?;
    env.add_member_overload("matches", "matches_string", STRING_TYPE, vec![STRING_TYPE], is_match)
}

type Args<'b, 'v> = Vec<CowVal<'b, 'v>>;
type FunctionResult<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

/// Returns the arguments, the receiver first.
fn values(args: &Args<'_, '_>) -> Result<Vec<Value>, ExecutionError> {
    args.iter().map(|arg| Value::try_from(arg.as_ref())).collect()
}

/// Returns the receiver, which must be a list.
fn items(args: &Args<'_, '_>) -> Result<Arc<Vec<Value>>, ExecutionError> {
    match values(args)?.into_iter().next() {
        Some(Value::List(items)) => Ok(items),
        _ => Err(ExecutionError::MissingArgumentOrTarget),
    }
}

fn ok_value<'b, 'v>(value: impl Into<Value>) -> FunctionResult<'b, 'v> {
    let value: Box<dyn Val> = value.into().try_into()?;
    Ok(CowVal::Owned(value))
}

fn is_sorted<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    ok_value(items(&args)?.is_sorted())
}

/// Adds numbers or durations; the sum of an empty list is 0.
fn sum<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let items = items(&args)?;
    let mut items = items.iter().cloned();
    let first = items.next().unwrap_or(Value::Int(0));
    ok_value(items.try_fold(first, |sum, item| sum + item)?)
}

fn min<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    extremum("min", &args, Ordering::Less)
}

fn max<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    extremum("max", &args, Ordering::Greater)
}

/// Returns the first item that precedes all others in an order.
fn extremum<'b, 'v>(name: &str, args: &Args<'b, 'v>, order: Ordering) -> FunctionResult<'b, 'v> {
    let items = items(args)?;
    let better = |best: Value, item: &Value| if item.partial_cmp(&best) == Some(order) { item.clone() } else { best };
    match items.split_first() {
        Some((first, others)) => ok_value(others.iter().fold(first.clone(), better)),
        None => Err(ExecutionError::function_error(name, format!("{name} called on empty list"))),
    }
}

fn index_of<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let (items, wanted) = (items(&args)?, values(&args)?.pop());
    ok_value(position(items.iter().position(|item| Some(item) == wanted.as_ref())))
}

fn last_index_of<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let (items, wanted) = (items(&args)?, values(&args)?.pop());
    ok_value(position(items.iter().rposition(|item| Some(item) == wanted.as_ref())))
}

/// Converts a position; -1 if there is none.
fn position(found: Option<usize>) -> Value {
    Value::Int(found.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1))
}

/// Returns the first match of a regular expression, or the empty string.
fn find<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let (text, expression) = text_and_expression("find", &args)?;
    ok_value(expression.find(&text).map_or_else(String::new, |found| found.as_str().to_owned()))
}

fn find_all<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let (text, expression) = text_and_expression("findAll", &args)?;
    ok_value(expression.find_iter(&text).map(|found| found.as_str().to_owned()).collect::<Vec<_>>())
}

fn is_match<'b, 'v>(args: Args<'b, 'v>) -> FunctionResult<'b, 'v> {
    let (text, expression) = text_and_expression("matches", &args)?;
    ok_value(expression.is_match(&text))
}

/// Returns the receiver, and the regular expression to look for in it.
fn text_and_expression(name: &str, args: &Args<'_, '_>) -> Result<(Arc<String>, Arc<Regex>), ExecutionError> {
    let values = values(args)?;
    let [Value::String(text), Value::String(expression)] = values.as_slice() else {
        return Err(ExecutionError::MissingArgumentOrTarget);
    };
    let expression = regexp::compile(expression).map_err(|error| ExecutionError::function_error(name, error))?;
    Ok((text.clone(), expression))
}

#[cfg(test)]
mod tests;
