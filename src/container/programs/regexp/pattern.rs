//! A compiled pattern, whichever matcher it needs.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use regex::bytes::Regex;

use super::backtracking::Backtracking;
use super::{Syntax, build, translate};

/// A pattern that may have references back.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    Plain(Regex),
    Backtracking(Arc<Backtracking>),
}

/// Where the groups of a match are; the whole match is group 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Groups(pub(super) Vec<Option<Range<usize>>>);

impl Groups {
    /// Returns where the whole match is.
    pub(crate) fn whole(&self) -> Range<usize> {
        self.0.first().cloned().flatten().unwrap_or_default()
    }

    /// Returns the text of a group, which is empty if it does not take part in the match.
    pub(crate) fn text<'a>(&self, text: &'a [u8], group: usize) -> &'a [u8] {
        self.0.get(group).cloned().flatten().and_then(|range| text.get(range)).unwrap_or_default()
    }
}

impl Pattern {
    /// Compiles a pattern of POSIX.
    ///
    /// # Errors
    /// The message of `regcomp(3)`.
    pub(crate) fn compile(pattern: &str, syntax: Syntax) -> Result<Pattern, &'static str> {
        Pattern::build(&translate(pattern, syntax.is_extended)?, syntax)
    }

    /// Compiles a pattern of the crate, in which `\1` is a reference.
    ///
    /// # Errors
    /// The message of `regcomp(3)`.
    pub(crate) fn build(pattern: &str, syntax: Syntax) -> Result<Pattern, &'static str> {
        let error = match build(pattern, syntax) {
            Ok(regex) => return Ok(Pattern::Plain(regex)),
            Err(error) => error,
        };
        match Backtracking::compile(pattern, syntax) {
            Ok(compiled) => Ok(Pattern::Backtracking(Arc::new(compiled))),
            Err(message) if message == "Invalid back reference" => Err(message),
            Err(_) => Err(error),
        }
    }

    /// Returns the number of groups, with that of the whole match.
    pub(crate) fn groups(&self) -> usize {
        match self {
            Pattern::Plain(regex) => regex.captures_len(),
            Pattern::Backtracking(pattern) => pattern.groups,
        }
    }

    /// Reports whether a text has a match.
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        match self {
            Pattern::Plain(regex) => regex.is_match(text),
            Pattern::Backtracking(pattern) => pattern.find_at(text, 0).is_some(),
        }
    }

    /// Returns the groups of the first match.
    pub(crate) fn find(&self, text: &[u8]) -> Option<Groups> {
        self.find_at(text, 0)
    }

    fn find_at(&self, text: &[u8], from: usize) -> Option<Groups> {
        match self {
            Pattern::Plain(regex) => {
                let found = regex.captures_at(text, from)?;
                Some(Groups(found.iter().map(|group| group.map(|group| group.range())).collect()))
            }
            Pattern::Backtracking(pattern) => pattern.find_at(text, from),
        }
    }

    /// Returns the matches of a text one behind the other. None is empty directly behind another one.
    pub(crate) fn find_all<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Groups> + 'a {
        let mut from = 0;
        let mut last_end = None;
        std::iter::from_fn(move || {
            loop {
                let found = (from <= text.len()).then(|| self.find_at(text, from)).flatten()?;
                let whole = found.whole();
                if whole.is_empty() && last_end == Some(whole.end) {
                    from = whole.end + width(text, whole.end);
                    continue;
                }
                (from, last_end) = (whole.end, Some(whole.end));
                return Some(found);
            }
        })
    }
}

/// Returns the bytes of the character at an offset.
fn width(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).map(|rest| &rest[..rest.len().min(4)]).unwrap_or_default();
    let first = match String::from_utf8_lossy(rest) {
        Cow::Borrowed(text) => text.chars().next().map_or(1, char::len_utf8),
        Cow::Owned(text) => text.chars().next().filter(|c| *c != char::REPLACEMENT_CHARACTER).map_or(1, char::len_utf8),
    };
    first.max(1)
}
