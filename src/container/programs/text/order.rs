//! How `sort` compares texts.

use std::cmp::Ordering;

/// The order of texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Bytes,
    Number,
    General,
    Human,
    Month,
    Version,
}

/// The modifiers of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    kind: Kind,
    pub(super) is_reverse: bool,
    pub(super) skips_blanks: bool,
    folds_case: bool,
    is_dictionary: bool,
    is_printable_only: bool,
}

impl Order {
    /// Applies an option letter; `false` if it is none of this kind.
    pub(super) fn apply(&mut self, letter: char) -> bool {
        match letter {
            'n' => self.kind = Kind::Number,
            'g' => self.kind = Kind::General,
            'h' => self.kind = Kind::Human,
            'M' => self.kind = Kind::Month,
            'V' => self.kind = Kind::Version,
            'r' => self.is_reverse = true,
            'b' => self.skips_blanks = true,
            'f' => self.folds_case = true,
            'd' => self.is_dictionary = true,
            'i' => self.is_printable_only = true,
            _ => return false,
        }
        true
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

pub(super) fn next(line: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    line.get(from..)?.iter().position(|byte| wanted(*byte)).map(|at| at + from)
}

pub(super) fn by_order(a: &[u8], b: &[u8], order: Order) -> Ordering {
    let result = match order.kind {
        Kind::Bytes => text_key(a, order).cmp(&text_key(b, order)),
        Kind::Number => by_number(a, b),
        Kind::General => float(a).partial_cmp(&float(b)).unwrap_or(Ordering::Equal),
        Kind::Human => human(a).cmp(&human(b)).then_with(|| by_number(a, b)),
        Kind::Month => month(a).cmp(&month(b)),
        Kind::Version => by_version(a, b),
    };
    if order.is_reverse { result.reverse() } else { result }
}

fn text_key(text: &[u8], order: Order) -> Vec<u8> {
    let text = if order.skips_blanks { text.trim_ascii_start() } else { text };
    let keeps = |byte: &u8| {
        (!order.is_dictionary || byte.is_ascii_alphanumeric() || is_blank(*byte))
            && (!order.is_printable_only || (32..127).contains(byte))
    };
    let fold = |byte: u8| if order.folds_case { byte.to_ascii_uppercase() } else { byte };
    text.iter().copied().filter(keeps).map(fold).collect()
}

/// Splits a number at the start of a text into its sign, whole digits and fraction, without zeros that say nothing.
fn decimal(text: &[u8]) -> (bool, &[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let (is_negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
    let end = next(text, 0, |byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let whole = &text[next(&text[..end], 0, |byte| byte != b'0').unwrap_or(end)..end];
    let fraction = text[end..].strip_prefix(b".").unwrap_or_default();
    let end = next(fraction, 0, |byte| !byte.is_ascii_digit()).unwrap_or(fraction.len());
    let end = fraction[..end].iter().rposition(|byte| *byte != b'0').map_or(0, |at| at + 1);
    let fraction = &fraction[..end];
    (is_negative && !(whole.is_empty() && fraction.is_empty()), whole, fraction)
}

fn by_number(a: &[u8], b: &[u8]) -> Ordering {
    let ((a_negative, a_whole, a_part), (b_negative, b_whole, b_part)) = (decimal(a), decimal(b));
    let absolute =
        a_whole.len().cmp(&b_whole.len()).then_with(|| a_whole.cmp(b_whole)).then_with(|| a_part.cmp(b_part));
    match (a_negative, b_negative) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (true, true) => absolute.reverse(),
        (false, false) => absolute,
    }
}

/// Parses the longest beginning that is a number; what is none comes first.
fn float(text: &[u8]) -> f64 {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start();
    let longest = text.len().min(64);
    (1..=longest)
        .rev()
        .filter(|end| text.is_char_boundary(*end))
        .find_map(|end| text[..end].parse::<f64>().ok())
        .unwrap_or(f64::NEG_INFINITY)
}

/// Returns the rank of the unit of a number such as `2K`, with its sign.
fn human(text: &[u8]) -> i32 {
    let (is_negative, whole, fraction) = decimal(text);
    if whole.is_empty() && fraction.is_empty() {
        return 0;
    }
    let unit = text.trim_ascii_start().iter().find(|byte| !b"-.0123456789".contains(byte));
    let rank = match unit {
        Some(b'k' | b'K') => 1,
        Some(unit) => b"KMGTPEZYRQ".iter().position(|known| known == unit).map_or(0, |at| at as i32 + 1),
        None => 0,
    };
    if is_negative { -rank - 1 } else { rank + 1 }
}

fn month(text: &[u8]) -> usize {
    const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let name = String::from_utf8_lossy(text.trim_ascii_start()).to_ascii_uppercase();
    MONTHS.iter().position(|month| name.starts_with(month)).map_or(0, |at| at + 1)
}

/// Compares runs of digits as numbers, other bytes as dpkg does: letters before other characters, `~` before everything.
fn by_version(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        None => 0,
        Some(byte) if byte.is_ascii_digit() => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    };
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        while a.get(i).is_some_and(|byte| !byte.is_ascii_digit()) || b.get(j).is_some_and(|byte| !byte.is_ascii_digit())
        {
            let order = rank(a.get(i)).cmp(&rank(b.get(j)));
            if order != Ordering::Equal {
                return order;
            }
            (i, j) = (i + 1, j + 1);
        }
        let run = |text: &[u8], from: usize| {
            let from = from.min(text.len());
            let end = next(text, from, |byte| !byte.is_ascii_digit()).unwrap_or(text.len());
            (next(&text[..end], from, |byte| byte != b'0').unwrap_or(end), end)
        };
        let ((a_start, a_end), (b_start, b_end)) = (run(a, i), run(b, j));
        let (a_run, b_run) = (&a[a_start..a_end], &b[b_start..b_end]);
        let order = a_run.len().cmp(&b_run.len()).then_with(|| a_run.cmp(b_run));
        if order != Ordering::Equal {
            return order;
        }
        (i, j) = (a_end, b_end);
    }
    Ordering::Equal
}
