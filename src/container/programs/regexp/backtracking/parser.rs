//! Reads patterns of the backtracking matcher.

use super::{Assertion, Node};
use crate::programs::regexp::{Syntax, build};

/// Reads a pattern in the syntax of the crate.
pub(super) struct Parser {
    chars: Vec<char>,
    at: usize,
    groups: usize,
    depth: u32,
    syntax: Syntax,
}

impl Parser {
    /// Parses a pattern; returns its alternatives and the number of its groups, with that of the whole match.
    ///
    /// # Errors
    /// The message of `regcomp(3)`.
    pub(super) fn parse(pattern: &str, syntax: Syntax) -> Result<(Vec<Vec<Node>>, usize), &'static str> {
        let mut parser = Parser { chars: pattern.chars().collect(), at: 0, groups: 1, depth: 0, syntax };
        let alternatives = parser.alternatives()?;
        match parser.at < parser.chars.len() {
            true => Err("Unmatched ) or \\)"),
            false => Ok((alternatives, parser.groups)),
        }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Skips a text if it comes next.
    fn skip(&mut self, text: &str) -> bool {
        let is_next = text.chars().enumerate().all(|(offset, c)| self.chars.get(self.at + offset) == Some(&c));
        if is_next {
            self.at += text.chars().count();
        }
        is_next
    }

    fn alternatives(&mut self) -> Result<Vec<Vec<Node>>, &'static str> {
        self.depth += 1;
        if self.depth > 100 {
            return Err("Regular expression too big");
        }
        let mut alternatives = vec![Vec::new()];
        loop {
            match self.peek() {
                None | Some(')') => break,
                Some('|') => {
                    self.at += 1;
                    alternatives.push(Vec::new());
                }
                Some(_) => {
                    let node = self.atom()?;
                    let node = self.repeated(node)?;
                    alternatives.last_mut().into_iter().for_each(|nodes| nodes.push(node.clone()));
                }
            }
        }
        self.depth -= 1;
        Ok(alternatives)
    }

    fn atom(&mut self) -> Result<Node, &'static str> {
        let start = self.at;
        let c = self.peek().ok_or("Invalid regular expression")?;
        self.at += 1;
        Ok(match c {
            '(' => return self.group(),
            '^' => Node::Assertion(Assertion::LineStart),
            '$' => Node::Assertion(Assertion::LineEnd),
            '.' => self.class(start)?,
            '[' => {
                self.skip_bracket()?;
                self.class(start)?
            }
            '\\' => return self.escaped(start),
            '*' | '+' | '?' => return Err("Invalid preceding regular expression"),
            other => Node::Literal(other),
        })
    }

    fn group(&mut self) -> Result<Node, &'static str> {
        let looks = [("?=", true, false), ("?!", true, true), ("?<=", false, false), ("?<!", false, true)];
        let look = looks.into_iter().find(|(text, ..)| self.skip(text));
        let number = match look.is_some() || self.skip("?:") {
            true => None,
            false if self.peek() == Some('?') => return Err("Invalid regular expression"),
            false => {
                self.groups += 1;
                Some(self.groups - 1)
            }
        };
        let alternatives = self.alternatives()?;
        if !self.skip(")") {
            return Err("Unmatched ( or \\(");
        }
        Ok(match look {
            Some((_, is_ahead, is_negated)) => Node::Look { is_ahead, is_negated, alternatives },
            None => Node::Group(number, alternatives),
        })
    }

    fn escaped(&mut self, start: usize) -> Result<Node, &'static str> {
        let words = [
            ("b{start}", Assertion::WordStart),
            ("b{end}", Assertion::WordEnd),
            ("b{start-half}", Assertion::NoWordBefore),
            ("b{end-half}", Assertion::NoWordAfter),
            ("b", Assertion::WordEdge),
            ("B", Assertion::NoWordEdge),
            ("A", Assertion::TextStart),
            ("z", Assertion::TextEnd),
        ];
        if let Some((_, assertion)) = words.into_iter().find(|(text, _)| self.skip(text)) {
            return Ok(Node::Assertion(assertion));
        }
        let c = self.peek().ok_or("Trailing backslash")?;
        self.at += 1;
        Ok(match c {
            '1'..='9' => {
                let number = c as usize - '0' as usize;
                if number >= self.groups {
                    return Err("Invalid back reference");
                }
                Node::Reference(number)
            }
            'K' => Node::Keep,
            letter if letter.is_ascii_alphanumeric() => self.class(start)?,
            other => Node::Literal(other),
        })
    }

    /// Skips what follows an opening bracket, up to the closing one.
    fn skip_bracket(&mut self) -> Result<(), &'static str> {
        const UNMATCHED: &str = "Unmatched [, [^, [:, [., or [=";
        self.skip("^");
        let mut is_first = true;
        loop {
            let c = self.peek().ok_or(UNMATCHED)?;
            self.at += 1;
            match c {
                ']' if !is_first => return Ok(()),
                '\\' => self.at += 1,
                '[' if self.peek() == Some(':') => {
                    while !self.skip(":]") {
                        self.at += 1;
                        if self.at >= self.chars.len() {
                            return Err(UNMATCHED);
                        }
                    }
                }
                _ => {}
            }
            is_first = false;
        }
    }

    /// Compiles what was read from an index on as a pattern of one character.
    fn class(&self, start: usize) -> Result<Node, &'static str> {
        let text: String = self.chars.get(start..self.at).unwrap_or_default().iter().collect();
        build(&format!(r"\A(?:{text})"), Syntax { is_multi_line: false, ..self.syntax }).map(Node::Class)
    }

    /// Reads the repetitions behind an atom.
    fn repeated(&mut self, mut node: Node) -> Result<Node, &'static str> {
        while let Some(c) = self.peek() {
            let (least, most) = match c {
                '*' => (0, u32::MAX),
                '+' => (1, u32::MAX),
                '?' => (0, 1),
                '{' => {
                    let rest: String = self.chars[self.at + 1..].iter().take_while(|c| **c != '}').collect();
                    let (least, most) = rest.split_once(',').map_or((rest.as_str(), None), |(a, b)| (a, Some(b)));
                    let Ok(least) = least.parse() else { break };
                    self.at += rest.chars().count() + 1;
                    (least, most.map_or(least, |most| most.parse().unwrap_or(u32::MAX)))
                }
                _ => break,
            };
            self.at += 1;
            let is_lazy = self.skip("?");
            node = Node::Repeat { node: Box::new(node), least, most, is_lazy };
        }
        Ok(node)
    }
}
