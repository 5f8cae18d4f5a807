//! The parts of Go's standard library that show in the output of kubectl and the API server.
//!
//! Strings are quoted as by `strconv.Quote`, floats formatted as by `strconv.AppendFloat`, values as by `fmt` with `%v` and
//! `%#v`. [`json`] is the scanner of `encoding/json` with its error messages.

mod float;
mod io;
pub mod json;
mod quote;
mod value;

pub(crate) use float::{float_g, float_json, float32_g};
pub use io::io_error;
pub use quote::quote;
pub(crate) use quote::{quote_ascii, quote_char, unquote};
pub use value::{type_name, value_syntax, value_text};
