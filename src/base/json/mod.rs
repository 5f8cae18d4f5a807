//! JSON values whose copies share what they have in common, and JSON as Go's encoder writes it.
//!
//! Every change of an object makes a new version of it, and most of a version is as it was before. So a copy of a [`Value`]
//! costs nothing (maps, lists and long texts are counted references), a change copies only the maps and lists on the way to
//! it, and two versions are compared only where they do not share. In everything else a value behaves as `serde_json`'s.
//!
//! Reading JSON stays `serde_json`'s work (streams of documents: `yaml`); [`write`] has only the writers that
//! must give Go's bytes.

mod convert;
mod list;
mod map;
mod pointer;
mod serde;
mod value;
mod write;

pub use convert::{ToJson, from_value, to_value};
pub use list::List;
pub use map::{Entry, Map};
pub use pointer::unescaped;
pub use serde_json::Number;
pub use smol_str::SmolStr as SharedStr;
pub use value::{Step, Value};
pub use write::{kind_name, number_text, to_compact, to_pretty, write_string};

pub use crate::__json as json;

/// A [`Value`] written as JSON; `null`, lists and maps nest, everything else is an expression that is [`ToJson`].
///
/// Keys are literals, names or expressions in parentheses. Expressions are only looked at, not moved.
#[macro_export]
macro_rules! __json {
    (null) => { $crate::json::Value::Null };
    ([ $($items:tt)* ]) => { $crate::json::Value::Array($crate::json_items!([] $($items)*)) };
    ({ $($entries:tt)* }) => { $crate::json::Value::Object($crate::json_entries!([] $($entries)*)) };
    ($value:expr) => { $crate::json::ToJson::to_json(&$value) };
}

/// The items of a list in [`json!`]: those that have been read stand in brackets before the rest.
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

/// The entries of a map in [`json!`]: those that have been read stand in brackets before the rest.
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

/// A key in [`json!`]: a literal costs nothing.
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
