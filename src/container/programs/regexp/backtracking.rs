//! A matcher for what the crate `regex` leaves out: references back, looking ahead and behind, and `\K`.
//!
//! It tries alternatives and repetitions one after the other, so that its time is bounded by a number of steps: a text that
//! takes more does not match.

mod parser;

use std::ops::Range;

use regex::bytes::Regex;

use super::{Groups, Syntax};
use parser::Parser;

/// Most steps of a search.
const MAX_STEPS: u32 = 200_000;
/// Most calls within each other.
const MAX_DEPTH: u32 = 1_500;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Backtracking {
    alternatives: Vec<Vec<Node>>,
    /// Number of groups, with that of the whole match.
    pub(super) groups: usize,
    syntax: Syntax,
}

#[derive(Clone, Debug)]
enum Node {
    /// A character as it is written, in either case if the syntax says so.
    Literal(char),
    /// A pattern of one character, anchored at its start.
    Class(Regex),
    Assertion(Assertion),
    /// A group with its number, if it has one.
    Group(Option<usize>, Vec<Vec<Node>>),
    Look {
        is_ahead: bool,
        is_negated: bool,
        alternatives: Vec<Vec<Node>>,
    },
    Repeat {
        node: Box<Node>,
        least: u32,
        most: u32,
        is_lazy: bool,
    },
    Reference(usize),
    /// The match begins here (`\K`).
    Keep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Assertion {
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    WordStart,
    WordEnd,
    NoWordBefore,
    NoWordAfter,
    WordEdge,
    NoWordEdge,
}

impl Backtracking {
    /// Compiles a pattern in the syntax of the crate, in which `\1` is a reference.
    ///
    /// # Errors
    /// The message of `regcomp(3)`.
    pub(super) fn compile(pattern: &str, syntax: Syntax) -> Result<Backtracking, &'static str> {
        let (alternatives, groups) = Parser::parse(pattern, syntax)?;
        Ok(Backtracking { alternatives, groups, syntax })
    }

    /// Returns the groups of the first match that begins at an offset or behind it.
    pub(super) fn find_at(&self, text: &[u8], from: usize) -> Option<Groups> {
        let mut run =
            Run { text, syntax: self.syntax, groups: vec![None; self.groups], start: from, steps: 0, depth: 0 };
        for start in from..=text.len() {
            run.start = start;
            run.groups.fill(None);
            let mut end = start;
            let is_match = run.any(&self.alternatives, start, &mut |_, at| {
                end = at;
                true
            });
            if is_match {
                run.groups[0] = Some(run.start.min(end)..end);
                return Some(Groups(run.groups));
            }
            if run.steps >= MAX_STEPS {
                break;
            }
        }
        None
    }
}

/// A search that is under way.
struct Run<'t> {
    text: &'t [u8],
    syntax: Syntax,
    groups: Vec<Option<Range<usize>>>,
    /// Where the match begins.
    start: usize,
    steps: u32,
    depth: u32,
}

/// The rest of the pattern, which has to match behind a part.
type Rest<'a, 't> = &'a mut dyn FnMut(&mut Run<'t>, usize) -> bool;

impl<'t> Run<'t> {
    fn any(&mut self, alternatives: &[Vec<Node>], at: usize, rest: Rest<'_, 't>) -> bool {
        alternatives.iter().any(|nodes| self.all(nodes, at, rest))
    }

    /// Matches nodes one behind the other, then the rest.
    fn all(&mut self, nodes: &[Node], at: usize, rest: Rest<'_, 't>) -> bool {
        if self.steps >= MAX_STEPS || self.depth >= MAX_DEPTH {
            return false;
        }
        self.steps += 1;
        self.depth += 1;
        let is_match = match nodes.split_first() {
            None => rest(self, at),
            Some((node, nodes)) => self.node(node, nodes, at, rest),
        };
        self.depth -= 1;
        is_match
    }

    fn node(&mut self, node: &Node, nodes: &[Node], at: usize, rest: Rest<'_, 't>) -> bool {
        match node {
            Node::Literal(_) | Node::Class(_) | Node::Reference(_) => {
                self.width(node, at).is_some_and(|width| self.all(nodes, at + width, rest))
            }
            Node::Assertion(assertion) => self.holds(*assertion, at) && self.all(nodes, at, rest),
            Node::Group(number, alternatives) => self.any(alternatives, at, &mut |run, end| {
                let old = number.and_then(|number| run.groups[number].replace(at..end));
                let is_match = run.all(nodes, end, rest);
                if let (false, Some(number)) = (is_match, number) {
                    run.groups[*number] = old;
                }
                is_match
            }),
            Node::Look { is_ahead, is_negated, alternatives } => {
                let is_there = match is_ahead {
                    true => self.any(alternatives, at, &mut |_, _| true),
                    false => (0..=at).rev().any(|start| self.any(alternatives, start, &mut |_, end| end == at)),
                };
                is_there != *is_negated && self.all(nodes, at, rest)
            }
            Node::Repeat { node, least, most, is_lazy } => match **node {
                Node::Literal(_) | Node::Class(_) if !is_lazy => self.span(node, (*least, *most), nodes, at, rest),
                _ => self.repeat((node, *least, *most, *is_lazy), 0, nodes, at, rest),
            },
            Node::Keep => {
                let old = std::mem::replace(&mut self.start, at);
                let is_match = self.all(nodes, at, rest);
                if !is_match {
                    self.start = old;
                }
                is_match
            }
        }
    }

