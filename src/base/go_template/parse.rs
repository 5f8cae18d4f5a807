//! The parser (Go, `text/template/parse/parse.go`), with Go's error messages.

mod pipeline;

use self::pipeline::string_value;
use super::lex::{Kind, Token, lex};
use super::node::{Arm, Node, Templates};
use crate::go::quote;

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
            "if" => self.branch("if")?,
            "with" => self.branch("with")?,
            "range" => self.range()?,
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

    /// Parses the rest of an `if` or `with`; `else if` and `else with` share its `end`.
    fn branch(&mut self, context: &str) -> Parsed<Node> {
        let outer = self.variables.len();
        let mut arms = Vec::new();
        let otherwise = loop {
            let pipeline = self.pipeline(context, Kind::RightDelim)?;
            let (body, stop) = self.list()?;
            arms.push(Arm { pipeline, body });
            if stop == Stop::End {
                break Vec::new();
            }
            let token = self.peek();
            if token.kind != Kind::Keyword || token.text != context {
                break self.otherwise()?;
            }
            self.next();
        };
        self.variables.truncate(outer);
        Ok(Node::Branch { moves_dot: context == "with", arms, otherwise })
    }

    fn range(&mut self) -> Parsed<Node> {
        let outer = self.variables.len();
        let pipeline = self.pipeline("range", Kind::RightDelim)?;
        self.ranges += 1;
        let (body, stop) = self.list()?;
        self.ranges -= 1;
        let otherwise = if stop == Stop::Else { self.otherwise()? } else { Vec::new() };
        self.variables.truncate(outer);
        Ok(Node::Range { pipeline, body, otherwise })
    }

    /// Parses the nodes after the last `else`.
    fn otherwise(&mut self) -> Parsed<Vec<Node>> {
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
