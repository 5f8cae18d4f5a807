//! Pipelines: declarations, commands, operands and constants.

use super::{Parsed, Parser, unexpected};
use crate::go::{quote, unquote};
use crate::go_template::funcs;
use crate::go_template::lex::{Kind, Token};
use crate::go_template::node::{Command, Operand, Pipeline, Term};

impl Parser {
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipeline> {
        self.deeper()?;
        let mut pipeline =
            Pipeline { at: self.peek_non_space().at, variables: Vec::new(), assigns: false, commands: Vec::new() };
        self.declarations(context, &mut pipeline)?;
        loop {
            let token = self.next_non_space();
            match token.kind {
                _ if token.kind == end => break,
                Kind::Bool
                | Kind::Char
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.at -= 1;
                    pipeline.commands.push(self.command()?);
                }
                _ => return Err(unexpected(&token, context)),
            }
        }
        if pipeline.commands.is_empty() {
            return Err(format!("missing value for {context}"));
        }
        for (index, command) in pipeline.commands.iter().enumerate().skip(1) {
            if command.operands.first().is_some_and(|operand| is_constant(&operand.term)) {
                return Err(format!("non executable command in pipeline stage {}", index + 1));
            }
        }
        self.depth -= 1;
        Ok(pipeline)
    }

    /// Parses `$x :=`, `$x =` and, for ranges, `$i, $x :=`.
    fn declarations(&mut self, context: &str, pipeline: &mut Pipeline) -> Parsed<()> {
        while self.peek_non_space().kind == Kind::Variable {
            let before = self.at;
            let variable = self.next_non_space();
            match self.peek_non_space().kind {
                kind @ (Kind::Assign | Kind::Declare) => {
                    self.next_non_space();
                    pipeline.assigns = kind == Kind::Assign;
                    self.declare(pipeline, variable.text);
                    return Ok(());
                }
                Kind::Comma => {
                    self.next_non_space();
                    self.declare(pipeline, variable.text);
                    if context != "range" || pipeline.variables.len() > 1 {
                        return Err(format!("too many declarations in {context}"));
                    }
                    if !matches!(self.peek_non_space().kind, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
                        return Err("range can only initialize variables".to_owned());
                    }
                }
                _ => {
                    self.at = before;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn declare(&mut self, pipeline: &mut Pipeline, variable: String) {
        self.variables.push(variable.clone());
        pipeline.variables.push(variable);
    }

    fn known_variable(&self, name: &str) -> Parsed<()> {
        match self.variables.iter().any(|known| known == name) {
            true => Ok(()),
            false => Err(format!("undefined variable {}", quote(name))),
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        let mut command = Command { at: self.peek_non_space().at, operands: Vec::new() };
        loop {
            self.peek_non_space();
            command.operands.extend(self.operand()?);
            let token = self.next();
            match token.kind {
                Kind::Space => {}
                Kind::RightDelim | Kind::RightParen => {
                    self.at -= 1;
                    break;
                }
                Kind::Pipe => break,
                _ => return Err(unexpected(&token, "operand")),
            }
        }
        match command.operands.is_empty() {
            true => Err("empty command".to_owned()),
            false => Ok(command),
        }
    }

    fn operand(&mut self) -> Parsed<Option<Operand>> {
        let Some(operand) = self.term()? else { return Ok(None) };
        if self.peek().kind != Kind::Field {
            return Ok(Some(operand));
        }
        let at = self.peek().at;
        let mut more = Vec::new();
        while self.peek().kind == Kind::Field {
            more.push(self.next().text[1..].to_owned());
        }
        let term = match operand.term {
            Term::Field(mut fields) => {
                fields.extend(more);
                Term::Field(fields)
            }
            Term::Variable { name, mut fields } => {
                fields.extend(more);
                Term::Variable { name, fields }
            }
            _ if is_constant(&operand.term) => {
                return Err(format!("unexpected . after term {}", quote(&operand.to_string())));
            }
            _ => Term::Chain { start: Box::new(operand), fields: more },
        };
        Ok(Some(Operand { at, term }))
    }

    fn term(&mut self) -> Parsed<Option<Operand>> {
        let token = self.next_non_space();
        let term = match token.kind {
            Kind::Identifier if funcs::is_defined(&token.text) => Term::Function(token.text),
            Kind::Identifier => return Err(format!("function {} not defined", quote(&token.text))),
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Bool => Term::Bool(token.text == "true"),
            Kind::Variable => {
                self.known_variable(&token.text)?;
                Term::Variable { name: token.text, fields: Vec::new() }
            }
            Kind::Field => Term::Field(vec![token.text[1..].to_owned()]),
            Kind::Char => char_value(&token)?,
            Kind::Number => number_value(&token.text)?,
            Kind::String | Kind::RawString => Term::String { value: string_value(&token)?, quoted: token.text },
            Kind::LeftParen => Term::Pipeline(self.pipeline("parenthesized pipeline", Kind::RightParen)?),
            _ => {
                self.at -= 1;
                return Ok(None);
            }
        };
        Ok(Some(Operand { at: token.at, term }))
    }
}

fn is_constant(term: &Term) -> bool {
    matches!(term, Term::Bool(_) | Term::Dot | Term::Nil | Term::Int { .. } | Term::Float { .. } | Term::String { .. })
}

pub(super) fn string_value(token: &Token) -> Parsed<String> {
    let body = &token.text[1..token.text.len() - 1];
    match token.kind {
        Kind::RawString => Ok(body.replace('\r', "")),
        _ => unquote(body, '"').ok_or_else(|| "invalid syntax".to_owned()),
    }
}

fn char_value(token: &Token) -> Parsed<Term> {
    let value = unquote(&token.text[1..token.text.len() - 1], '\'').unwrap_or_default();
    let mut chars = value.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(Term::Int { value: i64::from(u32::from(c)), text: token.text.clone() }),
        _ => Err(format!("malformed character constant: {}", token.text)),
    }
}

/// Parses a number in Go's notation; one with a point or an exponent is a float.
fn number_value(text: &str) -> Parsed<Term> {
    let bad = || format!("illegal number syntax: {}", quote(text));
    let plain = text.replace('_', "");
    let body = plain.trim_start_matches(['+', '-']);
    let negative = plain.starts_with('-');
    let (radix, digits) = match body.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, &body[2..]),
        Some("0b") => (2, &body[2..]),
        Some("0o") => (8, &body[2..]),
        _ if body.len() > 1 && body.starts_with('0') && body.bytes().all(|b| b.is_ascii_digit()) => (8, &body[1..]),
        _ => (10, body),
    };
    if radix == 10 && body.contains(['.', 'e', 'E']) {
        let value = plain.parse().map_err(|_| bad())?;
        return Ok(Term::Float { value, text: text.to_owned() });
    }
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(bad());
    }
    let magnitude = i128::from_str_radix(digits, radix).map_err(|_| format!("integer overflow: {}", quote(text)))?;
    let value = if negative { -magnitude } else { magnitude };
    let value = i64::try_from(value).map_err(|_| format!("integer overflow: {}", quote(text)))?;
    Ok(Term::Int { value, text: text.to_owned() })
}
