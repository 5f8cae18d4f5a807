//! Validation errors and field paths, with the messages of apimachinery, `pkg/util/validation/field`.

use std::fmt;

pub use crate::go::quote;
use crate::json::Value;

/// The path of a value in an object as error messages show it: `spec.containers[0].image`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// Creates a path from a top-level field; `a.b` is allowed.
    pub fn new(field: &str) -> Path {
        Path(field.into())
    }

    /// Creates the path of the object itself, which is empty.
    pub fn root() -> Path {
        Path(String::new())
    }

    /// Returns `true` for the path of the object itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a field: `spec` becomes `spec.replicas`.
    pub fn child(&self, field: &str) -> Path {
        if self.0.is_empty() { Path(field.into()) } else { self.append([".", field, ""]) }
    }

    /// Appends a list index: `args` becomes `args[0]`.
    pub fn index(&self, index: usize) -> Path {
        self.append(["[", &index.to_string(), "]"])
    }

    /// Appends a map key: `labels` becomes `labels[app]`.
    pub fn key(&self, key: &str) -> Path {
        self.append(["[", key, "]"])
    }

    /// Appends text. Validation makes a path for every field that it looks at, so this allocates once and formats nothing.
    fn append(&self, parts: [&str; 3]) -> Path {
        let mut path = String::with_capacity(self.0.len() + parts.iter().map(|part| part.len()).sum::<usize>());
        path.push_str(&self.0);
        parts.iter().for_each(|part| path.push_str(part));
        Path(path)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "<nil>" } else { &self.0 })
    }
}

/// The type of a validation error (`field.ErrorType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A value is missing.
    Required,
    /// A value has the right type but not the right content.
    Invalid,
    /// A value is not one of the allowed ones.
    NotSupported,
    /// A value must not be set, or must not change.
    Forbidden,
    /// A value that must be unique occurs twice.
    Duplicate,
    /// A string is too long.
    TooLong,
    /// A list has too many items.
    TooMany,
    /// A referenced value does not exist.
    NotFound,
    /// A value has the wrong type.
    TypeInvalid,
}

impl Cause {
    /// Returns `true` if an object with such an error has not even the right shape, so that its validation rules cannot
    /// be evaluated.
    pub fn hides_rules(self) -> bool {
        matches!(self, Cause::NotSupported | Cause::Required | Cause::TooLong | Cause::TooMany | Cause::TypeInvalid)
    }

    /// Returns the reason in a status cause, such as `FieldValueRequired`.
    pub fn reason(self) -> &'static str {
        match self {
            Cause::Required => "FieldValueRequired",
            Cause::Invalid => "FieldValueInvalid",
            Cause::NotSupported => "FieldValueNotSupported",
            Cause::Forbidden => "FieldValueForbidden",
            Cause::Duplicate => "FieldValueDuplicate",
            Cause::TooLong => "FieldValueTooLong",
            Cause::TooMany => "FieldValueTooMany",
            Cause::NotFound => "FieldValueNotFound",
            Cause::TypeInvalid => "FieldValueTypeInvalid",
        }
    }
}

/// A validation error.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// The type of the error.
    pub cause: Cause,
    /// The path, such as `spec.replicas`.
    pub field: String,
    /// The message after `field: `.
    pub body: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body)
    }
}

/// Validation errors in the order of discovery.
pub type ErrorList = Vec<FieldError>;

fn error(cause: Cause, path: &Path, body: String) -> FieldError {
    FieldError { cause, field: path.to_string(), body }
}

fn with_detail(head: String, detail: &str) -> String {
    if detail.is_empty() { head } else { format!("{head}: {detail}") }
}

/// Formats a value: strings in quotes, everything else as JSON.
fn format_value(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        other => other.to_string(),
    }
}

/// Creates `f: Required value: detail`.
pub fn required(path: &Path, detail: &str) -> FieldError {
    error(Cause::Required, path, with_detail("Required value".into(), detail))
}

