//! Semantic versions (`library/semverlib.go`).

use std::cmp::Ordering;
use std::sync::Arc;

use cel::Value;
use cel::objects::Opaque;
use semver::Version;

use super::{Of, Overload, opaque, overload, text};

pub(super) const SEMVER: &str = "kubernetes.Semver";

const ARG: Of = Of::Opaque(SEMVER);

pub(super) const OVERLOADS: &[Overload] = &[
    overload!(false, "semver", [Of::Text] => ARG, |args| parse(args).map(|version| Value::Opaque(Arc::new(Semver(version))))),
    overload!(false, "semver", [Of::Text, Of::Bool] => ARG, |args| {
        parse(args).map(|version| Value::Opaque(Arc::new(Semver(version))))
    }),
    overload!(false, "isSemver", [Of::Text] => Of::Bool, |args| Ok(parse(args).is_ok().into())),
    overload!(false, "isSemver", [Of::Text, Of::Bool] => Of::Bool, |args| Ok(parse(args).is_ok().into())),
    overload!(true, "major", [ARG] => Of::Int, |args| number(get(args, 0)?.major)),
    overload!(true, "minor", [ARG] => Of::Int, |args| number(get(args, 0)?.minor)),
    overload!(true, "patch", [ARG] => Of::Int, |args| number(get(args, 0)?.patch)),
    overload!(true, "isLessThan", [ARG, ARG] => Of::Bool, |args| Ok((order(args)? == Ordering::Less).into())),
    overload!(true, "isGreaterThan", [ARG, ARG] => Of::Bool, |args| Ok((order(args)? == Ordering::Greater).into())),
    overload!(true, "compareTo", [ARG, ARG] => Of::Int, |args| order(args).map(|order| (order as i64).into())),
];

#[derive(Debug)]
struct Semver(Version);

/// Build metadata does not count.
impl PartialEq for Semver {
    fn eq(&self, other: &Semver) -> bool {
        self.0.cmp_precedence(&other.0) == Ordering::Equal
    }
}

impl Eq for Semver {}

impl Opaque for Semver {
    fn runtime_type_name(&self) -> &str {
        SEMVER
    }
}

fn get(args: &[Value], index: usize) -> Result<&Version, String> {
    opaque::<Semver>(args, index).map(|version| &version.0)
}

/// Parses a version; with `true` as second argument, one that is written loosely.
fn parse(args: &[Value]) -> Result<Version, String> {
    let is_loose = matches!(args.get(1), Some(Value::Bool(true)));
    let text = text(args, 0);
    let written = if is_loose { normalized(text) } else { text.to_owned() };
    Version::parse(&written).map_err(|error| error.to_string())
}

/// Removes a leading `v` and leading zeros, and adds missing numbers: `v1.02` is `1.2.0`.
fn normalized(text: &str) -> String {
    let text = text.trim().strip_prefix('v').unwrap_or(text.trim());
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (core, rest) = text.split_at(end);
    let mut numbers: Vec<&str> = core
        .split('.')
        .map(|number| match number.trim_start_matches('0') {
            "" if !number.is_empty() => "0",
            trimmed => trimmed,
        })
        .collect();
    while rest.is_empty() && numbers.len() < 3 {
        numbers.push("0");
    }
    format!("{}{rest}", numbers.join("."))
}

fn number(number: u64) -> Result<Value, String> {
    i64::try_from(number).map(Value::Int).map_err(|error| error.to_string())
}

fn order(args: &[Value]) -> Result<Ordering, String> {
    Ok(get(args, 0)?.cmp_precedence(get(args, 1)?))
}
