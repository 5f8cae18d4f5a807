//! Texts that `sed` makes: replacements of matches, and lines with escapes.

use super::script::{Case, Part};

/// Adds a replacement for a match, of which `group` returns the groups.
pub(super) fn replace<'a>(parts: &'a [Part], group: impl Fn(usize) -> &'a [u8], out: &mut Vec<u8>) {
    let (mut case, mut once) = (None, None);
    for part in parts {
        let text = match part {
            Part::Text(text) => text.as_slice(),
            Part::Group(number) => group(*number),
            Part::Case(Case::End) => {
                (case, once) = (None, None);
                continue;
            }
            Part::Case(first @ (Case::UpperFirst | Case::LowerFirst)) => {
                once = Some(*first);
                continue;
            }
            Part::Case(other) => {
                case = Some(*other);
                continue;
            }
        };
        if case.is_none() && once.is_none() {
            out.extend_from_slice(text);
            continue;
        }
        let text = String::from_utf8_lossy(text);
        let mut text = match case {
            Some(Case::Upper) => text.to_uppercase(),
            Some(Case::Lower) => text.to_lowercase(),
            _ => text.into_owned(),
        };
        if let (Some(first), Some(c)) = (once, text.chars().next()) {
            let changed: String =
                if first == Case::UpperFirst { c.to_uppercase().collect() } else { c.to_lowercase().collect() };
            text.replace_range(..c.len_utf8(), &changed);
            once = None;
        }
        out.extend_from_slice(text.as_bytes());
    }
}

/// Formats a text unambiguously, as `l` does: with escapes, in lines of 70 characters.
pub(super) fn list(text: &[u8]) -> String {
    const WIDTH: usize = 69;
    let mut out = String::new();
    let mut width = 0;
    for byte in text {
        let shown = match byte {
            b'\\' => "\\\\".to_owned(),
            7 => "\\a".to_owned(),
            8 => "\\b".to_owned(),
            12 => "\\f".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\r' => "\\r".to_owned(),
            b'\t' => "\\t".to_owned(),
            11 => "\\v".to_owned(),
            32..127 => char::from(*byte).to_string(),
            other => format!("\\{other:03o}"),
        };
        if width + shown.len() > WIDTH {
            out.push_str("\\\n");
            width = 0;
        }
        width += shown.len();
        out.push_str(&shown);
    }
    out + "$"
}
