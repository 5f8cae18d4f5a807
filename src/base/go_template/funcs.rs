//! Template functions: those of Go (`text/template/funcs.go`) and kubectl's `exists` and `base64decode`.

use std::borrow::Cow;
use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::format;
use super::value::Val;
use crate::go::value_text;
use crate::json::Value;

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Param {
    /// Any value, even a missing one.
    Any,
    String,
}

/// The parameters of a function, and the type of variadic ones.
pub(super) struct Signature {
    pub(super) fixed: &'static [Param],
    pub(super) rest: bool,
}

/// Returns the signature of a function; `None` if there is no such function.
pub(super) fn signature(name: &str) -> Option<Signature> {
    let (fixed, rest): (&[Param], bool) = match name {
        "print" | "println" | "html" | "js" | "urlquery" => (&[], true),
        "printf" => (&[Param::String], true),
        "base64decode" => (&[Param::String], false),
        "not" | "len" => (&[Param::Any], false),
        "ne" | "lt" | "le" | "gt" | "ge" => (&[Param::Any, Param::Any], false),
        "and" | "or" | "call" | "eq" | "exists" | "index" | "slice" => (&[Param::Any], true),
        _ => return None,
    };
    Some(Signature { fixed, rest })
}

/// Returns `true` if templates may call a function.
pub(super) fn is_defined(name: &str) -> bool {
    signature(name).is_some()
}

/// Calls a function with arguments that fit its signature; `printf` stops once its text has more than `text_max` bytes.
///
/// `and`, `or` and `call` are handled elsewhere: the first two evaluate their arguments lazily, and there are no
/// function values for the third.
pub(super) fn call<'v>(name: &str, args: &[Val<'v>], text_max: usize) -> Result<Val<'v>, String> {
    let first = args.first().cloned().unwrap_or(Val::Missing);
    let rest = args.get(1..).unwrap_or_default();
    let text = |text: String| Ok(Val::of(text));
    match name {
        "print" => text(format::sprint(args)),
        "println" => text(format::sprintln(args)),
        "printf" => text(format::sprintf(first.as_str().unwrap_or_default(), rest, text_max)),
        "html" => text(escape_html(&concat_args(args))),
        "js" => text(escape_js(&concat_args(args))),
        "urlquery" => text(escape_query(&concat_args(args))),
        "base64decode" => match STANDARD.decode(first.as_str().unwrap_or_default()) {
            Ok(bytes) => text(String::from_utf8_lossy(&bytes).into_owned()),
            Err(_) => {
                let at = bad_base64_at(first.as_str().unwrap_or_default());
                Err(format!("base64 decode failed: illegal base64 data at input byte {at}"))
            }
        },
        "not" => Ok(Val::of(!first.is_true())),
        "len" => len(&first),
        "index" => index(first, rest),
        "slice" => slice(&first, rest),
        "exists" => Ok(Val::of(exists(first, rest))),
        "eq" => equal(&first, rest).map(Val::of),
        _ => {
            let second = rest.first().cloned().unwrap_or(Val::Missing);
            compare(name, &first, &second).map(Val::of)
        }
    }
}

/// Returns the offset that Go's decoder reports for invalid base64.
fn bad_base64_at(text: &str) -> usize {
    let body = text.trim_end_matches(['=', '\r', '\n']);
    let alphabet = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '\r' | '\n');
    // Without an invalid character the last group of four is incomplete.
    body.find(|c| !alphabet(c)).unwrap_or(text.len() - text.len() % 4)
}

/// Joins the arguments of an escaping function.
fn concat_args(args: &[Val]) -> String {
    match args {
        [Val::Inner(value) | Val::Known(value)] if value.is_string() => value_text(value),
        _ => {
            let shown: Vec<Val> =
                args.iter().map(|arg| if arg.is_nil() { Val::of("<no value>") } else { arg.clone() }).collect();
            format::sprint(&shown)
        }
    }
}

