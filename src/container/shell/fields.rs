//! Words between their expansion and their fields.

use serde::{Deserialize, Serialize};

use super::pattern::escape_into;

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Chunk {
    /// Quoted text: it is neither split nor a pattern.
    Quoted(String),
    /// Text of the script: it may be a pattern.
    Literal(String),
    /// The result of an expansion: it is split and may be a pattern.
    Expanded(String),
    /// The border between two parameters of `$@`.
    Break,
}

/// A word that is being expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Word {
    pub(super) chunks: Vec<Chunk>,
}

/// An argument.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) text: String,
    /// The pattern, if it has characters that are special.
    pub(super) pattern: Option<String>,
}

impl Word {
    pub(super) fn push(&mut self, chunk: Chunk) {
        self.chunks.push(chunk);
    }

    /// Adds the result of an expansion.
    pub(super) fn add(&mut self, text: String, is_quoted: bool) {
        self.chunks.push(if is_quoted { Chunk::Quoted(text) } else { Chunk::Expanded(text) });
    }

    /// Adds several results, one a field.
    pub(super) fn add_all(&mut self, texts: impl IntoIterator<Item = String>, is_quoted: bool) {
        for (number, text) in texts.into_iter().enumerate() {
            if number > 0 {
                self.chunks.push(Chunk::Break);
            }
            self.add(text, is_quoted);
        }
    }

    /// Returns the number of bytes.
    pub(super) fn length(&self) -> usize {
        let length = |chunk: &Chunk| match chunk {
            Chunk::Quoted(text) | Chunk::Literal(text) | Chunk::Expanded(text) => text.len(),
            Chunk::Break => 1,
        };
        self.chunks.iter().map(length).sum()
    }

    /// Splits the word into fields at the characters of `IFS`.
    pub(super) fn split(self, ifs: &str) -> Vec<Field> {
        let is_special = |text: &str| text.contains(['*', '?', '[', '\\']) || has_group(text);
        let has_pattern = self
            .chunks
            .iter()
            .any(|chunk| matches!(chunk, Chunk::Literal(text) | Chunk::Expanded(text) if is_special(text)));
        if let [Chunk::Quoted(_)] | [Chunk::Literal(_)] = self.chunks.as_slice()
            && !has_pattern
        {
            let texts = self.chunks.into_iter().filter_map(|chunk| match chunk {
                Chunk::Quoted(text) | Chunk::Literal(text) => Some(Field { text, pattern: None }),
                _ => None,
            });
            return texts.collect();
        }
        let mut splitter = Splitter { fields: Vec::new(), current: None, has_pattern, after_blank: false };
        for chunk in self.chunks {
            match chunk {
                Chunk::Quoted(text) => splitter.add(&text, true),
                Chunk::Literal(text) => splitter.add(&text, false),
                Chunk::Expanded(text) => splitter.split(&text, ifs),
                Chunk::Break => {
                    splitter.finish();
                    splitter.after_blank = false;
                }
            }
        }
        splitter.finish();
        splitter.fields
    }
}

struct Splitter {
    fields: Vec<Field>,
    current: Option<Field>,
    /// Fields keep their patterns.
    has_pattern: bool,
    /// Blanks have ended a field, so that another separator belongs to them.
    after_blank: bool,
}

impl Splitter {
    fn add(&mut self, text: &str, is_quoted: bool) {
        self.after_blank = false;
        let has_pattern = self.has_pattern;
        let field =
            self.current.get_or_insert_with(|| Field { text: String::new(), pattern: has_pattern.then(String::new) });
        field.text.push_str(text);
        if let Some(pattern) = &mut field.pattern {
            if is_quoted { escape_into(pattern, text) } else { pattern.push_str(text) }
        }
    }

    fn finish(&mut self) {
        if let Some(mut field) = self.current.take() {
            field.pattern = field.pattern.filter(|pattern| is_pattern(pattern));
            self.fields.push(field);
        }
    }

    fn split(&mut self, text: &str, ifs: &str) {
        let mut start = 0;
        for (at, c) in text.char_indices() {
            if !ifs.contains(c) {
                continue;
            }
            if start < at {
                self.add(&text[start..at], false);
            }
            start = at + c.len_utf8();
            if c.is_ascii_whitespace() {
                if self.current.is_some() {
                    self.finish();
                    self.after_blank = true;
                }
            } else if self.after_blank {
                self.after_blank = false;
            } else {
                // A separator without text before it makes an empty field.
                self.add("", true);
                self.finish();
                self.after_blank = false;
            }
        }
        if start < text.len() {
            self.add(&text[start..], false);
        }
    }
}

/// Reports whether a text may have a pattern of bash that none of the other special characters begins.
fn has_group(text: &str) -> bool {
    text.contains("+(") || text.contains("@(") || text.contains("!(")
}

/// Reports whether a text has unescaped special characters.
fn is_pattern(text: &str) -> bool {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '*' | '?' | '[' => return true,
            '+' | '@' | '!' if chars.peek() == Some(&'(') => return true,
            _ => {}
        }
    }
    false
}
