//! The sentences around decoding errors.

use crate::json::Value;

/// The message of a request whose body is no such kind: a decoding error, or [`strict`] fields.
pub fn cannot_be_handled(kind: &str, version: &str, error: &str) -> String {
    format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {error}")
}

/// Unknown and duplicate fields as one error.
pub fn strict(fields: &[String]) -> String {
    format!("strict decoding error: {}", fields.join(", "))
}

/// A value as Go prints it with `%v`: how patches are quoted in errors.
pub fn go_value(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(go_value).collect::<Vec<_>>().join(" ")),
        Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{key}:{}", go_value(value))).collect();
            format!("map[{}]", entries.join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn sentences() {
        let fields = [r#"unknown field "spec.Type""#.to_owned(), r#"duplicate field "spec.a""#.to_owned()];
        assert_eq!(
            cannot_be_handled("Service", "v1", &strict(&fields)),
            "Service in version \"v1\" cannot be handled as a Service: strict decoding error: unknown field \"spec.Type\", duplicate field \"spec.a\""
        );
    }

    #[test]
    fn values_as_go_prints_them() {
        let cases = [
            (json!({"spec": {"replicas": "three"}}), "map[spec:map[replicas:three]]"),
            (json!({"b": [1, "x", null], "a": true, "c": {}}), "map[a:true b:[1 x <nil>] c:map[]]"),
            (json!(1.5), "1.5"),
        ];
        for (value, want) in cases {
            assert_eq!(go_value(&value), want);
        }
    }
}
