//! Tokens of arithmetic expressions.

use super::ArithmeticError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    End,
    Number(i64),
    Name(String),
    Operator(&'static str),
    /// A character that means nothing.
    Unknown,
}

/// Operators, a longer one before its prefix.
const OPERATORS: &[&str] = &[
    "<<=", ">>=", "**", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "*=", "/=", "%=", "+=", "-=", "&=",
    "^=", "|=", "+", "-", "*", "/", "%", "<", ">", "=", "!", "~", "&", "|", "^", "?", ":", "(", ")", ",", "[", "]",
];

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Where the last token began.
    last: usize,
    /// There are only the operators of POSIX.
    is_plain: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, is_plain: bool) -> Lexer<'a> {
        Lexer { text, at: 0, last: 0, is_plain }
    }

    /// Returns the text that has not been read.
    pub(super) fn rest(&self) -> String {
        self.text[self.at..].trim_start().to_owned()
    }

    /// Returns the text from the last token on.
    pub(super) fn last(&self) -> String {
        self.text[self.last..].to_owned()
    }

    pub(super) fn peek(&mut self) -> Result<Token, ArithmeticError> {
        let state = (self.at, self.last);
        let token = self.next();
        (self.at, self.last) = state;
        token
    }

    pub(super) fn eat(&mut self, operator: &str) -> Result<bool, ArithmeticError> {
        let state = (self.at, self.last);
        if matches!(self.next()?, Token::Operator(found) if found == operator) {
            return Ok(true);
        }
        (self.at, self.last) = state;
        Ok(false)
    }

    pub(super) fn next(&mut self) -> Result<Token, ArithmeticError> {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        self.last = self.at;
        let Some(first) = rest.bytes().next() else { return Ok(Token::End) };
        if first.is_ascii_digit() {
            // dash knows no bases.
            let others: &[u8] = if self.is_plain { b"_" } else { b"#@_" };
            let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || others.contains(byte)).count();
            let Some(value) = number(&rest[..length]) else {
                if self.is_plain && first == b'0' {
                    // Like `strtoimax`, it takes the digits that fit.
                    self.at += 1;
                    return Ok(Token::Number(0));
                }
                return Err(ArithmeticError::BadNumber(rest[..length].to_owned()));
            };
            self.at += length;
            return Ok(Token::Number(value));
        }
        if first.is_ascii_alphabetic() || first == b'_' {
            let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            self.at += length;
            return Ok(Token::Name(rest[..length].to_owned()));
        }
        let is_known = |operator: &str| !self.is_plain || !["**", "++", "--", ",", "[", "]"].contains(&operator);
        match OPERATORS.iter().find(|operator| rest.starts_with(**operator) && is_known(operator)) {
            Some(operator) => {
                self.at += operator.len();
                Ok(Token::Operator(operator))
            }
            None => Ok(Token::Unknown),
        }
    }
}

/// Parses an unsigned decimal, octal (`017`), hexadecimal (`0x1f`) number or one with a base (`2#101`).
pub(super) fn number(text: &str) -> Option<i64> {
    let (digits, radix) = if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        (hex, 16)
    } else if let Some((base, digits)) = text.split_once('#') {
        let base: u32 = base.parse().ok().filter(|base| (2..=36).contains(base))?;
        (digits, base)
    } else if text.len() > 1 && text.starts_with('0') {
        (&text[1..], 8)
    } else {
        (text, 10)
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let mut value: i64 = 0;
    for c in digits.chars() {
        let digit = i64::from(c.to_digit(radix)?);
        value = value.wrapping_mul(i64::from(radix)).wrapping_add(digit);
    }
    Some(value)
}
