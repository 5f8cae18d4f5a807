//! Floating-point numbers as Go prints them (`strconv.AppendFloat`, `encoding/json`).

/// Formats with `%g` and `%v`: the shortest digits, with an exponent below 1e-4 and from 1e6 on.
pub(crate) fn float_g(float: f64) -> String {
    special_float(float).map_or_else(|| Shortest::of(&format!("{float:e}")).general(), str::to_owned)
}

/// Like [`float_g`] for a 32-bit float, which go-yaml uses for keys of mappings.
pub(crate) fn float32_g(float: f32) -> String {
    special_float(float.into()).map_or_else(|| Shortest::of(&format!("{float:e}")).general(), str::to_owned)
}

/// Formats like `encoding/json`: with an exponent only below 1e-6 and from 1e21 on.
pub(crate) fn float_json(float: f64) -> String {
    let digits = Shortest::of(&format!("{float:e}"));
    if float == 0.0 || (float.abs() >= 1e-6 && float.abs() < 1e21) {
        return digits.positional();
    }
    let text = digits.scientific();
    // `encoding/json` drops the leading zero of a negative exponent: e-09 becomes e-9.
    match text.strip_suffix(|c: char| c.is_ascii_digit()) {
        Some(head) if head.ends_with("e-0") => text.replace("e-0", "e-"),
        _ => text,
    }
}

fn special_float(float: f64) -> Option<&'static str> {
    if float.is_nan() {
        Some("NaN")
    } else if float.is_infinite() {
        Some(if float > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        None
    }
}

/// The shortest decimal digits that round-trip.
struct Shortest {
    negative: bool,
    digits: String,
    exponent: i32,
}

impl Shortest {
    /// Parses Rust's `{:e}` format, which has the shortest digits, too.
    fn of(text: &str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        Self { negative, digits: mantissa.replace('.', ""), exponent: exponent.parse().unwrap_or(0) }
    }

    fn general(&self) -> String {
        // Go decides about the exponent as for a precision of six digits, however many there are.
        if self.exponent < -4 || self.exponent >= 6 { self.scientific() } else { self.positional() }
    }

    fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }

    fn scientific(&self) -> String {
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if self.exponent < 0 { '-' } else { '+' };
        format!("{}{first}{point}{rest}e{sign}{:02}", self.sign(), self.exponent.abs())
    }

    fn positional(&self) -> String {
        let count = self.digits.len() as i32;
        let body = if self.exponent < 0 {
            format!("0.{}{}", "0".repeat((-self.exponent - 1) as usize), self.digits)
        } else if self.exponent + 1 >= count {
            format!("{}{}", self.digits, "0".repeat((self.exponent + 1 - count) as usize))
        } else {
            let (whole, fraction) = self.digits.split_at(self.exponent as usize + 1);
            format!("{whole}.{fraction}")
        };
        format!("{}{body}", self.sign())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_take_go_forms() {
        let cases = [
            (1.5, "1.5", "1.5"),
            (1_234_567.5, "1.2345675e+06", "1234567.5"),
            (100_000.5, "100000.5", "100000.5"),
            (1e21, "1e+21", "1e+21"),
            (1e20, "1e+20", "100000000000000000000"),
            (1e-7, "1e-07", "1e-7"),
            (1e-10, "1e-10", "1e-10"),
            (0.00001, "1e-05", "0.00001"),
            (0.0001, "0.0001", "0.0001"),
            (-2.25, "-2.25", "-2.25"),
            (0.0, "0", "0"),
        ];
        for (float, general, json) in cases {
            assert_eq!(float_g(float), general);
            assert_eq!(float_json(float), json);
        }
    }
}
