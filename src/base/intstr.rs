//! Values that are a number or a percentage, such as `maxSurge: 25%` (apimachinery, `pkg/util/intstr`).
//!
//! Callers know which fields these are and which total the percentage refers to.

use crate::json::Value;
use std::fmt;

/// The rounding of a percentage of the total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Up, as for `maxSurge`.
    Up,
    /// Down, as for `maxUnavailable`.
    Down,
}

/// An integer or a string, which should be a percentage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntOrPercent {
    /// An integer.
    Int(i64),
    /// The original string; only `N%` can be resolved.
    Text(String),
}

/// The reason why a value cannot be resolved, with the message of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntOrPercentError {
    /// The string has no percent sign.
    #[error("invalid value for IntOrString: invalid type: string is not a percentage")]
    NotPercentage,
    /// No number precedes the percent sign.
    #[error(
        "invalid value for IntOrString: invalid value \"{text}\": strconv.Atoi: parsing \"{number}\": invalid syntax"
    )]
    BadNumber {
        /// The whole string.
        text: String,
        /// The part before the percent sign.
        number: String,
    },
    /// The value is neither a number nor a string.
    #[error("invalid value for IntOrString: invalid type: neither int nor percentage")]
    WrongType,
}

impl IntOrPercent {
    /// Converts the value of a field; `None` if it is neither an integer nor a string.
    pub fn from_value(value: &Value) -> Option<IntOrPercent> {
        match value {
            Value::Number(number) => number.as_i64().map(IntOrPercent::Int),
            Value::String(text) => Some(IntOrPercent::Text(text.to_string())),
            _ => None,
        }
    }

    /// Returns the integer, or the percentage of `total` rounded as requested (`GetScaledValueFromIntOrPercent`).
    ///
    /// # Errors
    ///
    /// Returns an error if the value is a string but not a percentage.
    pub fn resolve(&self, total: i64, rounding: Rounding) -> Result<i64, IntOrPercentError> {
        let percent = match self {
            IntOrPercent::Int(number) => return Ok(*number),
            IntOrPercent::Text(text) => parse_percent(text)?,
        };
        // The product of two 64-bit integers fits into 128 bits.
        let share = i128::from(percent) * i128::from(total);
        let rounded = match rounding {
            Rounding::Up => -(-share).div_euclid(100),
            Rounding::Down => share.div_euclid(100),
        };
        Ok(i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Returns the number before the percent sign; `None` for integers and other strings.
    pub fn percent(&self) -> Option<i64> {
        match self {
            IntOrPercent::Int(_) => None,
            IntOrPercent::Text(text) => parse_percent(text).ok(),
        }
    }

    /// Returns the validation message if the value is neither a non-negative integer nor a percentage.
    pub fn non_negative_problem(&self) -> Option<&'static str> {
        match self {
            IntOrPercent::Int(number) if *number < 0 => Some(NOT_NEGATIVE),
            IntOrPercent::Int(_) => None,
            IntOrPercent::Text(text) if is_percent_text(text) => None,
            IntOrPercent::Text(_) => Some(PERCENT_FORMAT),
        }
    }

    /// Returns the validation message if the value is a percentage above 100.
    pub fn over_hundred_problem(&self) -> Option<&'static str> {
        self.percent().filter(|percent| *percent > 100).map(|_| OVER_HUNDRED)
    }
}

impl fmt::Display for IntOrPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntOrPercent::Int(number) => write!(f, "{number}"),
            IntOrPercent::Text(text) => f.write_str(text),
        }
    }
}

/// Resolves the raw value of a field, see [`IntOrPercent::resolve`].
///
/// # Errors
///
/// Returns an error if the value is neither an integer nor a percentage.
pub fn resolve(value: &Value, total: i64, rounding: Rounding) -> Result<i64, IntOrPercentError> {
    IntOrPercent::from_value(value).ok_or(IntOrPercentError::WrongType)?.resolve(total, rounding)
}

/// The validation message for a negative number.
pub const NOT_NEGATIVE: &str = "must be greater than or equal to 0";
const OVER_HUNDRED: &str = "must not be greater than 100%";
const PERCENT_FORMAT: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

fn is_percent_text(text: &str) -> bool {
    let digits = text.strip_suffix('%').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn parse_percent(text: &str) -> Result<i64, IntOrPercentError> {
    let number = text.strip_suffix('%').ok_or(IntOrPercentError::NotPercentage)?;
    number.parse().map_err(|_| IntOrPercentError::BadNumber { text: text.to_owned(), number: number.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn percentages_are_rounded_as_requested() {
        let cases = [
            (json!(3), 10, Rounding::Up, 3),
            (json!("25%"), 10, Rounding::Up, 3),
            (json!("25%"), 10, Rounding::Down, 2),
            (json!("100%"), 7, Rounding::Down, 7),
            (json!("0%"), 7, Rounding::Up, 0),
            (json!("150%"), 2, Rounding::Up, 3),
        ];
        for (value, total, rounding, expected) in cases {
            assert_eq!(resolve(&value, total, rounding), Ok(expected), "{value} of {total}");
        }
    }

    #[test]
    fn strings_without_a_percentage_are_refused() {
        let refusal = |value| resolve(&value, 10, Rounding::Up).unwrap_err().to_string();
        assert_eq!(refusal(json!("5")), "invalid value for IntOrString: invalid type: string is not a percentage");
        assert_eq!(
            refusal(json!("x%")),
            "invalid value for IntOrString: invalid value \"x%\": strconv.Atoi: parsing \"x\": invalid syntax"
        );
        assert_eq!(IntOrPercent::from_value(&json!([1])), None);
    }

    #[test]
    fn validation_messages_match_the_api_server() {
        let problem = |value| IntOrPercent::from_value(&value).unwrap().non_negative_problem();
        assert_eq!(problem(json!(0)), None);
        assert_eq!(problem(json!("10%")), None);
        assert_eq!(problem(json!(-1)), Some("must be greater than or equal to 0"));
        assert!(problem(json!("10")).unwrap().starts_with("a valid percent string must be"));
        assert!(problem(json!("%")).is_some());
        assert_eq!(IntOrPercent::Text("101%".into()).over_hundred_problem(), Some("must not be greater than 100%"));
        assert_eq!(IntOrPercent::Int(101).over_hundred_problem(), None);
    }
}
