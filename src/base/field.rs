//! Validation errors and the paths they point at, in the words of `k8s.io/apimachinery` field errors.

use std::fmt;

pub use crate::go::quote;
use crate::json::Value;

/// The place of a value in an object, spelled as the API server spells it: `spec.containers[0].image`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// A path that starts at a top-level field; `a.b` starts deeper.
    pub fn new(field: &str) -> Path {
        Path(field.into())
    }

    /// The path of the object itself, which is empty.
    pub fn root() -> Path {
        Path(String::new())
    }

    /// Whether this is where the object itself is.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// A field of the value here.
    pub fn child(&self, field: &str) -> Path {
        if self.0.is_empty() { Path(field.into()) } else { Path([&self.0, ".", field].concat()) }
    }

    /// An item of the list here.
    pub fn index(&self, index: usize) -> Path {
        Path(format!("{}[{index}]", self.0))
    }

    /// A value of the map here.
    pub fn key(&self, key: &str) -> Path {
        Path([&self.0, "[", key, "]"].concat())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "<nil>" } else { &self.0 })
    }
}

/// What is wrong with a value. The names are those of `metav1.CauseType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A value is missing.
    Required,
    /// A value has the right type and the wrong content.
    Invalid,
    /// A value is none of those that are allowed.
    NotSupported,
    /// A value must not be there or must not change.
    Forbidden,
    /// A value that must be unique is there twice.
    Duplicate,
    /// A text is too long.
    TooLong,
    /// A list has too many items.
    TooMany,
    /// A reference points at nothing.
    NotFound,
    /// A value has the wrong type.
    TypeInvalid,
    /// The server itself failed.
    Internal,
}

impl Cause {
    /// Whether rules cannot be evaluated of an object with such an error: it has not even the right shape.
    pub fn hides_rules(self) -> bool {
        matches!(self, Cause::NotSupported | Cause::Required | Cause::TooLong | Cause::TooMany | Cause::TypeInvalid)
    }

    /// The machine-readable word of a status cause.
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
            Cause::Internal => "InternalError",
        }
    }
}

/// One thing that is wrong with an object.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// What kind of wrong.
    pub cause: Cause,
    /// Where.
    pub field: String,
    /// Everything after `field: `.
    pub body: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body)
    }
}

/// Everything that is wrong with an object, in the order of discovery.
pub type ErrorList = Vec<FieldError>;

fn error(cause: Cause, path: &Path, body: String) -> FieldError {
    FieldError { cause, field: path.to_string(), body }
}

fn with_detail(head: String, detail: &str) -> String {
    if detail.is_empty() { head } else { format!("{head}: {detail}") }
}

/// A value as an error shows it: texts in quotes, everything else as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        other => other.to_string(),
    }
}

/// `f: Required value: detail`.
pub fn required(path: &Path, detail: &str) -> FieldError {
    error(Cause::Required, path, with_detail("Required value".into(), detail))
}

/// `f: Invalid value: "v": detail`.
pub fn invalid(path: &Path, value: impl Into<Value>, detail: &str) -> FieldError {
    error(Cause::Invalid, path, with_detail(format!("Invalid value: {}", shown(&value.into())), detail))
}

/// `f: Unsupported value: "v": supported values: "a", "b"`.
pub fn not_supported(path: &Path, value: impl Into<Value>, supported: &[&str]) -> FieldError {
    let list: Vec<String> = supported.iter().map(|s| quote(s)).collect();
    let detail = if list.is_empty() { String::new() } else { format!("supported values: {}", list.join(", ")) };
    error(Cause::NotSupported, path, with_detail(format!("Unsupported value: {}", shown(&value.into())), &detail))
}

/// `f: Forbidden: detail`.
pub fn forbidden(path: &Path, detail: &str) -> FieldError {
    error(Cause::Forbidden, path, with_detail("Forbidden".into(), detail))
}

/// `f: Duplicate value: "v"`.
pub fn duplicate(path: &Path, value: impl Into<Value>) -> FieldError {
    error(Cause::Duplicate, path, format!("Duplicate value: {}", shown(&value.into())))
}

/// `f: Not found: "v"`.
pub fn not_found(path: &Path, value: impl Into<Value>) -> FieldError {
    error(Cause::NotFound, path, format!("Not found: {}", shown(&value.into())))
}

/// `f: Too long: may not be more than N bytes`.
pub fn too_long(path: &Path, max: usize) -> FieldError {
    error(Cause::TooLong, path, format!("Too long: may not be more than {max} bytes"))
}

/// `f: Too many: N: must have at most M items`.
pub fn too_many(path: &Path, actual: usize, max: usize) -> FieldError {
    let items = if max == 1 { "item" } else { "items" };
    error(Cause::TooMany, path, format!("Too many: {actual}: must have at most {max} {items}"))
}

/// `f: Internal error: detail`.
pub fn internal(path: &Path, detail: &str) -> FieldError {
    error(Cause::Internal, path, format!("Internal error: {detail}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn errors_read_as_kubernetes_prints_them() {
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
