//! JSON values whose clones share memory, and JSON as Go's encoder writes it.
//!
//! Every change of an object creates a new version that is mostly equal to the previous one. Cloning a [`Value`] is
//! therefore free (maps, lists and long strings are reference-counted), a change copies only the maps and lists on the
//! path to it, and comparing two versions skips what they share. Otherwise values behave like those of `serde_json`.
//!
//! Parsing JSON is left to `serde_json` (streams of documents: [`yaml`](crate::yaml)), with a limit of depth of our own; the
//! writers here are those that must produce the same bytes as Go.

mod append;
mod binary;
mod convert;
mod deep_stack;
mod limit;
mod list;
mod map;
mod pair;
mod pointer;
mod read;
mod serde;
mod value;
mod write;

pub use append::{append, append_items, append_key};
pub use binary::{Known, Parts, decode as from_binary, decode_sharing as from_binary_sharing, encode as to_binary};
pub use convert::{ToJson, from_value, to_value};
pub use deep_stack::on_deep_stack;
pub use limit::{Excess, Strings, check_limits};
pub use list::List;
pub use map::{Entry, Map};
pub(crate) use pointer::{tokens, unescaped};
pub use read::{OBJECT_DEPTH_MAX, READ_DEPTH_MAX, from_slice, from_str};
pub use serde_json::Number;
pub use smol_str::SmolStr as SharedStr;
pub use value::{Value, ValueIndex};
pub use write::{
    Alphabet, FieldOrder, kind_name, number_text, to_compact, to_compact_in, to_pretty, to_pretty_in, write_pretty,
    write_string,
};

pub use crate::__json as json;

/// Builds a [`Value`] from JSON syntax: `null`, lists and maps may be nested, everything else is an expression of a
/// type that implements [`ToJson`].
///
/// Keys are literals, names or expressions in parentheses. Expressions are borrowed, not moved.
#[macro_export]
macro_rules! __json {
    (null) => { $crate::json::Value::Null };
    ([ $($items:tt)* ]) => { $crate::json::Value::Array($crate::json_items!([] $($items)*)) };
    ({ $($entries:tt)* }) => { $crate::json::Value::Object($crate::json_entries!([] $($entries)*)) };
    ($value:expr) => { $crate::json::ToJson::to_json(&$value) };
}

/// Collects the items of a list in [`json!`]; the brackets hold those already read.
#[doc(hidden)]
#[macro_export]
macro_rules! json_items {
    ([]) => { $crate::json::List::new() };
    ([ $($read:expr,)* ]) => { $crate::json::List::from(::std::vec![$($read),*]) };
    ([ $($read:expr,)* ] null $(, $($rest:tt)*)?) => {
        $crate::json_items!([ $($read,)* $crate::__json!(null), ] $($($rest)*)?)
    };
    ([ $($read:expr,)* ] [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $crate::json_items!([ $($read,)* $crate::__json!([ $($inner)* ]), ] $($($rest)*)?)
    };
    ([ $($read:expr,)* ] { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $crate::json_items!([ $($read,)* $crate::__json!({ $($inner)* }), ] $($($rest)*)?)
    };
    ([ $($read:expr,)* ] $value:expr $(, $($rest:tt)*)?) => {
        $crate::json_items!([ $($read,)* $crate::__json!($value), ] $($($rest)*)?)
    };
}

/// Collects the entries of a map in [`json!`]; the brackets hold those already read.
#[doc(hidden)]
#[macro_export]
macro_rules! json_entries {
    ([]) => { $crate::json::Map::new() };
    ([ $($read:expr,)* ]) => { $crate::json::Map::from([$($read),*]) };
    ([ $($read:expr,)* ] $key:tt : null $(, $($rest:tt)*)?) => {
        $crate::json_entries!([ $($read,)* ($crate::json_key!($key), $crate::__json!(null)), ] $($($rest)*)?)
    };
    ([ $($read:expr,)* ] $key:tt : [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $crate::json_entries!([ $($read,)* ($crate::json_key!($key), $crate::__json!([ $($inner)* ])), ] $($($rest)*)?)
    };
    ([ $($read:expr,)* ] $key:tt : { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $crate::json_entries!([ $($read,)* ($crate::json_key!($key), $crate::__json!({ $($inner)* })), ] $($($rest)*)?)
    };
    ([ $($read:expr,)* ] $key:tt : $value:expr $(, $($rest:tt)*)?) => {
        $crate::json_entries!([ $($read,)* ($crate::json_key!($key), $crate::__json!($value)), ] $($($rest)*)?)
    };
}

/// Converts a key in [`json!`]; a literal is not allocated.
#[doc(hidden)]
#[macro_export]
macro_rules! json_key {
    ($key:literal) => {
        $crate::json::SharedStr::new_static($key)
    };
    ($key:tt) => {
        $crate::json::SharedStr::from($key)
    };
}

#[cfg(test)]
mod tests;