    /// Returns the bytes that a node without a choice takes; `None` if it does not match.
    fn width(&self, node: &Node, at: usize) -> Option<usize> {
        let text = &self.text[at..];
        match node {
            Node::Literal(c) => {
                let mut buffer = [0; 4];
                let wanted = c.encode_utf8(&mut buffer).as_bytes();
                let found = text.get(..wanted.len())?;
                let is_equal = found == wanted || self.syntax.ignores_case && found.eq_ignore_ascii_case(wanted);
                is_equal.then_some(wanted.len())
            }
            Node::Class(regex) => regex.find(&text[..text.len().min(4)]).map(|found| found.end()),
            Node::Reference(number) => {
                let wanted = &self.text[self.groups[*number].clone()?];
                let found = text.get(..wanted.len())?;
                let is_equal = found == wanted || self.syntax.ignores_case && found.eq_ignore_ascii_case(wanted);
                is_equal.then_some(wanted.len())
            }
            _ => None,
        }
    }

    /// Matches a repeated character as often as possible, then less often.
    fn span(&mut self, node: &Node, (least, most): (u32, u32), nodes: &[Node], at: usize, rest: Rest<'_, 't>) -> bool {
        let mut ends = vec![at];
        while let Some(end) = ends.last().copied().filter(|_| ends.len() as u64 <= u64::from(most)) {
            match self.width(node, end) {
                Some(width) => ends.push(end + width),
                None => break,
            }
        }
        let least = (least as usize).min(ends.len());
        ends[least..].iter().rev().any(|end| self.all(nodes, *end, rest))
    }

    /// Matches a repetition that has been matched so many times.
    fn repeat(
        &mut self,
        repetition: (&Node, u32, u32, bool),
        count: u32,
        nodes: &[Node],
        at: usize,
        rest: Rest<'_, 't>,
    ) -> bool {
        let (node, least, most, is_lazy) = repetition;
        let is_enough = count >= least;
        if is_lazy && is_enough && self.all(nodes, at, rest) {
            return true;
        }
        // A repetition of nothing leads nowhere.
        let goes_on = count < most
            && self.all(std::slice::from_ref(node), at, &mut |run, end| {
                (end > at || !is_enough) && run.repeat(repetition, count + 1, nodes, end, rest)
            });
        goes_on || !is_lazy && is_enough && self.all(nodes, at, rest)
    }

    fn holds(&self, assertion: Assertion, at: usize) -> bool {
        let before = at.checked_sub(1).map(|index| self.text[index]);
        let after = self.text.get(at).copied();
        let is_word =
            |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte > 127);
        let (is_behind, is_before) = (is_word(before), is_word(after));
        let is_multi_line = self.syntax.is_multi_line;
        match assertion {
            Assertion::TextStart => before.is_none(),
            Assertion::TextEnd => after.is_none(),
            Assertion::LineStart => before.is_none_or(|byte| is_multi_line && byte == b'\n'),
            Assertion::LineEnd => after.is_none_or(|byte| is_multi_line && byte == b'\n'),
            Assertion::WordStart => !is_behind && is_before,
            Assertion::WordEnd => is_behind && !is_before,
            Assertion::NoWordBefore => !is_behind,
            Assertion::NoWordAfter => !is_before,
            Assertion::WordEdge => is_behind != is_before,
            Assertion::NoWordEdge => is_behind == is_before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_with_references_match_as_they_do_elsewhere() {
        let cases: &[(&str, &str, Option<&str>)] = &[
            (r"(a)\1", "baa", Some("aa")),
            (r"(.)(.)\2\1", "xabbay", Some("abba")),
            (r"^(.*)\n\1$", "one\none", Some("one\none")),
            (r"^(.*)\n\1$", "one\ntwo", None),
            (r"\b(\w+) \1\b", "this is is it", Some("is is")),
            (r"(a*)*\1b", "aab", Some("aab")),
            (r"([a-c])x\1{2}", "axbb bxbb", Some("bxbb")),
            (r"(?<=name: )\w+(?=,)", "name: box, x", Some("box")),
            (r"id=\K\d+", "a id=42;", Some("42")),
            (r"a.*?b(?!c)", "aXbcXb!b", Some("aXbcXb")),
            (r"(a|ab)(c|bcd)\1?", "abcd", Some("abcd")),
        ];
        for (pattern, text, expected) in cases {
            let compiled = Backtracking::compile(pattern, Syntax::default()).expect(pattern);
            let found = compiled.find_at(text.as_bytes(), 0).and_then(|groups| groups.0[0].clone());
            assert_eq!(found.map(|range| &text[range]), *expected, "{pattern} in {text}");
        }
    }

    #[test]
    fn endless_searches_end() {
        let compiled = Backtracking::compile(r"((a*)*)*\1\2b", Syntax::default()).expect("it can be compiled");
        let text = "a".repeat(5_000);
        assert!(compiled.find_at(text.as_bytes(), 0).is_none());
        assert!(Backtracking::compile(r"\1(a)", Syntax::default()).is_err());
        assert!(Backtracking::compile(&"(".repeat(10_000), Syntax::default()).is_err());
    }
}
