//! Reads the commands of `sed` that have texts: `a`, `i`, `c`, `y` and `s`.

use super::parse::Parser;
use super::problem::Problem;
use super::script::{Action, Case, Part, Substitution};

impl Parser {
    /// Reads the text of `a`, `i` and `c`: the rest of the line, or lines that a backslash continues.
    pub(super) fn text(&mut self, letter: char) -> Result<Action, Problem> {
        self.skip(|c| c == ' ' || c == '\t');
        if self.peek() == Some('\\') {
            self.at += 1;
            self.skip(|c| c == ' ' || c == '\t');
            if self.peek() == Some('\n') {
                self.at += 1;
            } else {
                // A backslash keeps the blanks of a text of one line.
                while self.chars.get(self.at.wrapping_sub(1)) == Some(&' ') {
                    self.at -= 1;
                }
            }
        }
        if self.peek().is_none() {
            return Err(self.problem("expected \\ after `a', `c' or `i'", "expected \\ after a, c or i"));
        }
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                '\\' => text.extend(self.next()),
                '\n' => break,
                other => text.push(other),
            }
        }
        text.push('\n');
        let text = text.into_bytes();
        Ok(match letter {
            'a' => Action::Append(text),
            'i' => Action::Insert(text),
            _ => Action::Change(text),
        })
    }

    pub(super) fn translate(&mut self) -> Result<Action, Problem> {
        let delimiter = self.next().unwrap_or('/');
        let texts = self.delimited(delimiter, false).and_then(|from| Some((from, self.delimited(delimiter, false)?)));
        let Some((from, to)) = texts else {
            return Err(self.problem("unterminated `y' command", &format!("unmatched '{delimiter}'")));
        };
        let (from, to) = (plain(&from), plain(&to));
        if from.len() != to.len() {
            let gnu = "strings for `y' command are different lengths";
            if !self.is_busybox {
                return Err(self.problem(gnu, gnu));
            }
        }
        let mut table = [0; 256];
        for (byte, entry) in (0..=u8::MAX).zip(&mut table) {
            *entry = byte;
        }
        for (from, to) in from.into_iter().zip(to) {
            table[usize::from(from)] = to;
        }
        Ok(Action::Translate(Box::new(table)))
    }

    pub(super) fn substitute(&mut self) -> Result<Action, Problem> {
        let delimiter = self.next().unwrap_or('/');
        let texts =
            self.delimited(delimiter, true).and_then(|pattern| Some((pattern, self.delimited(delimiter, false)?)));
        let Some((pattern, replacement)) = texts else {
            return Err(self.problem("unterminated `s' command", &format!("unmatched '{delimiter}'")));
        };
        let (mut number, mut is_global, mut prints, mut file) = (1, false, false, None);
        let (mut ignores_case, mut is_multi_line) = (false, false);
        loop {
            match self.peek() {
                Some('g') => is_global = true,
                Some('p') => prints = true,
                Some('i' | 'I') => ignores_case = true,
                Some('m' | 'M') if !self.is_busybox => is_multi_line = true,
                Some('0'..='9') => {
                    number = self.number().map_or(1, |number| number as usize);
                    if number == 0 {
                        let gnu = "number option to `s' command may not be zero";
                        return Err(self.problem(gnu, "bad option in substitution expression"));
                    }
                    continue;
                }
                Some('w') => {
                    self.at += 1;
                    file = Some(self.word(false));
                    break;
                }
                None | Some('\n' | ';' | '}' | '#' | ' ' | '\t') => break,
                Some(_) => {
                    self.at += 1;
                    return Err(self.problem("unknown option to `s'", "bad option in substitution expression"));
                }
            }
            self.at += 1;
        }
        let regex = self.regex(&pattern, ignores_case, is_multi_line)?;
        let replacement = parts(&replacement, !self.is_busybox);
        let groups =
            replacement.iter().filter_map(|part| if let Part::Group(group) = part { Some(*group) } else { None });
        if let Some(group) = groups.max().filter(|group| *group >= regex.groups()) {
            let gnu = format!("invalid reference \\{group} on `s' command's RHS");
            if !self.is_busybox {
                return Err(self.problem(&gnu, &gnu));
            }
        }
        self.finish()?;
        Ok(Action::Substitute(Box::new(Substitution { regex, replacement, number, is_global, prints, file })))
    }
}

/// Resolves the escapes of `y`.
fn plain(text: &str) -> Vec<u8> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    out.into_bytes()
}

/// Splits a replacement into its parts.
fn parts(text: &str, has_cases: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let part = match c {
            '&' => Part::Group(0),
            '\\' => match chars.next() {
                Some(digit @ '0'..='9') => Part::Group(digit as usize - '0' as usize),
                Some('U') if has_cases => Part::Case(Case::Upper),
                Some('L') if has_cases => Part::Case(Case::Lower),
                Some('u') if has_cases => Part::Case(Case::UpperFirst),
                Some('l') if has_cases => Part::Case(Case::LowerFirst),
                Some('E') if has_cases => Part::Case(Case::End),
                escaped => {
                    literal.push(match escaped {
                        Some('n') => '\n',
                        Some('t') => '\t',
                        Some('r') => '\r',
                        Some(other) => other,
                        None => '\\',
                    });
                    continue;
                }
            },
            other => {
                literal.push(other);
                continue;
            }
        };
        if !literal.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut literal).into_bytes()));
        }
        parts.push(part);
    }
    if !literal.is_empty() {
        parts.push(Part::Text(literal.into_bytes()));
    }
    parts
}
