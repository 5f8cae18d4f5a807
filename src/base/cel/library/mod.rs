//! The libraries of Kubernetes for addresses, quantities, URLs, versions and sets
//! (`k8s.io/apiserver/pkg/cel/library`, `cel-go/ext/sets.go`): one table of signatures with their implementations.

mod address;
mod quantity;
mod semver;
mod sets;
mod url;

use cel::common::functions::Function;
use cel::common::types::{self, BOOL_TYPE, DOUBLE_TYPE, INT_TYPE, LIST_TYPE, MAP_TYPE, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError, Value};

/// A type in a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Bool,
    Int,
    Double,
    Text,
    List,
    Map,
    /// A type of a library, by its name.
    Opaque(&'static str),
}

impl Of {
    fn declared(self) -> types::Type {
        match self {
            Of::Bool => BOOL_TYPE,
            Of::Int => INT_TYPE,
            Of::Double => DOUBLE_TYPE,
            Of::Text => STRING_TYPE,
            Of::List => LIST_TYPE,
            Of::Map => MAP_TYPE,
            Of::Opaque(name) => types::Type::new_opaque_type(name),
        }
    }
}

/// An overload of a function.
pub(super) struct Overload {
    pub(super) name: &'static str,
    /// `true` if the first parameter stands in front of the name: `a.f(b)`.
    pub(super) is_member: bool,
    pub(super) parameters: &'static [Of],
    pub(super) result: Of,
    call: Function,
}

/// Declares an overload; the implementation takes the values of the parameters.
macro_rules! overload {
    ($is_member:literal, $name:literal, [$($parameter:expr),*] => $result:expr, $call:expr) => {
        $crate::cel::library::Overload {
            name: $name,
            is_member: $is_member,
            parameters: &[$($parameter),*],
            result: $result,
            call: {
                fn call<'b, 'v>(
                    args: $crate::cel::Args<'b, 'v>,
                ) -> $crate::cel::FunctionResult<'b, 'v> {
                    $crate::cel::library::apply($name, $call, &args)
                }
                call
            },
        }
    };
}
use overload;

/// Returns all overloads.
pub(super) fn overloads() -> impl Iterator<Item = &'static Overload> {
    [address::OVERLOADS, quantity::OVERLOADS, semver::OVERLOADS, sets::OVERLOADS, url::OVERLOADS].into_iter().flatten()
}

/// Returns whether a library has a function of this name, behind the name of the library or alone.
pub(super) fn has(name: &str) -> bool {
    overloads().any(|overload| overload.name == name || overload.name.rsplit('.').next() == Some(name))
}

/// Declares the overloads and names the types.
pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    for name in [address::IP, address::CIDR, quantity::QUANTITY, semver::SEMVER, url::URL] {
        env.add_type(types::Type::new_opaque_type(name))?;
    }
    for (index, overload) in overloads().enumerate() {
        let id = format!("kubernetes_{index}");
        let mut parameters: Vec<types::Type> = overload.parameters.iter().map(|of| of.declared()).collect();
        if overload.is_member {
            let receiver = parameters.remove(0);
            env.add_member_overload(overload.name, &id, receiver, parameters, overload.call)?;
        } else {
            env.add_overload(overload.name, &id, parameters, overload.call)?;
        }
    }
    Ok(())
}

/// The values of a call, or the message of its error.
type Answer = Result<Value, String>;

/// Calls an implementation with the values of the arguments.
fn apply<'b, 'v>(
    name: &str,
    call: fn(&[Value]) -> Answer,
    args: &super::Args<'b, 'v>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let answer = call(&super::values(args)?).map_err(|message| ExecutionError::function_error(name, message))?;
    let value: Box<dyn Val> = answer.try_into()?;
    Ok(CowVal::Owned(value))
}

/// Returns a text argument; the signature keeps other types away.
fn text(args: &[Value], index: usize) -> &str {
    match args.get(index) {
        Some(Value::String(text)) => text,
        _ => "",
    }
}

/// Returns an argument of a type of a library.
fn opaque<T: std::any::Any>(args: &[Value], index: usize) -> Result<&T, String> {
    match args.get(index) {
        Some(Value::Opaque(value)) => value.downcast_ref::<T>().ok_or_else(|| "no such overload".to_owned()),
        _ => Err("no such overload".to_owned()),
    }
}

#[cfg(test)]
mod tests;
