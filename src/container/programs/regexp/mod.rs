//! Regular expressions of POSIX, basic and extended, with the additions of GNU, as patterns of the crate `regex`.
//!
//! One rule differs: of several alternatives the first that matches wins, not the longest.

mod backtracking;
mod pattern;

use std::iter::Peekable;
use std::str::Chars;

use regex::bytes::{Regex, RegexBuilder};

pub(crate) use pattern::{Groups, Pattern};

/// Most bytes of a compiled pattern.
const SIZE: usize = 4 << 20;

/// The syntax of a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// Extended, else basic.
    pub(crate) is_extended: bool,
    /// Letters match in either case.
    pub(crate) ignores_case: bool,
    /// `^` and `$` match at every line of the text.
    pub(crate) is_multi_line: bool,
}

/// Compiles a pattern.
///
/// # Errors
/// The message of `regcomp(3)`.
pub(crate) fn compile(pattern: &str, syntax: Syntax) -> Result<Regex, &'static str> {
    build(&translate(pattern, syntax.is_extended)?, syntax)
}

/// Compiles a text that matches itself.
pub(crate) fn literal(text: &str) -> String {
    regex::escape(text)
}

/// Compiles a pattern of the crate.
///
/// # Errors
/// The message of `regcomp(3)`.
pub(crate) fn build(pattern: &str, syntax: Syntax) -> Result<Regex, &'static str> {
    RegexBuilder::new(pattern)
        .case_insensitive(syntax.ignores_case)
        .multi_line(syntax.is_multi_line)
        .dot_matches_new_line(true)
        .size_limit(SIZE)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "Regular expression too big",
            _ => "Invalid regular expression",
        })
}

/// Translates a pattern into the syntax of the crate.
///
/// # Errors
/// As [`compile`].
pub(crate) fn translate(pattern: &str, is_extended: bool) -> Result<String, &'static str> {
    translate_behind(pattern, is_extended, &mut 0)
}

/// Translates a pattern that follows others with so many groups, to which its own are added.
///
/// # Errors
/// As [`compile`].
pub(crate) fn translate_behind(pattern: &str, is_extended: bool, groups: &mut u32) -> Result<String, &'static str> {
    let chars = pattern.chars().peekable();
    let (out, first_group) = (String::with_capacity(pattern.len() + 8), *groups);
    let mut translation =
        Translation { chars, is_extended, out, depth: 0, is_start: true, first_group, groups: *groups };
    while let Some(c) = translation.chars.next() {
        translation.token(c)?;
    }
    if translation.depth > 0 {
        return Err("Unmatched ( or \\(");
    }
    *groups = translation.groups;
    Ok(translation.out)
}

struct Translation<'a> {
    chars: Peekable<Chars<'a>>,
    is_extended: bool,
    out: String,
    /// Number of open groups.
    depth: u32,
    /// Nothing that can be repeated precedes.
    is_start: bool,
    /// Number of the groups before this pattern.
    first_group: u32,
    /// Number of the groups so far.
    groups: u32,
}

