//! Quantities such as `500m`, `1Gi` or `12e6`: parsing, exact arithmetic and the canonical form that the API server
//! stores (apimachinery, `pkg/api/resource/quantity.go`).
//!
//! A quantity is `mantissa * 10^scale` with a scale of at least -9 (nano), so sums and comparisons are exact. Parsing
//! rounds finer amounts away from zero, as the API server does. A quantity remembers the suffix family that it was
//! written in, which decides how it is formatted.

use crate::json::Value;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The smallest scale: `10^-9`.
const NANO: i32 = -9;

/// The number of decimal digits of the largest mantissa, which has 128 bits.
const MAX_DIGITS: usize = 39;

/// The suffix family of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Powers of 1000: `n u m "" k M G T P E`.
    DecimalSi,
    /// Powers of 1024: `Ki Mi Gi Ti Pi Ei`.
    BinarySi,
    /// Decimal exponents: `e3`, `e6`.
    DecimalExponent,
}

/// The reason why a string is not a quantity, with the message of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The string does not have the form of a quantity.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    /// The suffix is unknown.
    #[error("unable to parse quantity's suffix")]
    Suffix,
    /// The number before the suffix cannot be parsed.
    #[error("unable to parse numeric part of quantity")]
    Number,
}

/// An exact amount with its suffix family.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    mantissa: i128,
    scale: i32,
    format: Format,
}

impl Quantity {
    /// Zero, in decimal notation.
    pub const ZERO: Quantity = Quantity { mantissa: 0, scale: 0, format: Format::DecimalSi };

    /// Creates an integral quantity in the given suffix family.
    pub fn new(value: i64, format: Format) -> Quantity {
        Quantity::normal(i128::from(value), 0, format)
    }

    /// Creates a quantity of thousandths, the unit of CPU requests.
    pub fn from_milli(value: i64) -> Quantity {
        Quantity::normal(i128::from(value), -3, Format::DecimalSi)
    }

    /// Converts a field of an object, which may be a string or a number.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is not a quantity.
    pub fn from_value(value: &Value) -> Result<Quantity, QuantityError> {
        match value {
            Value::String(text) => text.trim().parse(),
            Value::Number(number) => number.to_string().parse(),
            _ => Err(QuantityError::Format),
        }
    }

    /// Returns the suffix family.
    #[inline]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the amount in whole units, rounded away from zero and clamped to 64 bits.
    #[inline]
    pub fn value(&self) -> i64 {
        self.scaled_value(0)
    }

    /// Returns the amount in thousandths, rounded away from zero and clamped to 64 bits.
    #[inline]
    pub fn milli_value(&self) -> i64 {
        self.scaled_value(-3)
    }

    /// Returns the amount in units of `10^scale`, rounded away from zero and clamped to 64 bits.
    pub fn scaled_value(&self, scale: i32) -> i64 {
        let wide = rescale_up(self.mantissa, self.scale, scale);
        i64::try_from(wide).unwrap_or(if wide < 0 { i64::MIN } else { i64::MAX })
    }

    /// Rounds away from zero to a multiple of `10^scale`.
    pub fn round_up(&self, scale: i32) -> Quantity {
        if self.scale >= scale {
            return *self;
        }
        Quantity::normal(rescale_up(self.mantissa, self.scale, scale), scale, self.format)
    }

    /// Returns the amount as a float, which is good enough for ratios only.
    pub fn as_f64(&self) -> f64 {
        self.mantissa as f64 * 10f64.powi(self.scale)
    }

    /// Returns `true` for zero.
    #[inline]
    pub fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    /// Returns the sign: -1, 0 or 1.
    #[inline]
    pub fn signum(&self) -> i32 {
        self.mantissa.signum() as i32
    }

    /// Adds; the result has the suffix family of the left side unless that is zero.
    pub fn add(&self, other: &Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        let scale = self.scale.min(other.scale);
        let sum =
            rescale_up(self.mantissa, self.scale, scale).saturating_add(rescale_up(other.mantissa, other.scale, scale));
        Quantity::normal(sum, scale, format)
    }

