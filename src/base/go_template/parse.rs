//! The parser (Go, `text/template/parse/parse.go`), with Go's error messages.

use super::funcs;
use super::lex::{Kind, Token, lex};
use super::node::{Command, Node, Operand, Pipeline, Templates, Term};
use crate::go::quote;
use crate::go::unquote;

/// Parses a template and those that it defines; errors have the template's name and the line.
pub(super) fn parse(name: &str, text: &str) -> Result<Templates, String> {
    let variables = vec!["$".to_owned()];
    let mut parser = Parser { tokens: lex(text), at: 0, variables, ranges: 0, templates: Templates::new(), depth: 0 };
    match parser.document() {
        Ok(body) => {
            parser.templates.insert(name.to_owned(), body);
            Ok(parser.templates)
        }
        Err(problem) => {
            let at = parser.tokens.get(parser.at.saturating_sub(1)).map_or(0, |token| token.at);
            let line = 1 + text[..at].matches('\n').count();
            Err(format!("template: {name}:{line}: {problem}"))
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    /// The variables in scope.
    variables: Vec<String>,
    ranges: usize,
    templates: Templates,
    /// The number of open parentheses and blocks.
    depth: usize,
}

/// The limit of nesting, so that a template cannot exhaust the stack.
const MAX_DEPTH: usize = 200;

/// The token that ended a list of nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stop {
    End,
    Else,
}

enum Item {
    Node(Node),
    Stop(Stop),
    /// A definition, which adds no node.
    Nothing,
}

type Parsed<T> = Result<T, String>;

impl Parser {
    fn document(&mut self) -> Parsed<Vec<Node>> {
        let mut nodes = Vec::new();
        while self.peek().kind != Kind::End {
            match self.item(true)? {
                Item::Node(node) => nodes.push(node),
                Item::Stop(Stop::End) => return Err("unexpected {{end}}".to_owned()),
                Item::Stop(Stop::Else) => return Err("unexpected {{else}}".to_owned()),
                Item::Nothing => {}
            }
        }
        Ok(nodes)
    }

    fn list(&mut self) -> Parsed<(Vec<Node>, Stop)> {
        self.deeper()?;
        let mut nodes = Vec::new();
        loop {
            if self.peek().kind == Kind::End {
                self.next();
                return Err("unexpected EOF".to_owned());
            }
            match self.item(false)? {
                Item::Node(node) => nodes.push(node),
                Item::Stop(stop) => {
                    self.depth -= 1;
                    return Ok((nodes, stop));
                }
                Item::Nothing => {}
            }
        }
    }

    fn item(&mut self, top: bool) -> Parsed<Item> {
        let token = self.next();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(token.text))),
            Kind::LeftDelim => self.action(top),
            _ => Err(unexpected(&token, "input")),
        }
    }

    fn action(&mut self, top: bool) -> Parsed<Item> {
        let token = self.next_non_space();
        if token.kind != Kind::Keyword {
            self.at -= 1;
            return Ok(Item::Node(Node::Action(self.pipeline("command", Kind::RightDelim)?)));
        }
        let node = match token.text.as_str() {
            "if" => {
                let (pipeline, body, otherwise) = self.control("if")?;
                Node::If { pipeline, body, otherwise }
            }
            "with" => {
                let (pipeline, body, otherwise) = self.control("with")?;
                Node::With { pipeline, body, otherwise }
            }
            "range" => {
                let (pipeline, body, otherwise) = self.control("range")?;
                Node::Range { pipeline, body, otherwise }
            }
            "template" => self.template()?,
            "block" => self.block()?,
            "define" if top => {
                self.definition()?;
                return Ok(Item::Nothing);
            }
            "break" | "continue" => self.jump(&token.text)?,
            "end" => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Item::Stop(Stop::End));
            }
            "else" => {
                let next = self.peek_non_space();
                if next.kind != Kind::Keyword || !matches!(next.text.as_str(), "if" | "with") {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Item::Stop(Stop::Else));
            }
            _ => {
                let problem = unexpected(&token, "command");
                return Err(problem);
            }
        };
        Ok(Item::Node(node))
    }

    fn control(&mut self, context: &str) -> Parsed<(Pipeline, Vec<Node>, Vec<Node>)> {
        let outer = self.variables.len();
        let pipeline = self.pipeline(context, Kind::RightDelim)?;
        self.ranges += usize::from(context == "range");
        let (body, stop) = self.list()?;
        self.ranges -= usize::from(context == "range");
        let otherwise = match stop {
            Stop::End => Vec::new(),
            Stop::Else => self.otherwise(context)?,
        };
        self.variables.truncate(outer);
        Ok((pipeline, body, otherwise))
    }

    /// Parses the rest after `else`; `else if` and `else with` share the `end` of the outer block.
    fn otherwise(&mut self, context: &str) -> Parsed<Vec<Node>> {
        let token = self.peek();
        if token.kind == Kind::Keyword && token.text == context && context != "range" {
            self.next();
            let (pipeline, body, otherwise) = self.control(context)?;
            return Ok(vec![match context {
                "if" => Node::If { pipeline, body, otherwise },
                _ => Node::With { pipeline, body, otherwise },
            }]);
        }
        match self.list()? {
            (nodes, Stop::End) => Ok(nodes),
            (_, Stop::Else) => Err("expected end; found {{else}}".to_owned()),
        }
    }

    fn jump(&mut self, word: &str) -> Parsed<Node> {
        let next = self.next_non_space();
        if next.kind != Kind::RightDelim {
            return Err(format!("unexpected {} in {{{{{word}}}}}", next.shown()));
        }
        if self.ranges == 0 {
            return Err(format!("{{{{{word}}}}} outside {{{{range}}}}"));
        }
        Ok(if word == "break" { Node::Break } else { Node::Continue })
    }

    fn template(&mut self) -> Parsed<Node> {
        let (at, name, shown_name) = self.template_name("template clause")?;
        let pipeline = if self.peek_non_space().kind == Kind::RightDelim {
            self.next_non_space();
            None
        } else {
            Some(self.pipeline("template clause", Kind::RightDelim)?)
        };
        Ok(Node::Template { at, name, shown_name, pipeline })
    }

    fn block(&mut self) -> Parsed<Node> {
        let (at, name, shown_name) = self.template_name("block clause")?;
        let pipeline = self.pipeline("block clause", Kind::RightDelim)?;
        self.body_of(name.clone(), "block clause")?;
        Ok(Node::Template { at, name, shown_name, pipeline: Some(pipeline) })
    }

    fn definition(&mut self) -> Parsed<()> {
        let (_, name, _) = self.template_name("define clause")?;
        self.expect(Kind::RightDelim, "define clause")?;
        self.body_of(name, "define clause")
    }

    /// Parses the body of a named template, in which no outer variables are in scope.
    fn body_of(&mut self, name: String, context: &str) -> Parsed<()> {
        let outside = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (body, stop) = self.list()?;
        if stop == Stop::Else {
            return Err(format!("unexpected {{{{else}}}} in {context}"));
        }
        self.variables = outside;
        self.ranges = ranges;
        self.templates.insert(name, body);
        Ok(())
    }

    /// Parses the name of a template; returns its position, the name, and its form in messages.
    fn template_name(&mut self, context: &str) -> Parsed<(usize, String, String)> {
        let token = self.next_non_space();
        match token.kind {
            Kind::String | Kind::RawString => {
                let name = string_value(&token)?;
                let shown = quote(&name);
                Ok((token.at, name, shown))
            }
            _ => Err(unexpected(&token, context)),
        }
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err("max expression depth exceeded".to_owned()) } else { Ok(()) }
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipeline> {
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

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<()> {
        let token = self.next_non_space();
        if token.kind == kind { Ok(()) } else { Err(unexpected(&token, context)) }
    }

    fn next_non_space(&mut self) -> Token {
        self.peek_non_space();
        self.next()
    }

    fn peek_non_space(&mut self) -> Token {
        while self.peek().kind == Kind::Space {
            self.at += 1;
        }
        self.peek()
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    /// Returns the next token without consuming it; the last one (an end or an error) repeats.
    fn peek(&self) -> Token {
        let last = self.tokens.len() - 1;
        self.tokens[self.at.min(last)].clone()
    }
}

fn unexpected(token: &Token, context: &str) -> String {
    match token.kind {
        Kind::Error => token.text.clone(),
        _ => format!("unexpected {} in {context}", token.shown()),
    }
}

fn is_constant(term: &Term) -> bool {
    matches!(term, Term::Bool(_) | Term::Dot | Term::Nil | Term::Int { .. } | Term::Float { .. } | Term::String { .. })
}

fn string_value(token: &Token) -> Parsed<String> {
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
