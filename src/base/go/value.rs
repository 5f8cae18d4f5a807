//! JSON values as Go's `fmt` prints what `encoding/json` decodes them to.

use super::{float_g, quote};
use crate::json::Value;

/// Formats with `%v`: maps are `map[key:value]` in key order, lists `[a b]`, null is `<nil>`.
pub fn value_text(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => out.push_str(&float_g(float)),
            _ => out.push_str(&number.to_string()),
        },
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push_str("map[");
            for (index, (key, item)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                out.push_str(key);
                out.push(':');
                write_value(out, item);
            }
            out.push(']');
        }
    }
}

/// Formats with `%#v`, in Go syntax: `map[string]interface {}{"a":1}`.
pub fn value_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Bool(_) => value.to_string(),
        Value::Number(_) => value_text(value),
        Value::String(text) => quote(text),
        Value::Array(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(value_syntax).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let pairs: Vec<String> =
                fields.iter().map(|(key, item)| format!("{}:{}", quote(key), value_syntax(item))).collect();
            format!("map[string]interface {{}}{{{}}}", pairs.join(", "))
        }
    }
}

/// Returns the name of the Go type that the API machinery decodes a JSON value to, such as `int64`.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn values_are_printed_as_go_prints_them() {
        let cases = [
            (json!({"spec": {"replicas": "three"}}), "map[spec:map[replicas:three]]"),
            (json!({"b": [1, "x", null], "a": true, "c": {}}), "map[a:true b:[1 x <nil>] c:map[]]"),
            (json!(1.5), "1.5"),
            (json!(1_234_567.0), "1.234567e+06"),
        ];
        for (value, want) in cases {
            assert_eq!(value_text(&value), want);
        }
    }
}
