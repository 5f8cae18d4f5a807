//! The parser, as lenient and as strict as client-go's (`util/jsonpath/parser.go`), with its error messages.

use crate::go::unquote;

/// A node of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// The content of braces: each node is applied to the results of the previous one.
    List(Vec<Node>),
    Text(String),
    Field(String),
    Slice(Slice),
    Filter {
        left: Vec<Node>,
        operator: String,
        right: Vec<Node>,
    },
    Int(i64),
    Float(f64),
    Bool(bool),
    Wildcard,
    Recursive,
    Union(Vec<Vec<Node>>),
    /// `range`, `end`, or another word, which has no effect.
    Word(String),
}

/// `[start:end:step]`, or `[index]`, whose end is derived from the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slice {
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
    pub(super) end_derived: bool,
    pub(super) step: Option<i64>,
}

/// Parses a template.
pub(super) fn parse(template: &str) -> Result<Vec<Node>, String> {
    let mut parser = Parser { input: template.chars().collect(), at: 0 };
    let mut nodes = Vec::new();
    while let Some(node) = parser.text_or_action()? {
        nodes.push(node);
    }
    Ok(nodes)
}

/// Parses text as if it were between braces.
fn parse_action(text: &str) -> Result<Vec<Node>, String> {
    let nodes = parse(&format!("{{{text}}}"))?;
    match nodes.into_iter().next() {
        Some(Node::List(nodes)) => Ok(nodes),
        _ => Ok(Vec::new()),
    }
}

struct Parser {
    input: Vec<char>,
    at: usize,
}

impl Parser {
    fn text_or_action(&mut self) -> Result<Option<Node>, String> {
        match self.peek() {
            None => Ok(None),
            Some('{') => {
                self.at += 1;
                self.action().map(Some)
            }
            Some(_) => Ok(Some(Node::Text(self.take_while(|c| c != '{')))),
        }
    }

    fn action(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        loop {
            if self.starts_with("[?(") {
                self.at += 3;
                nodes.push(self.filter()?);
                continue;
            }
            if self.starts_with("..") {
                self.at += 2;
                self.recursive(&mut nodes)?;
                continue;
            }
            let Some(c) = self.next().filter(|&c| !is_end_of_line(c)) else {
                return Err("unclosed action".to_owned());
            };
            match c {
                '}' => return Ok(Node::List(nodes)),
                ' ' | '@' | '$' => {}
                '[' => self.array(&mut nodes)?,
                '"' | '\'' => nodes.push(self.quote(c)?),
                '.' => nodes.push(self.field()),
                _ if c == '+' || c == '-' || c.is_numeric() => {
                    self.at -= 1;
                    nodes.push(self.number()?);
                }
                _ if is_alphanumeric(c) => {
                    self.at -= 1;
                    nodes.push(self.word());
                }
                _ => return Err(format!("unrecognized character in action: U+{:04X} '{c}'", u32::from(c))),
            }
        }
    }

    fn word(&mut self) -> Node {
        let word = self.take_while(|c| !is_terminator(c));
        match word.as_str() {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            _ => Node::Word(word),
        }
    }

