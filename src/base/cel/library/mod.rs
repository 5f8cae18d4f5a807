//! The libraries of Kubernetes for addresses, authorization, formats, patches, quantities, URLs, versions and sets
//! (`k8s.io/apiserver/pkg/cel/library`, `cel-go/ext/sets.go`): one table of signatures with their implementations.

mod address;
mod authz;
mod format;
mod json_patch;
mod objects;
mod quantity;
mod semver;
mod sets;
mod url;

pub use authz::{Access, Authorizer, authorizer, resource_check};
pub use objects::{Objects, cluster};

use cel::common::functions::Function;
use cel::common::types::{self, BOOL_TYPE, DOUBLE_TYPE, INT_TYPE, LIST_TYPE, MAP_TYPE, OPTIONAL_TYPE, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError, Value};

/// A type in a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Bool,
    Int,
    Double,
    Text,
    /// A list of texts, of results only.
    Texts,
    List,
    Map,
    /// A type of a library, by its name.
    Opaque(&'static str),
    /// A value that may be missing.
    Optional(&'static Of),
}

impl Of {
    fn declared(self) -> types::Type {
        match self {
            Of::Bool => BOOL_TYPE,
            Of::Int => INT_TYPE,
            Of::Double => DOUBLE_TYPE,
            Of::Text => STRING_TYPE,
            Of::List | Of::Texts => LIST_TYPE,
            Of::Map => MAP_TYPE,
            Of::Opaque(name) => types::Type::new_opaque_type(name),
            Of::Optional(_) => OPTIONAL_TYPE,
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
    let libraries = [
        address::OVERLOADS,
        authz::OVERLOADS,
        format::OVERLOADS,
        json_patch::OVERLOADS,
        objects::OVERLOADS,
        quantity::OVERLOADS,
        semver::OVERLOADS,
        sets::OVERLOADS,
        url::OVERLOADS,
    ];
    libraries.into_iter().flatten()
}

/// The names of the types of the libraries.
pub(super) const TYPES: &[&str] = &[
    address::IP,
    address::CIDR,
    authz::AUTHORIZER,
    authz::PATH_CHECK,
    authz::GROUP_CHECK,
    authz::RESOURCE_CHECK,
    authz::DECISION,
    format::FORMAT,
    objects::CLUSTER,
    quantity::QUANTITY,
    semver::SEMVER,
    url::URL,
];

/// The types of the variables `authorizer` and `authorizer.requestResource`.
pub(super) const AUTHORIZER_TYPES: [&str; 2] = [authz::AUTHORIZER, authz::RESOURCE_CHECK];

/// The type of the variable `cluster` of invariants.
pub(super) const CLUSTER_TYPE: &str = objects::CLUSTER;

/// Returns whether a name is that in front of the functions of a library, such as `sets`.
pub(super) fn is_namespace(name: &str) -> bool {
    overloads().any(|overload| overload.name.split_once('.').is_some_and(|(namespace, _)| namespace == name))
}

/// Declares the overloads and names the types.
pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    for name in TYPES {
        env.add_type(types::Type::new_opaque_type(*name))?;
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
