//! The parts of Go's standard library that show in what kubectl and the API server print.
//!
//! [`quote`](mod@quote) is `strconv.Quote`, [`float`] is `strconv.AppendFloat`, [`value`] is `fmt` with `%v` and `%#v`, and
//! [`json`] is the scanner of `encoding/json` with its error messages.

mod float;
mod io;
pub mod json;
mod quote;
mod value;

pub use float::{float_g, float_json, float32_g};
pub use io::io_error;
pub use quote::{quote, quote_ascii, quote_char, unquote};
pub use value::{type_name, value_syntax, value_text};
