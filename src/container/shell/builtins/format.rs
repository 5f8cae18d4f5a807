//! Numbers and texts as `printf` formats them.

/// Formats a number like `%e`, `%f` or `%g`.
pub(super) fn float(value: f64, conversion: u8, precision: Option<usize>) -> String {
    let precision = precision.unwrap_or(6);
    if !value.is_finite() {
        return if value.is_nan() { "nan".into() } else { "inf".into() };
    }
    let text = match conversion.to_ascii_lowercase() {
        b'f' => format!("{value:.precision$}"),
        b'e' => exponential(value, precision),
        _ => general(value, precision.max(1)),
    };
    if conversion.is_ascii_uppercase() { text.to_uppercase() } else { text }
}

/// Formats like `%e`: with a sign and at least two digits of exponent.
fn exponential(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// Formats like `%g`: the shorter of `%e` and `%f`, without zeros at the end.
fn general(value: f64, precision: usize) -> String {
    let scientific = exponential(value, precision - 1);
    let exponent: i32 = scientific.rsplit('e').next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    let precision = i32::try_from(precision).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= precision {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "+00"));
        return format!("{}e{exponent}", trim(mantissa));
    }
    let decimals = usize::try_from(precision - 1 - exponent).unwrap_or(0);
    trim(&format!("{value:.decimals$}"))
}

/// Quotes like `%q` of bash.
pub(super) fn backslashed(text: &str) -> String {
    if text.is_empty() {
        return "''".into();
    }
    if text.chars().any(char::is_control) {
        return crate::shell::trace::quote(text, true);
    }
    let mut out = String::new();
    for c in text.chars() {
        if !c.is_alphanumeric() && !"_-./:=@%+,".contains(c) || c == ',' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