    fn recursive(&mut self, nodes: &mut Vec<Node>) -> Result<(), String> {
        if nodes.last() == Some(&Node::Recursive) {
            return Err("invalid multiple recursive descent".to_owned());
        }
        nodes.push(Node::Recursive);
        if self.peek().is_some_and(is_alphanumeric) {
            nodes.push(self.field());
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Node, String> {
        let sign: String = self.next_if(|c| c == '+' || c == '-').into_iter().collect();
        let text = sign + &self.take_while(|c| c == '.' || c.is_numeric());
        let parsed = text.parse().map(Node::Int).or_else(|_| text.parse().map(Node::Float));
        parsed.map_err(|_| format!("cannot parse number {text}"))
    }

    fn array(&mut self, nodes: &mut Vec<Node>) -> Result<(), String> {
        let text = self.take_while(|c| c != ']' && c != '\n');
        if self.next() != Some(']') {
            return Err("unterminated array".to_owned());
        }
        let text = if text == "*" { ":" } else { &text };
        if text.contains(',') {
            let parts = text.split(',').map(|part| parse_action(&format!("[{}]", part.trim_matches(' '))));
            nodes.push(Node::Union(parts.collect::<Result<_, _>>()?));
            return Ok(());
        }
        let key = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).filter(|key| !key.contains('\''));
        match key {
            Some(key) => nodes.extend(parse_action(&format!(".{key}"))?),
            None => nodes.push(Node::Slice(slice(text)?)),
        }
        Ok(())
    }

    fn filter(&mut self) -> Result<Node, String> {
        let start = self.at;
        // The first quote and the closing one; parentheses between them do not end the filter.
        let (mut pair, mut closed) = (None, false);
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated filter".to_owned()),
                Some(c @ ('"' | '\'')) => match pair {
                    None => pair = Some(c),
                    Some(open) => closed |= open == c && self.input[self.at - 2] != '\\',
                },
                Some(')') if pair.is_some() == closed => break,
                Some(_) => {}
            }
        }
        let text: String = self.input[start..self.at - 1].iter().collect();
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".to_owned());
        }
        match split_comparison(&text) {
            Some((left, operator, right)) => Ok(Node::Filter {
                left: parse_action(left)?,
                operator: operator.to_owned(),
                right: parse_action(right)?,
            }),
            None => Ok(Node::Filter { left: parse_action(&text)?, operator: "exists".to_owned(), right: Vec::new() }),
        }
    }

    fn quote(&mut self, mark: char) -> Result<Node, String> {
        let start = self.at - 1;
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated quoted string".to_owned()),
                Some(c) if c == mark && self.input[self.at - 2] != '\\' => break,
                Some(_) => {}
            }
        }
        let quoted = &self.input[start..self.at];
        let body: String = quoted[1..quoted.len() - 1].iter().collect();
        let text = unquote(&body, mark);
        text.map(Node::Text)
            .ok_or_else(|| format!("unquote string {} error invalid syntax", quoted.iter().collect::<String>()))
    }

    fn field(&mut self) -> Node {
        let mut name = String::new();
        while let Some(c) = self.next_if(|c| !is_terminator(c)) {
            name.push(c);
            if c == '\\' {
                name.extend(self.next());
            }
        }
        if name == "*" { Node::Wildcard } else { Node::Field(name.replace('\\', "")) }
    }

    fn starts_with(&self, prefix: &str) -> bool {
        prefix.chars().enumerate().all(|(index, c)| self.input.get(self.at + index) == Some(&c))
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        std::iter::from_fn(|| self.next_if(&wanted)).collect()
    }

    fn next_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let c = self.peek().filter(|&c| wanted(c))?;
        self.at += 1;
        Some(c)
    }

    fn next(&mut self) -> Option<char> {
        self.next_if(|_| true)
    }

    fn peek(&self) -> Option<char> {
        self.input.get(self.at).copied()
    }
}

/// Splits `left operator right` at the first run of `!<>=`.
fn split_comparison(text: &str) -> Option<(&str, &str, &str)> {
    let is_operator = |c: char| "!<>=".contains(c);
    let start = text.find(is_operator).filter(|&start| start > 0)?;
    let rest = &text[start..];
    // The right side must not be empty; if necessary it is the end of the operator.
    let length = rest.find(|c| !is_operator(c)).or(rest.len().checked_sub(1)).filter(|&length| length > 0)?;
    Some((&text[..start], &text[start..start + length], &text[start + length..]))
}

fn slice(text: &str) -> Result<Slice, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let number = |part: &str| part.strip_prefix('-').unwrap_or(part).chars().all(|c| c.is_ascii_digit());
    if parts.len() > 3 || !parts.iter().all(|part| number(part)) {
        return Err(format!("invalid array index {text}"));
    }
    let value = |index: usize| match parts.get(index) {
        None | Some(&"") => Ok(None),
        Some(part) => part.parse().map(Some).map_err(|_| format!("array index {part} is not a number")),
    };
    let (start, end, step) = (value(0)?, value(1)?, value(2)?);
    let end_derived = parts.len() == 1;
    let end = if end_derived { Some(start.unwrap_or(0_i64).wrapping_add(1)) } else { end };
    Ok(Slice { start, end, end_derived, step })
}

fn is_terminator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}') || is_end_of_line(c)
}

fn is_end_of_line(c: char) -> bool {
    c == '\r' || c == '\n'
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
