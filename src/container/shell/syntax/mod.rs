//! The parser: from text to a syntax tree, one complete command at a time.
//!
//! A shell runs the commands of a script as it reads them, and words its errors in its own way. So one call parses the text up
//! to the end of one complete command, in the dialect of the shell. Nesting is bounded.

mod assignment;
pub(crate) mod ast;
mod compound;
mod error;
mod expansion;
mod parser;
mod redirect;
mod test;
mod word;

use serde::{Deserialize, Serialize};

use crate::programs::text::variant::Variant;

pub(crate) use error::SyntaxError;
pub(crate) use parser::{Parsed, RESERVED, parse};

/// Which shell it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Dialect {
    /// ash of busybox.
    Busybox,
    /// dash.
    Dash,
    /// bash.
    Bash,
}

impl Dialect {
    /// Returns whose `echo`, `printf` and `test` are built in.
    pub(in crate::shell) fn variant(self) -> Variant {
        match self {
            Dialect::Busybox => Variant::Busybox,
            Dialect::Dash => Variant::Dash,
            Dialect::Bash => Variant::Bash,
        }
    }

    /// Reports whether the extensions exist that busybox has taken over from bash.
    pub(crate) fn is_extended(self) -> bool {
        self != Dialect::Dash
    }
}

/// Reports whether a text is a name: letters, digits and underscores, but no digit first.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
