//! The syntax of label selectors: a lexer and a recursive descent parser with the error messages of Kubernetes
//! (`pkg/labels/selector.go`).

use super::names::key_error;
use super::{Operator, Requirement};
use std::collections::BTreeSet;

/// A syntax error in a label selector, with the message of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Error,
    End,
    Close,
    Comma,
    Not,
    DoubleEquals,
    Equals,
    Greater,
    Identifier,
    In,
    Less,
    NotEquals,
    NotIn,
    Open,
}

/// The context of a token: `in` and `notin` are operators after a key and identifiers elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Operator,
    Value,
}

/// Parses a selector into its requirements, in their original order.
pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, ParseError> {
    let mut parser = Parser { tokens: lex(text), position: 0 };
    parser.requirements().map_err(ParseError)
}

fn lex(text: &str) -> Vec<(Token, String)> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next() else {
            tokens.push((Token::End, String::new()));
            return tokens;
        };
        let (token, length) = if is_symbol(first) { lex_symbol(rest) } else { lex_word(rest) };
        tokens.push((token, rest[..length].to_owned()));
        rest = &rest[length..];
    }
}

fn is_symbol(character: char) -> bool {
    "=!(),><".contains(character)
}

/// Returns the longest symbol at the start and its length; symbols have one or two ASCII characters.
fn lex_symbol(text: &str) -> (Token, usize) {
    let two = text.get(..2).unwrap_or_default();
    match two {
        "==" => return (Token::DoubleEquals, 2),
        "!=" => return (Token::NotEquals, 2),
        _ => {}
    }
    let token = match text.as_bytes()[0] {
        b'=' => Token::Equals,
        b'!' => Token::Not,
        b'(' => Token::Open,
        b')' => Token::Close,
        b',' => Token::Comma,
        b'>' => Token::Greater,
        b'<' => Token::Less,
        _ => Token::Error,
    };
    (token, 1)
}

fn lex_word(text: &str) -> (Token, usize) {
    let ends = |character: char| is_symbol(character) || " \t\r\n".contains(character);
    let length = text.find(ends).unwrap_or(text.len());
    let token = match &text[..length] {
        "in" => Token::In,
        "notin" => Token::NotIn,
        _ => Token::Identifier,
    };
    (token, length)
}

struct Parser {
    tokens: Vec<(Token, String)>,
    position: usize,
}

impl Parser {
    /// Returns the next token without consuming it; after the last one it is always the end token.
    fn peek(&self, context: Context) -> (Token, String) {
        let (token, text) = self.tokens.get(self.position).cloned().unwrap_or((Token::End, String::new()));
        match (context, token) {
            (Context::Value, Token::In | Token::NotIn) => (Token::Identifier, text),
            _ => (token, text),
        }
    }

    fn take(&mut self, context: Context) -> (Token, String) {
        let taken = self.peek(context);
        self.position += 1;
        taken
    }

    fn requirements(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        loop {
            match self.peek(Context::Value) {
                (Token::Identifier | Token::Not, _) => {}
                (Token::End, _) => return Ok(requirements),
                (_, text) => return Err(format!("found '{text}', expected: !, identifier, or 'end of string'")),
            }
            let requirement = self.requirement().map_err(|error| format!("unable to parse requirement: {error}"))?;
            requirements.push(requirement);
            match self.take(Context::Value) {
                (Token::End, _) => return Ok(requirements),
                (Token::Comma, _) => match self.peek(Context::Value) {
                    (Token::Identifier | Token::Not, _) => {}
                    (_, text) => return Err(format!("found '{text}', expected: identifier after ','")),
                },
                (_, text) => return Err(format!("found '{text}', expected: ',' or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let (key, unary) = self.key()?;
        if let Some(operator) = unary {
            return Requirement::new(&key, operator, Vec::new());
        }
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => BTreeSet::from([self.exact_value()?]),
        };
        Requirement::new(&key, operator, values.into_iter().collect())
    }

    /// Parses a key, and its operator if that precedes or is implied by the key.
    fn key(&mut self) -> Result<(String, Option<Operator>), String> {
        let (mut token, mut text) = self.take(Context::Value);
        let negated = token == Token::Not;
        if negated {
            (token, text) = self.take(Context::Value);
        }
        if token != Token::Identifier {
            return Err(format!("found '{text}', expected: identifier"));
        }
        if let Some(error) = key_error("<nil>", &text) {
            return Err(error);
        }
        let alone = matches!(self.peek(Context::Value).0, Token::End | Token::Comma);
        let unary = match (negated, alone) {
            (true, _) => Some(Operator::DoesNotExist),
            (false, true) => Some(Operator::Exists),
            (false, false) => None,
        };
        Ok((text, unary))
    }

    fn operator(&mut self) -> Result<Operator, String> {
        match self.take(Context::Operator) {
            (Token::In, _) => Ok(Operator::In),
            (Token::NotIn, _) => Ok(Operator::NotIn),
            (Token::Equals, _) => Ok(Operator::Equals),
            (Token::DoubleEquals, _) => Ok(Operator::DoubleEquals),
            (Token::NotEquals, _) => Ok(Operator::NotEquals),
            (Token::Greater, _) => Ok(Operator::GreaterThan),
            (Token::Less, _) => Ok(Operator::LessThan),
            (_, text) => Err(format!("found '{text}', expected: in, notin, =, ==, !=, gt, lt")),
        }
    }

    /// Parses a list in parentheses; empty items are empty values, and an empty list has one.
    fn values(&mut self) -> Result<BTreeSet<String>, String> {
        let (token, text) = self.take(Context::Value);
        if token != Token::Open {
            return Err(format!("found '{text}' expected: '('"));
        }
        match self.peek(Context::Value) {
            (Token::Identifier | Token::Comma, _) => self.listed_values(),
            (Token::Close, _) => {
                self.take(Context::Value);
                Ok(BTreeSet::from([String::new()]))
            }
            (_, text) => Err(format!("found '{text}', expected: ',', ')' or identifier")),
        }
    }

    /// Parses the items of a list and the closing parenthesis.
    fn listed_values(&mut self) -> Result<BTreeSet<String>, String> {
        let mut values = BTreeSet::new();
        loop {
            match self.take(Context::Value) {
                (Token::Identifier, text) => {
                    values.insert(text);
                    match self.peek(Context::Value) {
                        (Token::Comma | Token::Close, _) => {}
                        (_, text) => return Err(format!("found '{text}', expected: ',' or ')'")),
                    }
                }
                (Token::Comma, _) => {
                    let follows = self.peek(Context::Value).0;
                    if values.is_empty() || matches!(follows, Token::Close | Token::Comma) {
                        values.insert(String::new());
                    }
                }
                (Token::Close, _) => return Ok(values),
                (_, text) => return Err(format!("found '{text}', expected: ',', or identifier")),
            }
        }
    }

    /// Parses the value after `=`; a missing one is the empty value.
    fn exact_value(&mut self) -> Result<String, String> {
        if matches!(self.peek(Context::Value).0, Token::End | Token::Comma) {
            return Ok(String::new());
        }
        match self.take(Context::Value) {
            (Token::Identifier, text) => Ok(text),
            (_, text) => Err(format!("found '{text}', expected: identifier")),
        }
    }
}