fn len<'v>(item: &Val) -> Result<Val<'v>, String> {
    let length = match (item, item.json().as_ref()) {
        (Val::Missing, _) => return Err("reflect: call of reflect.Value.Type on zero Value".to_owned()),
        (_, Value::Null) => return Err("len of nil pointer".to_owned()),
        (_, Value::String(text)) => text.len(),
        (_, Value::Array(items)) => items.len(),
        (_, Value::Object(fields)) => fields.len(),
        _ => return Err(format!("len of type {}", item.type_name())),
    };
    Ok(Val::Int(length as i64))
}

fn index<'v>(item: Val<'v>, indexes: &[Val<'v>]) -> Result<Val<'v>, String> {
    if item.is_nil() {
        return Err("index of untyped nil".to_owned());
    }
    let mut item = item;
    for index in indexes {
        item = match item.json().as_ref() {
            Value::Null => return Err("index of nil pointer".to_owned()),
            Value::Object(_) => {
                let inner = || Val::Inner(Cow::Owned(Value::Null));
                item.field(map_key(index)?).unwrap_or_else(inner)
            }
            Value::Array(items) => {
                let at = check_index(index, items.len())?;
                let found = item.elements().into_iter().nth(at);
                found.map(|(_, element)| element).ok_or("reflect: slice index out of range")?
            }
            Value::String(text) => {
                let byte = text.as_bytes().get(check_index(index, text.len())?);
                Val::Int(i64::from(*byte.ok_or("reflect: string index out of range")?))
            }
            _ => return Err(format!("can't index item of type {}", item.type_name())),
        };
    }
    Ok(item)
}

fn map_key<'a>(index: &'a Val) -> Result<&'a str, String> {
    index.as_str().ok_or_else(|| match index.is_nil() {
        true => "value is nil; should be of type string".to_owned(),
        false => format!("value has type {}; should be string", index.type_name()),
    })
}

/// Checks an index into a list or string; the length itself is allowed, for slices.
fn check_index(index: &Val, length: usize) -> Result<usize, String> {
    match index.as_int() {
        Some(at) => match usize::try_from(at).ok().filter(|&at| at <= length) {
            Some(at) => Ok(at),
            None => Err(format!("index out of range: {at}")),
        },
        None if index.is_nil() => Err("cannot index slice/array with nil".to_owned()),
        None => Err(format!("cannot index slice/array with type {}", index.type_name())),
    }
}

fn slice<'v>(item: &Val, indexes: &[Val]) -> Result<Val<'v>, String> {
    if item.is_nil() {
        return Err("slice of untyped nil".to_owned());
    }
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()));
    }
    let json = item.json();
    let length = match json.as_ref() {
        Value::String(_) if indexes.len() == 3 => return Err("cannot 3-index slice a string".to_owned()),
        Value::String(text) => text.len(),
        Value::Array(items) => items.len(),
        _ => return Err(format!("can't slice item of type {}", item.type_name())),
    };
    let places: Vec<usize> = indexes.iter().map(|index| check_index(index, length)).collect::<Result<_, _>>()?;
    let (start, end) = (places.first().copied().unwrap_or(0), places.get(1).copied().unwrap_or(length));
    let order = [Some(start), Some(end), places.get(2).copied()];
    for pair in order.windows(2) {
        if let [Some(low), Some(high)] = pair
            && low > high
        {
            return Err(format!("invalid slice index: {low} > {high}"));
        }
    }
    Ok(match json.as_ref() {
        Value::String(text) => Val::of(String::from_utf8_lossy(&text.as_bytes()[start..end]).into_owned()),
        Value::Array(items) => Val::of(items[start..end].to_vec()),
        _ => Val::Missing,
    })
}

