//! What `${x#p}`, `${x/p/r}` and their like do with a text.

use super::pattern::Pattern;

/// Removes the shortest or longest beginning or end that matches.
pub(super) fn trim(value: &str, pattern: &Pattern, is_suffix: bool, is_longest: bool) -> String {
    let chars: Vec<char> = value.chars().collect();
    let mut work = 0;
    let lengths = match pattern.length() {
        Some(length) if length > chars.len() => return value.to_owned(),
        Some(length) => length..=length,
        None => 0..=chars.len(),
    };
    let (mut shorter, mut longer) = (lengths.clone(), lengths.rev());
    while let Some(length) = if is_longest { longer.next() } else { shorter.next() } {
        let (part, rest) = match is_suffix {
            true => (&chars[chars.len() - length..], &chars[..chars.len() - length]),
            false => (&chars[..length], &chars[length..]),
        };
        if pattern.matches_within(part, &mut work) {
            return rest.iter().collect();
        }
    }
    value.to_owned()
}

/// Replaces what matches: the first place, or with `/` all, with `#` only the beginning, with `%` only the end.
pub(super) fn replace(value: &str, pattern: &Pattern, replacement: &str, kind: u8) -> String {
    let chars: Vec<char> = value.chars().collect();
    let mut work = 0;
    let mut out = String::new();
    let mut at = 0;
    while at <= chars.len() {
        let is_candidate = kind != b'#' || at == 0;
        let longest = if is_candidate { pattern.longest(&chars, at, &mut work) } else { None };
        let longest = longest.filter(|end| kind != b'%' || *end == chars.len());
        match longest {
            Some(end) if end > at || chars.is_empty() => {
                out.push_str(replacement);
                at = end;
                if kind != b'/' || chars.is_empty() {
                    break;
                }
            }
            _ => {
                out.extend(chars.get(at));
                at += 1;
            }
        }
    }
    out.extend(chars.get(at..).unwrap_or_default());
    out
}

/// Changes the case of the first character, or of all, if they are meant.
pub(super) fn change_case(value: &str, is_upper: bool, is_all: bool, is_meant: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    for (number, c) in value.chars().enumerate() {
        match (number == 0 || is_all) && is_meant(c) {
            true if is_upper => out.extend(c.to_uppercase()),
            true => out.extend(c.to_lowercase()),
            false => out.push(c),
        }
    }
    out
}