    /// Subtracts; the result has the suffix family of the left side unless that is zero.
    pub fn sub(&self, other: &Quantity) -> Quantity {
        self.add(&other.neg())
    }

    /// Negates.
    pub fn neg(&self) -> Quantity {
        Quantity { mantissa: self.mantissa.saturating_neg(), ..*self }
    }

    /// Returns the canonical form, which has the largest suffix that needs no fraction.
    pub fn canonical(&self) -> String {
        self.to_string()
    }

    /// Normalizes mantissa and scale, so that equal amounts are equal: the mantissa is not divisible by ten.
    fn normal(mut mantissa: i128, mut scale: i32, format: Format) -> Quantity {
        if mantissa == 0 {
            return Quantity { mantissa: 0, scale: 0, format };
        }
        while mantissa % 10 == 0 {
            mantissa /= 10;
            scale = scale.saturating_add(1);
        }
        Quantity { mantissa, scale, format }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Quantity) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    /// Compares amounts, not their notation.
    fn cmp(&self, other: &Quantity) -> Ordering {
        let scale = self.scale.min(other.scale);
        let left = rescale_up(self.mantissa, self.scale, scale);
        left.cmp(&rescale_up(other.mantissa, other.scale, scale))
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Quantity, QuantityError> {
        let parts = Parts::split(text)?;
        let (unit, format) = interpret_suffix(parts.suffix)?;
        let digits = format!("{}{}", parts.whole, parts.fraction);
        let significant = digits.trim_start_matches('0');
        if significant.len() > MAX_DIGITS {
            return Err(QuantityError::Number);
        }
        let number: i128 =
            if significant.is_empty() { 0 } else { significant.parse().map_err(|_| QuantityError::Number)? };
        let fraction_digits = i32::try_from(parts.fraction.len()).map_err(|_| QuantityError::Number)?;
        let quantity = match unit {
            Unit::Ten(exponent) => {
                let scale = exponent.saturating_sub(fraction_digits);
                Quantity::normal(number, scale, format).round_up(NANO)
            }
            Unit::Two(exponent) => {
                let bytes = Quantity::normal(number.saturating_mul(1 << exponent), -fraction_digits, format);
                binary(bytes.round_up(NANO))
            }
        };
        // The canonical form has an exponent that three divides, which takes up to two more digits.
        let over = quantity.scale.rem_euclid(3).unsigned_abs();
        if quantity.mantissa.checked_mul(power_of_ten(over)).is_none() {
            return Err(QuantityError::Number);
        }
        Ok(if parts.negative { quantity.neg() } else { quantity })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0");
        }
        // Binary suffixes are used for integers from 1024 on; a fraction would be lost.
        let whole = (self.scale >= 0).then(|| rescale_up(self.mantissa, self.scale, 0));
        match whole {
            Some(bytes) if self.format == Format::BinarySi && bytes.unsigned_abs() >= 1024 => write_binary(f, bytes),
            _ => self.write_decimal(f),
        }
    }
}

impl Quantity {
    /// Formats with a power of 1000 as suffix or exponent.
    fn write_decimal(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let over = self.scale.rem_euclid(3);
        let exponent = self.scale - over;
        let number = self.mantissa.saturating_mul(power_of_ten(over.unsigned_abs()));
        let si = DECIMAL_SUFFIXES.iter().find(|(_, power)| *power == exponent);
        match (self.format, si) {
            (_, _) if exponent == 0 => write!(f, "{number}"),
            (Format::DecimalExponent, _) | (_, None) => write!(f, "{number}e{exponent}"),
            (_, Some((suffix, _))) => write!(f, "{number}{suffix}"),
        }
    }
}

fn write_binary(f: &mut fmt::Formatter<'_>, mut bytes: i128) -> fmt::Result {
    let mut step = 0;
    while bytes % 1024 == 0 && step + 1 < BINARY_SUFFIXES.len() {
        bytes /= 1024;
        step += 1;
    }
    write!(f, "{bytes}{}", BINARY_SUFFIXES[step].0)
}

