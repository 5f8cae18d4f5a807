//! Reads scripts of `sed`.

use super::problem::Problem;
use super::script::{Action, Address, Command, End};
use crate::programs::regexp::{Pattern, Syntax};

/// Most nested blocks.
const MAX_DEPTH: usize = 100;

/// Reads a script.
///
/// # Errors
/// Why that is not possible.
pub(super) fn parse(script: &str, is_extended: bool, is_busybox: bool) -> Result<Vec<Command>, Problem> {
    let chars: Vec<char> = script.chars().collect();
    let mut parser = Parser {
        chars,
        at: 0,
        is_extended,
        is_busybox,
        last: None,
        commands: Vec::new(),
        blocks: Vec::new(),
        labels: Vec::new(),
        jumps: Vec::new(),
    };
    parser.script()?;
    parser.link()?;
    Ok(parser.commands)
}

pub(super) struct Parser {
    pub(super) chars: Vec<char>,
    pub(super) at: usize,
    is_extended: bool,
    pub(super) is_busybox: bool,
    /// The last pattern, which an empty one repeats.
    last: Option<Pattern>,
    commands: Vec<Command>,
    /// Open blocks, by the index of their command.
    blocks: Vec<usize>,
    labels: Vec<(String, usize)>,
    jumps: Vec<(usize, String)>,
}

