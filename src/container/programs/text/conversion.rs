//! Numbers as the conversions of `printf` show them.

/// A conversion such as `%-5.2f`.
#[derive(Clone, Debug, Default)]
pub(super) struct Conversion {
    pub(super) is_left: bool,
    pub(super) has_zeros: bool,
    pub(super) has_plus: bool,
    pub(super) has_space: bool,
    pub(super) is_alternative: bool,
    pub(super) width: usize,
    pub(super) precision: Option<usize>,
    pub(super) letter: char,
}

fn sign(is_negative: bool, conversion: &Conversion) -> &'static str {
    match (is_negative, conversion.has_plus, conversion.has_space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    }
}

pub(super) fn signed(value: i64, conversion: &Conversion) -> String {
    let digits = conversion.precision.unwrap_or(1);
    format!("{}{:0digits$}", sign(value < 0, conversion), value.unsigned_abs())
}

pub(super) fn unsigned(value: i64, conversion: &Conversion) -> String {
    let digits = conversion.precision.unwrap_or(1);
    let value = value as u64;
    match (conversion.letter, conversion.is_alternative && value != 0) {
        ('o', false) => format!("{value:0digits$o}"),
        ('o', true) => format!("0{value:0digits$o}"),
        ('x', false) => format!("{value:0digits$x}"),
        ('x', true) => format!("0x{value:0digits$x}"),
        ('X', false) => format!("{value:0digits$X}"),
        ('X', true) => format!("0X{value:0digits$X}"),
        _ => format!("{value:0digits$}"),
    }
}

pub(super) fn float(value: f64, conversion: &Conversion) -> String {
    let precision = conversion.precision.unwrap_or(6);
    let absolute = value.abs();
    let is_upper = conversion.letter.is_ascii_uppercase();
    let text = if !value.is_finite() {
        if value.is_nan() { "nan".to_owned() } else { "inf".to_owned() }
    } else {
        match conversion.letter.to_ascii_lowercase() {
            'f' => format!("{absolute:.precision$}"),
            'e' => exponential(absolute, precision),
            _ => shortest(absolute, precision.max(1), conversion.is_alternative),
        }
    };
    let text = if is_upper { text.to_uppercase() } else { text };
    format!("{}{text}", sign(value.is_sign_negative() && !value.is_nan(), conversion))
}

/// Formats as `%e`.
fn exponential(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// Formats as `%g`: so many significant digits, without zeros at the end.
fn shortest(value: f64, precision: usize, keeps_zeros: bool) -> String {
    let text = exponential(value, precision - 1);
    let exponent: i32 = text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let trim = |text: &str| match text.contains('.') && !keeps_zeros {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if exponent < -4 || exponent >= precision as i32 {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "+00"));
        return format!("{}e{exponent}", trim(mantissa));
    }
    let decimals = (precision as i32 - 1 - exponent).max(0) as usize;
    trim(&format!("{value:.decimals$}"))
}
