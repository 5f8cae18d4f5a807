//! Brace expansion of bash: `{a,b}` and `{1..5}`.

use crate::shell::syntax::ast::{Part, Word};

/// Most words that one word may become.
const MAX_WORDS: usize = 10_000;

/// A part of a word, or a character that braces may use.
#[derive(Clone)]
enum Token<'a> {
    Part(&'a Part),
    Char(char),
}

/// Reports whether a word may have something to expand.
pub(super) fn has_braces(word: &Word) -> bool {
    word.iter().any(|part| matches!(part, Part::Text { text, is_quoted: false } if text.contains('{')))
}

/// A part that is borrowed from the word, or text that the expansion has made.
pub(super) enum Piece<'a> {
    Part(&'a Part),
    Text(Part),
}

impl Piece<'_> {
    pub(super) fn part(&self) -> &Part {
        match self {
            Piece::Part(part) => part,
            Piece::Text(part) => part,
        }
    }
}

/// Expands the braces of a word.
pub(super) fn expand(word: &Word) -> Vec<Vec<Piece<'_>>> {
    let mut tokens = Vec::new();
    for part in word {
        match part {
            Part::Text { text, is_quoted: false } => tokens.extend(text.chars().map(Token::Char)),
            part => tokens.push(Token::Part(part)),
        }
    }
    alternatives(&tokens, 0).into_iter().take(MAX_WORDS).map(|word| pieces(&word)).collect()
}

fn pieces<'a>(tokens: &[Token<'a>]) -> Vec<Piece<'a>> {
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    for token in tokens {
        match (token, pieces.last_mut()) {
            (Token::Part(part), _) => pieces.push(Piece::Part(part)),
            (Token::Char(c), Some(Piece::Text(Part::Text { text, .. }))) => text.push(*c),
            (Token::Char(c), _) => pieces.push(Piece::Text(Part::Text { text: (*c).into(), is_quoted: false })),
        }
    }
    pieces
}

fn alternatives<'a>(tokens: &[Token<'a>], depth: u32) -> Vec<Vec<Token<'a>>> {
    let opening = (0..tokens.len()).filter(|at| matches!(tokens[*at], Token::Char('{')));
    for start in opening {
        let Some((end, commas)) = closing(tokens, start) else { continue };
        let inner = &tokens[start + 1..end];
        let choices = match sequence(inner).filter(|_| commas.is_empty()) {
            Some(words) => words.into_iter().map(|word| word.chars().map(Token::Char).collect()).collect(),
            None if commas.is_empty() || depth > 20 => continue,
            None => {
                let mut bounds = vec![start];
                bounds.extend(&commas);
                bounds.push(end);
                let parts = bounds.windows(2).map(|pair| &tokens[pair[0] + 1..pair[1]]);
                parts.flat_map(|part| alternatives(part, depth + 1)).collect::<Vec<_>>()
            }
        };
        let rest = alternatives(&tokens[end + 1..], depth + 1);
        let mut words = Vec::new();
        for choice in &choices {
            for rest in &rest {
                if words.len() < MAX_WORDS {
                    words.push([&tokens[..start], choice, rest].concat());
                }
            }
        }
        return words;
    }
    vec![tokens.to_vec()]
}

/// Returns the brace that closes the one at `start`, and the commas between them on the same level.
fn closing(tokens: &[Token<'_>], start: usize) -> Option<(usize, Vec<usize>)> {
    let mut level = 0;
    let mut commas = Vec::new();
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token {
            Token::Char('{') => level += 1,
            Token::Char('}') => {
                level -= 1;
                if level == 0 {
                    return Some((at, commas));
                }
            }
            Token::Char(',') if level == 1 => commas.push(at),
            _ => {}
        }
    }
    None
}

/// Expands `1..5`, `01..10..2` and `a..e`.
fn sequence(tokens: &[Token<'_>]) -> Option<Vec<String>> {
    let text: Option<String> =
        tokens.iter().map(|token| if let Token::Char(c) = token { Some(*c) } else { None }).collect();
    let text = text?;
    let parts: Vec<&str> = text.split("..").collect();
    let &[from, to] = parts.get(..2)? else { return None };
    let step: i64 = match parts.get(2) {
        Some(step) => step.parse().ok()?,
        None => 1,
    };
    if parts.len() > 3 {
        return None;
    }
    let step = step.unsigned_abs().max(1);
    if let (Ok(first), Ok(last)) = (from.parse::<i64>(), to.parse::<i64>()) {
        let is_padded =
            |text: &str| text.trim_start_matches('-').starts_with('0') && text.trim_start_matches('-').len() > 1;
        let is_any_padded = is_padded(from) || is_padded(to);
        let width = if is_any_padded { from.len().max(to.len()) } else { 0 };
        return Some(steps(first, last, step).map(|number| format!("{number:0width$}")).collect());
    }
    let one = |text: &str| Some(text.bytes().next()?).filter(|byte| text.len() == 1 && byte.is_ascii_alphabetic());
    let (first, last) = (i64::from(one(from)?), i64::from(one(to)?));
    let letters = steps(first, last, step).filter_map(|code| char::from_u32(u32::try_from(code).ok()?));
    Some(letters.map(String::from).collect())
}

fn steps(first: i64, last: i64, step: u64) -> impl Iterator<Item = i64> {
    let count = (first.abs_diff(last) / step).saturating_add(1).min(MAX_WORDS as u64);
    let step = step.min(i64::MAX.unsigned_abs()).cast_signed();
    let step = if first <= last { step } else { -step };
    (0..count).map(move |number| first.saturating_add(number.cast_signed().saturating_mul(step)))
}
