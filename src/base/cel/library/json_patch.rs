//! Paths of JSON patches (`library/jsonpatch.go`).

use super::{Of, Overload, overload, text};

pub(super) const OVERLOADS: &[Overload] = &[overload!(false, "jsonpatch.escapeKey", [Of::Text] => Of::Text, |args| {
    Ok(text(args, 0).replace('~', "~0").replace('/', "~1").into())
})];
