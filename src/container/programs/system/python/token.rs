//! The lines and tokens of a script.

/// A token of a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Int(i64),
    Float(f64),
    Text(String),
    Sign(&'static str),
}

/// A line that says something.
#[derive(Debug)]
pub(super) struct Line {
    /// The number of blanks before it.
    pub(super) indent: usize,
    pub(super) tokens: Vec<Token>,
}

/// The signs; those that begin like another one come first.
const SIGNS: [&str; 18] =
    ["==", "!=", "<=", ">=", "//", "<", ">", "=", "+", "-", "*", "%", "(", ")", "[", "]", ",", "."];
const ENDS: [&str; 2] = [":", ";"];
/// The largest number of tokens in a line. Expressions are read recursively, at most a level for each of them.
const TOKENS_MAX: usize = 250;

/// Returns the lines of a script; `None` for what is written otherwise than this reads.
pub(super) fn lines(script: &str) -> Option<Vec<Line>> {
    let mut lines = Vec::new();
    for line in script.lines() {
        let text = line.trim_start_matches(' ');
        let tokens = tokens(text)?;
        if !tokens.is_empty() {
            lines.push(Line { indent: line.len() - text.len(), tokens });
        }
    }
    Some(lines)
}

fn tokens(mut text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    loop {
        text = text.trim_start_matches(' ');
        let Some(first) = text.chars().next().filter(|first| *first != '#') else { return Some(tokens) };
        let (token, rest) = match first {
            '"' | '\'' => literal(text, first)?,
            _ if first.is_ascii_digit() => number(text)?,
            _ if first.is_ascii_alphabetic() || first == '_' => {
                let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
                (Token::Name(text[..end].to_owned()), &text[end..])
            }
            _ => {
                let sign = SIGNS.iter().chain(&ENDS).find(|sign| text.starts_with(**sign))?;
                (Token::Sign(sign), &text[sign.len()..])
            }
        };
        if tokens.len() == TOKENS_MAX {
            return None;
        }
        tokens.push(token);
        text = rest;
    }
}

/// Reads a string in quotes.
fn literal(text: &str, quote: char) -> Option<(Token, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((place, char)) = chars.next() {
        match char {
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                escaped @ ('\\' | '\'' | '"') => escaped,
                _ => return None,
            }),
            _ if char == quote => return Some((Token::Text(value), &text[place + 1..])),
            _ => value.push(char),
        }
    }
    None
}

fn number(text: &str) -> Option<(Token, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let is_decimal = digits == "0" || !digits.starts_with('0') || digits.starts_with("0.");
    let token = match digits.contains('.') {
        true => Token::Float(digits.parse().ok()?),
        false => Token::Int(digits.parse().ok()?),
    };
    // No other base, exponent or suffix.
    (is_decimal && !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')).then_some((token, rest))
}
