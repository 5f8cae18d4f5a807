//! Regular expressions as Go's `regexp` package reads them (RE2): the classes of Perl are ASCII, brackets stand for
//! themselves in classes, and errors have Go's words.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex;

/// The number of compiled patterns that are kept.
const KEPT_MAX: usize = 1000;

/// Compiles a pattern; a pattern that has been compiled before is not compiled again.
///
/// # Errors
/// When the pattern is invalid, in the words of Go.
pub fn compile(pattern: &str) -> Result<Arc<Regex>, String> {
    type Kept = HashMap<String, Arc<Regex>>;
    static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.get(pattern) {
        return Ok(known.clone());
    }
    let translated = translate(pattern).map_err(|why| format!("error parsing regexp: {why}"))?;
    let compiled = Arc::new(Regex::new(&translated).map_err(|error| {
        let text = error.to_string();
        format!("error parsing regexp: {}: `{pattern}`", reason(&text))
    })?);
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    kept.insert(pattern.to_owned(), compiled.clone());
    Ok(compiled)
}

/// Returns Go's word for an error that only the other parser finds.
fn reason(error: &str) -> &str {
    match error {
        _ if error.contains("unopened group") => "unexpected )",
        _ if error.contains("repetition operator missing expression") => "missing argument to repetition operator",
        _ if error.contains("invalid character class range") => "invalid character class range",
        _ if error.contains("exceeds size limit") => "expression too large",
        _ => error.lines().last().unwrap_or(error).trim_start_matches("error: "),
    }
}

/// Writes a pattern in the syntax of the `regex` crate.
fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len());
    let mut depth = 0_usize;
    let mut rest = pattern;
    while let Some(next) = rest.chars().next() {
        match next {
            '\\' => {
                let (text, after) = escape(rest, false)?;
                out.push_str(&text);
                rest = after;
                continue;
            }
            '[' => {
                let (text, after) = class(rest)?;
                out.push_str(&text);
                rest = after;
                continue;
            }
            '{' if !is_repetition(rest) => out.push_str("\\{"),
            '(' => {
                check_group(rest)?;
                depth += 1;
                out.push('(');
            }
            ')' => {
                depth = depth.checked_sub(1).ok_or_else(|| format!("unexpected ): `{pattern}`"))?;
                out.push(')');
            }
            other => out.push(other),
        }
        rest = &rest[next.len_utf8()..];
    }
    if depth > 0 {
        return Err(format!("missing closing ): `{pattern}`"));
    }
    Ok(out)
}

/// Refuses the groups of Perl that look around.
fn check_group(rest: &str) -> Result<(), String> {
    for operator in ["(?=", "(?!", "(?<=", "(?<!", "(?>"] {
        if rest.starts_with(operator) {
            let shown = if operator.len() == 4 { "(?<" } else { operator };
            return Err(format!("invalid or unsupported Perl syntax: `{shown}`"));
        }
    }
    Ok(())
}

/// Returns whether a `{` begins a repetition, such as `{2}`, `{2,}` or `{2,3}`; elsewhere it stands for itself.
fn is_repetition(rest: &str) -> bool {
    let Some((inside, _)) = rest[1..].split_once('}') else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match inside.split_once(',') {
        None => is_number(inside),
        Some((least, most)) => is_number(least) && (most.is_empty() || is_number(most)),
    }
}

/// Translates the escape at the beginning of `rest`; returns what follows it too.
fn escape(rest: &str, in_class: bool) -> Result<(String, &str), String> {
    let mut characters = rest[1..].chars();
    let Some(next) = characters.next() else { return Err("trailing backslash at end of expression: ``".to_owned()) };
    let after = characters.as_str();
    let translated = match next {
        'd' => "[0-9]".to_owned(),
        'D' => "[^0-9]".to_owned(),
        'w' => "[0-9A-Za-z_]".to_owned(),
        'W' => "[^0-9A-Za-z_]".to_owned(),
        's' => "[\\t\\n\\f\\r ]".to_owned(),
        'S' => "[^\\t\\n\\f\\r ]".to_owned(),
        'b' | 'B' if !in_class => format!("(?-u:\\{next})"),
        'Q' if !in_class => {
            let (quoted, after) = after.split_once("\\E").unwrap_or((after, ""));
            return Ok((regex::escape(quoted), after));
        }
        '<' | '>' => next.to_string(),
        'a' | 'f' | 't' | 'n' | 'r' | 'v' | 'x' | 'p' | 'P' | '0'..='7' => format!("\\{next}"),
        'A' | 'z' if !in_class => format!("\\{next}"),
        other if other.is_ascii_alphanumeric() || !other.is_ascii() => {
            return Err(format!("invalid escape sequence: `\\{other}`"));
        }
        other => format!("\\{other}"),
    };
    Ok((translated, after))
}

/// Translates the character class at the beginning of `rest`; returns what follows it too.
fn class(rest: &str) -> Result<(String, &str), String> {
    let unclosed = || format!("missing closing ]: `{rest}`");
    let mut out = String::from("[");
    let mut inner = &rest[1..];
    if let Some(after) = inner.strip_prefix('^') {
        out.push('^');
        inner = after;
    }
    let mut is_first = true;
    loop {
        let next = inner.chars().next().ok_or_else(unclosed)?;
        match next {
            ']' if !is_first => {
                out.push(']');
                return Ok((out, &inner[1..]));
            }
            '\\' => {
                let (text, after) = escape(inner, true)?;
                out.push_str(&text);
                inner = after;
                is_first = false;
                continue;
            }
            '[' if inner.starts_with("[:") && inner.contains(":]") => {
                let end = inner.find(":]").map_or(inner.len(), |at| at + 2);
                out.push_str(&inner[..end]);
                inner = &inner[end..];
                is_first = false;
                continue;
            }
            '[' | ']' | '&' | '~' => {
                out.push('\\');
                out.push(next);
            }
            '-' if is_first || inner.starts_with("-]") => out.push_str("\\-"),
            other => out.push(other),
        }
        is_first = false;
        inner = &inner[next.len_utf8()..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_go() {
        for (pattern, text, matches) in [
            (r"^\d+$", "12", true),
            (r"^\d+$", "\u{663}", false),
            (r"^\w$", "\u{e9}", false),
            (r"^[\w.-]+$", "a-b.c", true),
            (r"^[[a]+$", "[a", true),
            (r"^[a&&b]+$", "a&b", true),
            (r"^[-a]+[a-]$", "-a-", true),
            (r"^[]a]$", "]", true),
            (r"^[^]]$", "]", false),
            (r"^a{,2}$", "a{,2}", true),
            (r"^a{1,2}$", "aa", true),
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\<a\>$", "<a>", true),
            (r"^[^\s]+$", "a b", false),
            (r"^[[:alpha:]]+$", "ab", true),
            (r"^(\S+ ){4}\S+$", "0 3 * * *", true),
            (r"^[!-~]+$", "a~", true),
        ] {
            let compiled = compile(pattern).unwrap_or_else(|why| panic!("{pattern}: {why}"));
            assert_eq!(compiled.is_match(text), matches, "{pattern} on {text}");
        }
    }

    #[test]
    fn errors_have_the_words_of_go() {
        for (pattern, error) in [
            ("[a", "missing closing ]: `[a`"),
            ("(a", "missing closing ): `(a`"),
            ("a)", "unexpected ): `a)`"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            ("(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
            (r"\Z", r"invalid escape sequence: `\Z`"),
        ] {
            assert_eq!(compile(pattern).err(), Some(format!("error parsing regexp: {error}")));
        }
    }
}
