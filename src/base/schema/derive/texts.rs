//! The documentation of definitions and fields as text, a line each; a field follows its definition:
//!
//! ```text
//! definition TAB text
//! TAB field TAB target TAB text
//! ```
//!
//! The target is the name of the definition that a field refers to, directly or through lists and maps, and empty for a
//! scalar. A line break within a text is written `\n`, and a backslash `\\`.

use std::fmt::Write;

use serde_json::Value;

use super::{lean::reference, roots::Definitions};

/// Encodes the documentation.
pub(super) fn encode(definitions: &Definitions) -> String {
    let mut out = String::new();
    for (name, schema) in definitions {
        let _ = writeln!(out, "{name}\t{}", text(schema));
        for (field, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let _ = writeln!(out, "\t{field}\t{}\t{}", target(property).unwrap_or_default(), text(property));
        }
    }
    out
}

fn text(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

fn target(property: &Value) -> Option<&str> {
    let inner = || property.get("items").or_else(|| property.get("additionalProperties"));
    reference(property).or_else(|| target(inner()?))
}
