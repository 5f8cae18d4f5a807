//! Values of `awk`.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::programs::text::printf;

/// A value: a number, a text, or both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) enum Value {
    /// A variable that was not set: 0 and empty.
    #[default]
    Unset,
    Number(f64),
    Text(String),
    /// A text from the input that looks like a number.
    Input(String, f64),
}

impl Value {
    /// Creates the value of a text from the input.
    pub(super) fn input(text: &str) -> Value {
        match text.trim().parse::<f64>() {
            Ok(number) if looks_numeric(text.trim()) => Value::Input(text.to_owned(), number),
            _ => Value::Text(text.to_owned()),
        }
    }

    pub(super) fn number(&self) -> f64 {
        match self {
            Value::Unset => 0.0,
            Value::Number(number) | Value::Input(_, number) => *number,
            Value::Text(text) => prefix(text),
        }
    }

    /// Returns the text; numbers that are no integers have a format such as `%.6g`.
    pub(super) fn text(&self, format: &str) -> String {
        match self {
            Value::Unset => String::new(),
            Value::Number(number) => number_text(*number, format),
            Value::Text(text) | Value::Input(text, _) => text.clone(),
        }
    }

    pub(super) fn is_true(&self) -> bool {
        match self {
            Value::Unset => false,
            Value::Number(number) | Value::Input(_, number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
        }
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Value::Text(_))
    }

    /// Compares as numbers unless one of both is a text.
    pub(super) fn compare(&self, other: &Value, format: &str) -> Ordering {
        if self.is_text() || other.is_text() {
            return self.text(format).cmp(&other.text(format));
        }
        self.number().partial_cmp(&other.number()).unwrap_or(Ordering::Equal)
    }
}

/// Reports whether a text is a decimal number; names such as `inf` are none.
fn looks_numeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
}

/// Returns the number at the start of a text.
fn prefix(text: &str) -> f64 {
    let text = text.trim_start();
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let length = digits.bytes().take(15).take_while(u8::is_ascii_hexdigit).count();
        return i64::from_str_radix(&digits[..length], 16).map_or(0.0, |number| number as f64);
    }
    let length = text.bytes().take(64).take_while(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte)).count();
    (1..=length).rev().find_map(|end| text[..end].parse().ok()).unwrap_or(0.0)
}

pub(super) fn number_text(number: f64, format: &str) -> String {
    if number.fract() == 0.0 && number.abs() < 1e16 {
        return format!("{number:.0}").replace("-0", if number == 0.0 { "0" } else { "-0" });
    }
    if number.is_nan() {
        return if number.is_sign_negative() { "-nan".to_owned() } else { "nan".to_owned() };
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf".to_owned() } else { "inf".to_owned() };
    }
    if format == "%.6g" { printf::significant(number, 6) } else { printf::format_float(format, number) }
}