/// Returns `true` if `index` with these arguments would find a value.
fn exists<'v>(item: Val<'v>, indexes: &[Val<'v>]) -> bool {
    let mut item = item;
    for index in indexes {
        let next = match item.json().as_ref() {
            Value::Object(_) => index.as_str().and_then(|key| item.field(key)),
            Value::Array(_) => {
                let at = index.as_int().and_then(|at| usize::try_from(at).ok());
                at.and_then(|at| item.elements().into_iter().nth(at)).map(|(_, element)| element)
            }
            Value::String(text) => {
                let at = index.as_int().and_then(|at| usize::try_from(at).ok());
                at.and_then(|at| text.as_bytes().get(at)).map(|&byte| Val::Int(i64::from(byte)))
            }
            _ => None,
        };
        match next {
            Some(next) => item = next,
            None => return false,
        }
    }
    indexes.is_empty() || !item.is_nil()
}

const BAD_TYPE: &str = "invalid type for comparison";
const BAD_PAIR: &str = "incompatible types for comparison";

/// Returns `true` if the first value equals one of the others.
fn equal(first: &Val, others: &[Val]) -> Result<bool, String> {
    if others.is_empty() {
        return Err("missing argument for comparison".to_owned());
    }
    for other in others {
        let (left, right) = (first.json(), other.json());
        let same = match (left.as_ref(), right.as_ref()) {
            (Value::Null, Value::Null) => true,
            (Value::Null, _) | (_, Value::Null) => false,
            (Value::Array(_) | Value::Object(_), Value::Array(_) | Value::Object(_)) => {
                return Err(not_comparable(first, other));
            }
            _ => order(&left, &right)? == Some(Ordering::Equal),
        };
        if same {
            return Ok(true);
        }
    }
    Ok(false)
}

fn not_comparable(first: &Val, other: &Val) -> String {
    let shown = format::sprintf("%s", std::slice::from_ref(first), usize::MAX);
    let (kind, other_kind) = (first.type_name(), other.type_name());
    if kind == other_kind {
        return format!("non-comparable type {shown}: {kind}");
    }
    format!("non-comparable types {shown}: {kind}, {other_kind}: {}", value_text(&other.json()))
}

fn compare(name: &str, left: &Val, right: &Val) -> Result<bool, String> {
    if name == "ne" {
        return equal(left, std::slice::from_ref(right)).map(|same| !same);
    }
    let (left, right) = (left.json(), right.json());
    let ordered = |value: &Value| value.is_number() || value.is_string();
    let basic = |value: &Value| ordered(value) || value.is_boolean();
    if !basic(&left) || !basic(&right) {
        return Err(BAD_TYPE.to_owned());
    }
    let found = order(&left, &right)?;
    if !ordered(&left) {
        return Err(BAD_TYPE.to_owned());
    }
    Ok(match name {
        "lt" => found == Some(Ordering::Less),
        "le" => matches!(found, Some(Ordering::Less | Ordering::Equal)),
        "gt" => !matches!(found, Some(Ordering::Less | Ordering::Equal)),
        _ => found != Some(Ordering::Less),
    })
}

/// Compares values of the same basic type; integers and floats are different types in Go.
fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, String> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Ok(Some(left.cmp(right))),
        (Value::String(left), Value::String(right)) => Ok(Some(left.cmp(right))),
        (Value::Number(left), Value::Number(right)) if left.is_f64() == right.is_f64() => {
            match (left.as_i64(), right.as_i64()) {
                (Some(left), Some(right)) => Ok(Some(left.cmp(&right))),
                _ => Ok(left.as_f64().partial_cmp(&right.as_f64())),
            }
        }
        _ => Err(BAD_PAIR.to_owned()),
    }
}

fn escape_html(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\0' => out.push('\u{FFFD}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(c),
        }
    }
    out
}

fn escape_js(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '\'' | '"' => out.extend(['\\', c]),
            '<' | '>' | '&' | '=' | '\0'..='\u{1f}' | '\u{7f}'..='\u{a0}' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04X}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out
}

fn escape_query(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
