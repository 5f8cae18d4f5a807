//! JSON text to a value, with the fields that occur twice: the last one wins, and a strict server says so.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::json::{Map, Number, Value};

/// Reads JSON; the list holds `duplicate field "spec.replicas"` for every field that occurs again, each path once.
pub fn read_json(text: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let mut duplicates = Vec::new();
    let mut path = String::new();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Reader { path: &mut path, duplicates: &mut duplicates }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, duplicates))
}

struct Reader<'a> {
    path: &'a mut String,
    duplicates: &'a mut Vec<String>,
}

impl Reader<'_> {
    /// A reader for what is below this one; the caller cuts the path back afterwards.
    fn below(&mut self) -> Reader<'_> {
        Reader { path: self.path, duplicates: self.duplicates }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        let length = self.path.len();
        loop {
            self.path.push_str(&format!("[{}]", items.len()));
            let item = access.next_element_seed(self.below())?;
            self.path.truncate(length);
            match item {
                Some(item) => items.push(item),
                None => return Ok(Value::from(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Map::new();
        let length = self.path.len();
        while let Some(key) = access.next_key::<String>()? {
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            if entries.contains_key(&key) {
                let text = format!("duplicate field {:?}", self.path);
                if !self.duplicates.contains(&text) {
                    self.duplicates.push(text);
                }
            }
            let value = access.next_value_seed(self.below())?;
            self.path.truncate(length);
            entries.insert(key, value);
        }
        Ok(Value::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn duplicates_are_reported_and_the_last_one_wins() {
        let (value, duplicates) =
            read_json(br#"{"a": 1, "spec": {"replicas": 3, "replicas": 4, "l": [{"x": 1, "x": 2}]}, "a": 2, "a": 3}"#)
                .unwrap();
        assert_eq!(value, json!({"a": 3, "spec": {"replicas": 4, "l": [{"x": 2}]}}));
        assert_eq!(
            duplicates,
            [r#"duplicate field "spec.replicas""#, r#"duplicate field "spec.l[0].x""#, r#"duplicate field "a""#]
        );
    }

    #[test]
    fn plain_values_pass_unchanged() {
        for text in [r#"{"a": [1, -2, 1.5, true, null, "x\n"], "b": {}}"#, "[]", "null", "18446744073709551615"] {
            let (value, duplicates) = read_json(text.as_bytes()).unwrap();
            assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
            assert!(duplicates.is_empty());
        }
        assert!(read_json(b"{} x").is_err());
    }
}