/// Clamps a binary amount to 64 bits; below one it becomes decimal.
fn binary(quantity: Quantity) -> Quantity {
    let cap = Quantity::new(i64::MAX, Format::BinarySi);
    let one = Quantity::new(1, Format::BinarySi);
    match quantity {
        q if q > cap => cap,
        q if q < one && !q.is_zero() => Quantity { format: Format::DecimalSi, ..q },
        q => q,
    }
}

/// The parts of a quantity string, not yet parsed.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Parts<'a>, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        let (negative, rest) = match text.as_bytes()[0] {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, rest) = split_while(rest, |c| c.is_ascii_digit());
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => split_while(rest, |c| c.is_ascii_digit()),
            None => ("", rest),
        };
        let (_, tail) = split_while(suffix, |c| "eEinumkKMGTP".contains(c));
        let tail = tail.strip_prefix(['-', '+']).unwrap_or(tail);
        if !tail.chars().all(|c| c.is_ascii_digit()) {
            return Err(QuantityError::Format);
        }
        Ok(Parts { negative, whole, fraction, suffix })
    }
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !keep(c)).unwrap_or(text.len()))
}

/// The factor of a suffix.
enum Unit {
    Ten(i32),
    Two(u32),
}

const DECIMAL_SUFFIXES: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