/// Creates `f: Invalid value: "v": detail`.
pub fn invalid(path: &Path, value: impl Into<Value>, detail: &str) -> FieldError {
    error(Cause::Invalid, path, with_detail(format!("Invalid value: {}", format_value(&value.into())), detail))
}

/// Creates `f: Invalid value: v: detail` from a value that is already JSON, whose fields Go prints in the order of a struct.
pub fn invalid_json(path: &Path, json: &str, detail: &str) -> FieldError {
    error(Cause::Invalid, path, with_detail(format!("Invalid value: {json}"), detail))
}

/// Creates `f: Unsupported value: v: supported values: "a", "b"` from a value that is already JSON, like [`invalid_json`].
pub fn not_supported_json(path: &Path, json: &str, supported: &[&str]) -> FieldError {
    let list: Vec<String> = supported.iter().map(|s| quote(s)).collect();
    let detail = format!("supported values: {}", list.join(", "));
    error(Cause::NotSupported, path, with_detail(format!("Unsupported value: {json}"), &detail))
}

/// Creates `f: Invalid value: detail`, as upstream prints a value that is the message itself.
pub fn invalid_text(path: &Path, detail: &str) -> FieldError {
    error(Cause::Invalid, path, format!("Invalid value: {detail}"))
}

/// Creates `f: Unsupported value: "v": supported values: "a", "b"`.
pub fn not_supported(path: &Path, value: impl Into<Value>, supported: &[&str]) -> FieldError {
    let list: Vec<String> = supported.iter().map(|s| quote(s)).collect();
    let detail = if list.is_empty() { String::new() } else { format!("supported values: {}", list.join(", ")) };
    error(
        Cause::NotSupported,
        path,
        with_detail(format!("Unsupported value: {}", format_value(&value.into())), &detail),
    )
}

/// Creates `f: Forbidden: detail`.
pub fn forbidden(path: &Path, detail: &str) -> FieldError {
    error(Cause::Forbidden, path, with_detail("Forbidden".into(), detail))
}

/// Creates `f: Duplicate value: "v"`.
pub fn duplicate(path: &Path, value: impl Into<Value>) -> FieldError {
    error(Cause::Duplicate, path, format!("Duplicate value: {}", format_value(&value.into())))
}

/// Creates `f: Not found: "v"`.
pub fn not_found(path: &Path, value: impl Into<Value>) -> FieldError {
    error(Cause::NotFound, path, format!("Not found: {}", format_value(&value.into())))
}

/// Creates `f: Too long: may not be more than N bytes`.
pub fn too_long(path: &Path, max: usize) -> FieldError {
    error(Cause::TooLong, path, format!("Too long: may not be more than {max} bytes"))
}

/// Creates `f: Too many: N: must have at most M items`.
pub fn too_many(path: &Path, actual: usize, max: usize) -> FieldError {
    let items = if max == 1 { "item" } else { "items" };
    error(Cause::TooMany, path, format!("Too many: {actual}: must have at most {max} {items}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn error_messages_match_kubernetes() {
        let path = Path::new("spec").child("containers").index(1).child("labels").key("a");
        let cases = [
            (required(&path, ""), "spec.containers[1].labels[a]: Required value"),
            (invalid(&path, "x", "no"), "spec.containers[1].labels[a]: Invalid value: \"x\": no"),
            (invalid(&path, json!({"a": 1}), "no"), "spec.containers[1].labels[a]: Invalid value: {\"a\":1}: no"),
            (
                not_supported(&path, "x", &["a", "b"]),
                "spec.containers[1].labels[a]: Unsupported value: \"x\": supported values: \"a\", \"b\"",
            ),
            (forbidden(&path, "never"), "spec.containers[1].labels[a]: Forbidden: never"),
            (duplicate(&path, 3), "spec.containers[1].labels[a]: Duplicate value: 3"),
        ];
        for (error, want) in cases {
            assert_eq!(error.to_string(), want);
        }
    }
}