impl Translation<'_> {
    fn token(&mut self, c: char) -> Result<(), &'static str> {
        match c {
            '\\' => {
                let escaped = self.chars.next().ok_or("Trailing backslash")?;
                self.escaped(escaped)
            }
            '[' => self.bracket(),
            '(' | ')' | '|' | '{' | '+' | '?' if self.is_extended => self.operator(c),
            '*' => self.operator(c),
            '^' if self.is_extended || self.is_start => {
                self.out.push('^');
                Ok(())
            }
            '$' if self.is_extended || self.is_at_end() => {
                self.out.push('$');
                self.is_start = false;
                Ok(())
            }
            '.' => {
                self.atom(".");
                Ok(())
            }
            other => {
                self.literal(other);
                Ok(())
            }
        }
    }

    /// Reports whether a dollar sign of a basic expression is an anchor: at the end of the pattern, a group or an alternative.
    fn is_at_end(&mut self) -> bool {
        let rest: String = self.chars.clone().take(2).collect();
        rest.is_empty() || rest == "\\)" || rest == "\\|"
    }

    fn atom(&mut self, text: &str) {
        self.out.push_str(text);
        self.is_start = false;
    }

    fn literal(&mut self, c: char) {
        let mut buffer = [0; 4];
        self.out.push_str(&regex::escape(c.encode_utf8(&mut buffer)));
        self.is_start = false;
    }

    fn escaped(&mut self, c: char) -> Result<(), &'static str> {
        match c {
            '(' | ')' | '|' | '{' | '+' | '?' if !self.is_extended => return self.operator(c),
            '1'..='9' => {
                let number = c as u32 - '0' as u32 + self.first_group;
                if number > self.groups {
                    return Err("Invalid back reference");
                }
                self.atom(&format!("\\{number}"));
            }
            'w' => self.atom(r"[\w]"),
            'W' => self.atom(r"[^\w]"),
            's' => self.atom(r"\s"),
            'S' => self.atom(r"\S"),
            'b' | 'B' => self.out.extend(['\\', c]),
            '<' => self.out.push_str(r"\b{start}"),
            '>' => self.out.push_str(r"\b{end}"),
            '`' => self.out.push_str(r"\A"),
            '\'' => self.out.push_str(r"\z"),
            'n' => self.atom(r"\n"),
            't' => self.atom(r"\t"),
            'r' => self.atom(r"\r"),
            'f' => self.atom(r"\f"),
            'v' => self.atom(r"\v"),
            other => self.literal(other),
        }
        Ok(())
    }

    fn operator(&mut self, c: char) -> Result<(), &'static str> {
        match c {
            '(' => {
                self.depth += 1;
                self.groups += 1;
                self.out.push('(');
                self.is_start = true;
            }
            ')' if self.depth == 0 && self.is_extended => self.literal(')'),
            ')' if self.depth == 0 => return Err("Unmatched ) or \\)"),
            ')' => {
                self.depth -= 1;
                self.atom(")");
            }
            '|' => {
                self.out.push('|');
                self.is_start = true;
            }
            '{' if self.is_start => self.literal('{'),
            '{' => self.interval()?,
            // A repetition of nothing stands for itself in a basic expression, and for nothing in an extended one.
            repetition if self.is_start && !self.is_extended => self.literal(repetition),
            _ if self.is_start => {}
            repetition => self.out.push(repetition),
        }
        Ok(())
    }

    /// Copies `n}`, `n,}`, `,m}` or `n,m}`.
    fn interval(&mut self) -> Result<(), &'static str> {
        let rest: String = self.chars.clone().collect();
        let end = if self.is_extended { "}" } else { "\\}" };
        let Some((inner, _)) = rest.split_once(end) else {
            if self.is_extended {
                self.literal('{');
                return Ok(());
            }
            return Err("Unmatched \\{");
        };
        let (least, most) = inner.split_once(',').map_or((inner, None), |(least, most)| (least, Some(most)));
        let is_number = |text: &str| text.is_empty() || text.parse::<u16>().is_ok();
        if !is_number(least) || !most.is_none_or(is_number) || inner.is_empty() {
            if self.is_extended {
                self.literal('{');
                return Ok(());
            }
            return Err("Invalid content of \\{\\}");
        }
        let least = if least.is_empty() { "0" } else { least };
        let interval = most.map_or_else(|| format!("{{{least}}}"), |most| format!("{{{least},{most}}}"));
        self.out.push_str(&interval);
        for _ in 0..inner.chars().count() + end.len() {
            self.chars.next();
        }
        Ok(())
    }

    /// Copies a bracket expression: in it a backslash is no escape, and the operators of the crate's classes are literals.
    fn bracket(&mut self) -> Result<(), &'static str> {
        const UNMATCHED: &str = "Unmatched [, [^, [:, [., or [=";
        self.out.push('[');
        if self.chars.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            let c = self.chars.next().ok_or(UNMATCHED)?;
            match c {
                ']' if !is_first => break,
                '[' if matches!(self.chars.peek(), Some(':' | '.' | '=')) => {
                    let kind = self.chars.next().unwrap_or(':');
                    let rest: String = self.chars.clone().collect();
                    let (name, _) = rest.split_once(&format!("{kind}]")).ok_or(UNMATCHED)?;
                    for _ in 0..name.chars().count() + 2 {
                        self.chars.next();
                    }
                    self.class(kind, name)?;
                }
                '\\' if matches!(self.chars.peek(), Some('n' | 't' | ']')) => self.bracket_escape(),
                '\\' | '[' | ']' | '&' | '~' | '^' => self.out.extend(['\\', c]),
                '-' if is_first || self.chars.peek() == Some(&']') => self.out.push_str("\\-"),
                other => self.out.push(other),
            }
            is_first = false;
        }
        self.out.push(']');
        self.is_start = false;
        Ok(())
    }

    /// Copies `\n` and `\t`, which GNU and busybox convert before the expression is compiled.
    fn bracket_escape(&mut self) {
        self.out.push('\\');
        match self.chars.peek() {
            Some(']') => self.out.push('\\'),
            _ => self.out.extend(self.chars.next()),
        }
    }

    fn class(&mut self, kind: char, name: &str) -> Result<(), &'static str> {
        const CLASSES: &[&str] = &[
            "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit",
        ];
        match kind {
            ':' if CLASSES.contains(&name) => self.out.push_str(&format!("[:{name}:]")),
            ':' => return Err("Invalid character class name"),
            _ => self.out.push_str(&regex::escape(name)),
        }
        Ok(())
    }
}

/// Returns the pattern of the crate for a pattern of file names (`fnmatch(3)`). Without `is_path` a wildcard matches a slash,
/// too.
pub(crate) fn glob(pattern: &str, ignores_case: bool) -> Option<Regex> {
    let mut out = String::from("^");
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            '\\' => out.push_str(&regex::escape(&chars.next().unwrap_or('\\').to_string())),
            '[' => {
                let rest = chars.as_str();
                let skip = usize::from(rest.starts_with(['!', '^']));
                let first = skip + usize::from(rest[skip..].starts_with(']'));
                match rest[first..].find(']') {
                    Some(end) => {
                        let inner = format!("[{}]", rest[..first + end].replacen('!', "^", skip));
                        out.push_str(&translate(&inner, true).ok()?);
                        chars = rest[first + end + 1..].chars();
                    }
                    None => out.push_str("\\["),
                }
            }
            other => out.push_str(&regex::escape(&other.to_string())),
        }
    }
    out.push('$');
    build(&out, Syntax { ignores_case, ..Syntax::default() }).ok()
}