impl Parser {
    pub(super) fn problem(&self, gnu: &str, busybox: &str) -> Problem {
        Problem { gnu: gnu.to_owned(), busybox: busybox.to_owned(), at: Some(self.at) }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    pub(super) fn skip(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
    }

    fn script(&mut self) -> Result<(), Problem> {
        loop {
            self.skip(|c| c.is_whitespace() || c == ';');
            match self.peek() {
                None => break,
                Some('#') => self.skip(|c| c != '\n'),
                Some(_) => self.command()?,
            }
        }
        if !self.blocks.is_empty() && !self.is_busybox {
            let mut problem = self.problem("unmatched `{'", "unmatched '{'");
            problem.at = Some(0);
            return Err(problem);
        }
        Ok(())
    }

    /// Puts the places of labels into the jumps; a jump without a label goes to the end.
    fn link(&mut self) -> Result<(), Problem> {
        for (index, label) in std::mem::take(&mut self.jumps) {
            let target = match label.as_str() {
                "" => self.commands.len(),
                label => match self.labels.iter().find(|(name, _)| name == label) {
                    Some((_, target)) => *target,
                    None => {
                        let gnu = format!("can't find label for jump to `{label}'");
                        let busybox = format!("can't find label for jump to '{label}'");
                        return Err(Problem { gnu, busybox, at: None });
                    }
                },
            };
            match &mut self.commands[index].action {
                Action::Branch(to) | Action::BranchIfSubstituted(to) | Action::BranchUnlessSubstituted(to) => {
                    *to = target
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Result<(), Problem> {
        let first = self.address()?;
        let mut last = None;
        self.skip(|c| c == ' ');
        if first.is_some() && self.peek() == Some(',') {
            self.at += 1;
            self.skip(|c| c == ' ');
            last = Some(self.end()?);
        }
        self.skip(|c| c.is_whitespace());
        let mut is_negated = false;
        while self.peek() == Some('!') {
            is_negated = true;
            self.at += 1;
            self.skip(|c| c == ' ');
        }
        let Some(letter) = self.next() else { return Err(self.problem("missing command", "missing command")) };
        let index = self.commands.len();
        let action = self.action(letter, index)?;
        self.commands.push(Command { first, last, is_negated, action });
        Ok(())
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let start = self.at;
        self.skip(|c| c.is_ascii_digit());
        self.chars[start..self.at].iter().collect::<String>().parse().ok()
    }

    fn address(&mut self) -> Result<Option<Address>, Problem> {
        Ok(Some(match self.peek() {
            Some('0'..='9') => {
                let line = self.number().unwrap_or(u64::MAX);
                if self.peek() == Some('~') && !self.is_busybox {
                    self.at += 1;
                    Address::Step(line, self.number().unwrap_or(0))
                } else {
                    Address::Line(line)
                }
            }
            Some('$') => {
                self.at += 1;
                Address::Last
            }
            Some('/' | '\\') => Address::Match(self.address_regex()?),
            _ => return Ok(None),
        }))
    }

    fn end(&mut self) -> Result<End, Problem> {
        Ok(match self.peek() {
            Some('0'..='9') => End::Line(self.number().unwrap_or(u64::MAX)),
            Some('$') => {
                self.at += 1;
                End::Last
            }
            Some('/' | '\\') => End::Match(self.address_regex()?),
            Some('+') => {
                self.at += 1;
                End::After(self.number().unwrap_or(0))
            }
            Some('~') => {
                self.at += 1;
                End::Multiple(self.number().unwrap_or(0))
            }
            _ => {
                self.at += 1;
                return Err(self.problem("unexpected `,'", "no address after comma"));
            }
        })
    }

    fn address_regex(&mut self) -> Result<Pattern, Problem> {
        let mut delimiter = self.next().unwrap_or('/');
        if delimiter == '\\' {
            delimiter = self.next().unwrap_or('/');
        }
        let Some(pattern) = self.delimited(delimiter, true) else {
            return Err(self.problem("unterminated address regex", &format!("unmatched '{delimiter}'")));
        };
        let mut ignores_case = false;
        let mut is_multi_line = false;
        while let Some(flag) = self.peek().filter(|flag| matches!(flag, 'I' | 'M') && !self.is_busybox) {
            ignores_case |= flag == 'I';
            is_multi_line |= flag == 'M';
            self.at += 1;
        }
        self.regex(&pattern, ignores_case, is_multi_line)
    }

    pub(super) fn regex(&mut self, pattern: &str, ignores_case: bool, is_multi_line: bool) -> Result<Pattern, Problem> {
        if pattern.is_empty() {
            let busybox = "no previous regexp";
            return self.last.clone().ok_or_else(|| self.problem("no previous regular expression", busybox));
        }
        let syntax = Syntax { is_extended: self.is_extended, ignores_case, is_multi_line };
        match Pattern::compile(pattern, syntax) {
            Ok(regex) => {
                self.last = Some(regex.clone());
                Ok(regex)
            }
            Err(message) => Err(self.problem(message, &format!("bad regex '{pattern}': {message}"))),
        }
    }

    /// Reads up to a delimiter, which a backslash makes a plain character; `None` if there is none.
    pub(super) fn delimited(&mut self, delimiter: char, is_regex: bool) -> Option<String> {
        let mut text = String::new();
        let mut in_bracket = false;
        loop {
            let c = self.next()?;
            match c {
                '\\' if in_bracket && self.peek() != Some(delimiter) => text.push(c),
                '\\' => match self.next()? {
                    next if next == delimiter && next != '\\' => {
                        // Outside of a pattern, and where it would be an operator, it stays what it is.
                        if is_regex && "|+?(){}.*[]^$".contains(next) && next != '|' {
                            text.push('\\');
                        }
                        text.push(next);
                    }
                    'n' if is_regex => text.push_str("\\n"),
                    next => text.extend(['\\', next]),
                },
                c if c == delimiter && !in_bracket => return Some(text),
                '[' if is_regex && !in_bracket => {
                    in_bracket = self.closes_bracket();
                    text.push(c);
                    for literal in ['^', ']'] {
                        if in_bracket && self.peek() == Some(literal) {
                            self.at += 1;
                            text.push(literal);
                        }
                    }
                }
                ']' => {
                    in_bracket = false;
                    text.push(c);
                }
                '\n' if is_regex && self.is_busybox => return None,
                other => text.push(other),
            }
        }
    }

    /// Reports whether a bracket expression that begins here has an end.
    fn closes_bracket(&self) -> bool {
        let rest = self.chars.get(self.at + 1..).unwrap_or_default();
        rest.iter().take_while(|c| **c != '\n').any(|c| *c == ']')
    }

    fn action(&mut self, letter: char, index: usize) -> Result<Action, Problem> {
        let action = match letter {
            '{' => {
                if self.blocks.len() >= MAX_DEPTH {
                    return Err(self.problem("too many `{'s", "too many '{'"));
                }
                self.blocks.push(index);
                return Ok(Action::Block(0));
            }
            '}' => {
                let Some(start) = self.blocks.pop() else {
                    return Err(self.problem("unexpected `}'", "unexpected '}'"));
                };
                self.commands[start].action = Action::Block(index);
                Action::EndBlock
            }
            ':' => return self.label(index),
            'b' | 't' | 'T' => return Ok(self.jump(letter, index)),
            's' => return self.substitute(),
            'y' => self.translate()?,
            'a' | 'i' | 'c' => return self.text(letter),
            'r' | 'w' => return self.file(letter),
            'q' | 'Q' => {
                self.skip(|c| c == ' ');
                let code = self.number().map_or(0, |code| (code % 256) as i32);
                if letter == 'q' { Action::Quit(code) } else { Action::QuitSilently(code) }
            }
            'p' => Action::Print,
            'P' => Action::PrintFirstLine,
            'd' => Action::Delete,
            'D' => Action::DeleteFirstLine,
            'n' => Action::Next,
            'N' => Action::AppendNext,
            'h' => Action::CopyToHold,
            'H' => Action::AppendToHold,
            'g' => Action::CopyFromHold,
            'G' => Action::AppendFromHold,
            'x' => Action::Exchange,
            '=' => Action::PrintNumber,
            'l' => {
                self.skip(|c| c == ' ' || c.is_ascii_digit());
                // busybox has no such command, but takes it.
                if self.is_busybox { Action::Label } else { Action::List }
            }
            'z' if !self.is_busybox => Action::Empty,
            'F' if !self.is_busybox => Action::FileName,
            other => {
                return Err(
                    self.problem(&format!("unknown command: `{other}'"), &format!("unsupported command {other}"))
                );
            }
        };
        self.finish()?;
        Ok(action)
    }

    /// Checks that nothing but a separator follows a command.
    pub(super) fn finish(&mut self) -> Result<(), Problem> {
        self.skip(|c| c == ' ' || c == '\t');
        match self.peek() {
            None | Some('\n' | ';' | '}' | '#') => Ok(()),
            Some(other) => {
                self.at += 1;
                let busybox = match self.is_busybox && other.is_ascii_alphabetic() {
                    true => "extra characters after command".to_owned(),
                    false => format!("unsupported command {other}"),
                };
                Err(self.problem("extra characters after command", &busybox))
            }
        }
    }

    pub(super) fn word(&mut self, ends_at_semicolon: bool) -> String {
        self.skip(|c| c == ' ' || c == '\t');
        let start = self.at;
        self.skip(|c| c != '\n' && !(ends_at_semicolon && (c == ';' || c == '}')));
        self.chars[start..self.at].iter().collect::<String>().trim_end().to_owned()
    }

    fn label(&mut self, index: usize) -> Result<Action, Problem> {
        let is_busybox = self.is_busybox;
        self.skip(|c| c == ' ');
        let start = self.at;
        self.skip(|c| c != '\n' && (is_busybox || c != ';'));
        let name: String = self.chars[start..self.at].iter().collect::<String>().trim_end().to_owned();
        let name = if is_busybox { name.split(';').next().unwrap_or_default().to_owned() } else { name };
        self.at = start + name.chars().count();
        if name.is_empty() {
            return Err(self.problem("\":\" lacks a label", "\":\" lacks a label"));
        }
        self.labels.push((name, index));
        Ok(Action::Label)
    }

    fn jump(&mut self, letter: char, index: usize) -> Action {
        let label = self.word(true);
        self.jumps.push((index, label));
        match letter {
            'b' => Action::Branch(0),
            't' => Action::BranchIfSubstituted(0),
            _ => Action::BranchUnlessSubstituted(0),
        }
    }

    fn file(&mut self, letter: char) -> Result<Action, Problem> {
        let name = self.word(false);
        if name.is_empty() {
            return Err(self.problem("missing filename in r/R/w/W commands", "empty filename"));
        }
        Ok(if letter == 'r' { Action::Read(name) } else { Action::Write(name) })
    }
}