const BINARY_SUFFIXES: [(&str, u32); 7] =
    [("", 0), ("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

fn interpret_suffix(suffix: &str) -> Result<(Unit, Format), QuantityError> {
    if let Some((_, power)) = DECIMAL_SUFFIXES.iter().find(|(name, _)| *name == suffix) {
        return Ok((Unit::Ten(*power), Format::DecimalSi));
    }
    if let Some((_, power)) = BINARY_SUFFIXES.iter().find(|(name, _)| *name == suffix) {
        return Ok((Unit::Two(*power), Format::BinarySi));
    }
    let exponent = suffix.strip_prefix(['e', 'E']).and_then(|digits| digits.parse().ok());
    exponent.map(|power| (Unit::Ten(power), Format::DecimalExponent)).ok_or(QuantityError::Suffix)
}

/// Converts `mantissa * 10^from` to units of `10^to`, rounding away from zero and saturating.
fn rescale_up(mantissa: i128, from: i32, to: i32) -> i128 {
    if mantissa == 0 || from == to {
        return mantissa;
    }
    let steps = from.abs_diff(to);
    if from > to {
        return mantissa.saturating_mul(power_of_ten(steps));
    }
    let divisor = power_of_ten(steps);
    let exact = mantissa % divisor == 0;
    mantissa / divisor + if exact { 0 } else { mantissa.signum() }
}

fn power_of_ten(exponent: u32) -> i128 {
    10i128.checked_pow(exponent).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;
    use proptest::prelude::*;

    fn parse(text: &str) -> Quantity {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn canonical_form_has_the_largest_suffix_of_its_family() {
        let cases = [
            ("0", "0"),
            ("-0", "0"),
            ("1000m", "1"),
            ("0.5", "500m"),
            (".5", "500m"),
            ("1.", "1"),
            ("+1", "1"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("1023", "1023"),
            ("1000Ki", "1000Ki"),
            ("512Ki", "512Ki"),
            ("1000", "1k"),
            ("1100", "1100"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("1e4", "10e3"),
            ("12e6", "12e6"),
            ("1e0", "1"),
            ("1e-3", "1e-3"),
            ("1E", "1E"),
            ("0.1Ki", "102400m"),
            ("0.0001Ki", "102400u"),
            ("100m", "100m"),
            ("1n", "1n"),
            ("0.1n", "1n"),
            ("-0.1n", "-1n"),
            ("-1500m", "-1500m"),
            ("00012", "12"),
            ("8Ei", "9223372036854775807"),
            ("7Ei", "7Ei"),
            ("-2Gi", "-2Gi"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).canonical(), expected, "{text}");
        }
    }

    #[test]
    fn error_messages_match_kubernetes() {
        for (text, expected) in [
            ("", QuantityError::Format),
            ("abc", QuantityError::Format),
            ("1 Gi", QuantityError::Format),
            ("1.2.3", QuantityError::Format),
            ("--1", QuantityError::Suffix),
            ("1K", QuantityError::Suffix),
            ("1mm", QuantityError::Suffix),
            ("1e", QuantityError::Suffix),
            ("1m5", QuantityError::Suffix),
        ] {
            assert_eq!(text.parse::<Quantity>().unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn values_round_away_from_zero() {
        assert_eq!(parse("1500m").value(), 2);
        assert_eq!(parse("-1500m").value(), -2);
        assert_eq!(parse("1Gi").value(), 1 << 30);
        assert_eq!(parse("0.5").milli_value(), 500);
        assert_eq!(parse("1n").milli_value(), 1);
        assert_eq!(parse("100E").value(), i64::MAX);
        assert_eq!(parse("300E2147483647").value(), i64::MAX);
        let long = "9999999999999999999999999999999990100m";
        assert_eq!(parse("9999999999999999999999999999999990.1").canonical(), long);
        assert_eq!(parse(long).canonical(), long);
        assert_eq!("9".repeat(38).parse::<Quantity>().map(|q| q.canonical()), Ok("9".repeat(38)));
        assert_eq!(format!("{}.9", "9".repeat(37)).parse::<Quantity>(), Err(QuantityError::Number));
        assert_eq!(parse("100200n").round_up(-3).canonical(), "1m");
    }

    #[test]
    fn json_numbers_are_quantities() {
        assert_eq!(Quantity::from_value(&json!(2)).unwrap().canonical(), "2");
        assert_eq!(Quantity::from_value(&json!(0.25)).unwrap().canonical(), "250m");
        assert_eq!(Quantity::from_value(&json!(" 1Gi ")).unwrap().canonical(), "1Gi");
        assert_eq!(Quantity::from_value(&json!(true)).unwrap_err(), QuantityError::Format);
    }

    #[test]
    fn arithmetic_keeps_the_suffix_family_of_the_left_side() {
        assert_eq!(parse("1Gi").add(&parse("512Mi")).canonical(), "1536Mi");
        assert_eq!(Quantity::ZERO.add(&parse("512Mi")).canonical(), "512Mi");
        assert_eq!(parse("1").sub(&parse("250m")).canonical(), "750m");
        assert!(parse("1Gi") > parse("1G"));
        assert_eq!(parse("1000m"), parse("1"));
    }

    fn any_quantity() -> impl Strategy<Value = Quantity> {
        let suffixes =
            prop::sample::select(vec!["", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "e-2"]);
        (-1_000_000i64..1_000_000, suffixes).prop_map(|(number, suffix)| parse(&format!("{number}{suffix}")))
    }

    proptest! {
        #[test]
        fn canonical_form_round_trips(q in any_quantity()) {
            let text = q.canonical();
            prop_assert_eq!(parse(&text), q);
            prop_assert_eq!(parse(&text).canonical(), text);
        }

        #[test]
        fn addition_is_exact(a in any_quantity(), b in any_quantity(), c in any_quantity()) {
            prop_assert_eq!(a.add(&b), b.add(&a));
            prop_assert_eq!(a.add(&b).add(&c), a.add(&b.add(&c)));
            prop_assert_eq!(a.add(&b).sub(&b), a);
            prop_assert_eq!(a.cmp(&b) as i32, a.sub(&b).signum());
            prop_assert_eq!(a.add(&a).add(&a), a.add(&a.add(&a)));
        }

        #[test]
        fn any_string_is_parsed_or_refused(text in "[-+0-9.eEinumkKMGTP ]{0,60}") {
            let _ = text.parse::<Quantity>().map(|q| q.canonical());
        }
    }
}
