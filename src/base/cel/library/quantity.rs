//! Quantities (`library/quantity.go`).

use std::cmp::Ordering;
use std::sync::Arc;

use cel::Value;
use cel::objects::Opaque;

use super::{Of, Overload, opaque, overload, text};
use crate::quantity::Quantity;

pub(super) const QUANTITY: &str = "kubernetes.Quantity";

const ARG: Of = Of::Opaque(QUANTITY);

pub(super) const OVERLOADS: &[Overload] = &[
    overload!(false, "quantity", [Of::Text] => ARG, |args| parse(text(args, 0)).map(value)),
    overload!(false, "isQuantity", [Of::Text] => Of::Bool, |args| Ok(parse(text(args, 0)).is_ok().into())),
    overload!(true, "sign", [ARG] => Of::Int, |args| Ok(i64::from(get(args, 0)?.signum()).into())),
    overload!(true, "isInteger", [ARG] => Of::Bool, |args| Ok(integer(get(args, 0)?).is_some().into())),
    overload!(true, "asInteger", [ARG] => Of::Int, |args| {
        integer(get(args, 0)?).map(Value::Int).ok_or_else(|| "cannot convert value to integer".to_owned())
    }),
    overload!(true, "asApproximateFloat", [ARG] => Of::Double, |args| Ok(get(args, 0)?.as_f64().into())),
    overload!(true, "add", [ARG, ARG] => ARG, |args| Ok(value(get(args, 0)?.add(get(args, 1)?)))),
    overload!(true, "add", [ARG, Of::Int] => ARG, |args| Ok(value(get(args, 0)?.add(&whole(args, 1)?)))),
    overload!(true, "sub", [ARG, ARG] => ARG, |args| Ok(value(get(args, 0)?.sub(get(args, 1)?)))),
    overload!(true, "sub", [ARG, Of::Int] => ARG, |args| Ok(value(get(args, 0)?.sub(&whole(args, 1)?)))),
    overload!(true, "isLessThan", [ARG, ARG] => Of::Bool, |args| Ok((order(args)? == Ordering::Less).into())),
    overload!(true, "isGreaterThan", [ARG, ARG] => Of::Bool, |args| Ok((order(args)? == Ordering::Greater).into())),
    overload!(true, "compareTo", [ARG, ARG] => Of::Int, |args| order(args).map(|order| (order as i64).into())),
];

#[derive(Debug, PartialEq, Eq)]
struct Amount(Quantity);

impl Opaque for Amount {
    fn runtime_type_name(&self) -> &str {
        QUANTITY
    }
}

fn value(quantity: Quantity) -> Value {
    Value::Opaque(Arc::new(Amount(quantity)))
}

fn parse(text: &str) -> Result<Quantity, String> {
    text.parse().map_err(|error: crate::quantity::QuantityError| error.to_string())
}

fn get(args: &[Value], index: usize) -> Result<&Quantity, String> {
    opaque::<Amount>(args, index).map(|amount| &amount.0)
}

fn whole(args: &[Value], index: usize) -> Result<Quantity, String> {
    match args.get(index) {
        Some(Value::Int(number)) => Ok(Quantity::new(*number, crate::quantity::Format::DecimalSi)),
        _ => Err("no such overload".to_owned()),
    }
}

/// Returns the value of a quantity that is an integer of 64 bits (`AsInt64`).
fn integer(quantity: &Quantity) -> Option<i64> {
    let rounded = quantity.value();
    let back = Quantity::new(rounded, quantity.format());
    (back == *quantity).then_some(rounded)
}

fn order(args: &[Value]) -> Result<Ordering, String> {
    Ok(get(args, 0)?.cmp(get(args, 1)?))
}
