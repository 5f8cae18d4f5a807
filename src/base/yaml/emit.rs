//! The YAML emitter: the bytes of `kubectl -o yaml` with its quotes, line folding and key order (go-yaml v2,
//! `emitterc.go` and `encode.go`).

use super::order::natural_order;
use super::scalar::{self, Meaning};
use super::style::{Place, Style, choose_style, is_break, is_printable, is_word};
use crate::json::{Map, Value};
use crate::{go, json};

/// The column after which plain and quoted scalars are broken at the next space.
const BEST_WIDTH: usize = 80;
/// The length above which keys are written in the form `? key`.
const LONGEST_SIMPLE_KEY: usize = 128;
const INDENT: usize = 2;

/// Formats a value as a YAML document that ends in a line break.
pub fn to_yaml(value: &Value) -> String {
    let mut emitter = Emitter { out: String::new(), column: 0, whitespace: true, indention: true, indent: 0 };
    emitter.node(value, Place::Root);
    emitter.break_unless_at(0);
    emitter.out
}

struct Emitter {
    out: String,
    /// The number of characters on the current line.
    column: usize,
    /// `true` if the last character written separates tokens.
    whitespace: bool,
    /// `true` if the current line has only indentation and indicators.
    indention: bool,
    indent: usize,
}

impl Emitter {
    fn node(&mut self, value: &Value, place: Place) {
        match value {
            Value::Object(fields) if fields.is_empty() => self.flow("{}"),
            Value::Array(items) if items.is_empty() => self.flow("[]"),
            Value::Object(fields) => self.mapping(fields, place),
            Value::Array(items) => self.sequence(items, place),
            Value::String(text) => self.string(text, place),
            Value::Null => self.plain("null", place != Place::Key),
            Value::Bool(flag) => self.plain(if *flag { "true" } else { "false" }, place != Place::Key),
            Value::Number(number) => {
                let text = json::number_text(number);
                // Go formats an integral float as digits, which are then read back as an integer if it is in range.
                match (scalar::meaning(&text), number.as_f64()) {
                    (Meaning::Int(int), _) => self.plain(&int.to_string(), true),
                    (Meaning::Uint(uint), _) => self.plain(&uint.to_string(), true),
                    (_, Some(float)) => self.plain(&go::float_g(float), true),
                    (_, None) => self.plain(&text, true),
                }
            }
        }
    }

    fn mapping(&mut self, fields: &Map, place: Place) {
        let outer = self.indent;
        if place != Place::Root {
            self.indent += INDENT;
        }
        for (key, value) in natural_order(fields) {
            self.write_indent();
            let simple = !key.contains(is_break) && key.len() <= LONGEST_SIMPLE_KEY;
            if simple {
                self.string(key, Place::Key);
                self.indicator(":", false, false, false);
            } else {
                self.indicator("?", true, false, true);
                self.string(key, Place::LongKey);
                self.write_indent();
                self.indicator(":", true, false, true);
            }
            self.node(value, Place::MapValue);
        }
        self.indent = outer;
    }

    fn sequence(&mut self, items: &[Value], place: Place) {
        let outer = self.indent;
        let under_its_key = place == Place::MapValue && !self.indention;
        if place != Place::Root && !under_its_key {
            self.indent += INDENT;
        }
        for item in items {
            self.write_indent();
            self.indicator("-", true, false, true);
            self.node(item, Place::SequenceItem);
        }
        self.indent = outer;
    }

    fn flow(&mut self, brackets: &str) {
        self.indicator(brackets, true, false, false);
    }

    fn string(&mut self, text: &str, place: Place) {
        if is_word(text) && !scalar::is_keyword(text) {
            return self.word(text);
        }
        let wanted = if text.contains('\n') {
            Style::Literal
        } else if scalar::needs_quotes(text) {
            Style::Double
        } else {
            Style::Plain
        };
        let allow_breaks = place != Place::Key;
        let outer = self.indent;
        self.indent += INDENT;
        match choose_style(text, wanted, place) {
            Style::Plain => self.plain(text, allow_breaks),
            Style::Single => self.single_quoted(text, allow_breaks),
            Style::Double => self.double_quoted(text, allow_breaks),
            Style::Literal => self.literal(text),
        }
        self.indent = outer;
    }

    /// Writes a text without blanks that needs no quotes.
    fn word(&mut self, text: &str) {
        if !self.whitespace {
            self.put(' ');
        }
        self.out.push_str(text);
        self.column += text.len();
        self.whitespace = false;
        self.indention = false;
    }

    fn plain(&mut self, text: &str, allow_breaks: bool) {
        if !self.whitespace {
            self.put(' ');
        }
        let mut chars = text.chars().peekable();
        let mut after_space = false;
        while let Some(c) = chars.next() {
            if c == ' ' {
                let fold = allow_breaks && !after_space && self.column > BEST_WIDTH && chars.peek() != Some(&' ');
                if fold { self.write_indent() } else { self.put(c) }
            } else {
                self.put(c);
                self.indention = false;
            }
            after_space = c == ' ';
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn single_quoted(&mut self, text: &str, allow_breaks: bool) {
        self.indicator("'", true, false, false);
        let mut chars = text.chars().peekable();
        let (mut first, mut after_space, mut after_break) = (true, false, false);
        while let Some(c) = chars.next() {
            if is_break(c) {
                self.out.push(c);
                self.column = 0;
                self.indention = true;
                after_break = true;
                continue;
            }
            if std::mem::take(&mut after_break) {
                self.write_indent();
            }
            if c == ' ' {
                let inside = !first && chars.peek().is_some_and(|&next| next != ' ');
                let fold = allow_breaks && !after_space && self.column > BEST_WIDTH && inside;
                if fold { self.write_indent() } else { self.put(c) }
            } else {
                if c == '\'' {
                    self.put('\'');
                }
                self.put(c);
                self.indention = false;
            }
            after_space = c == ' ';
            first = false;
        }
        self.indicator("'", false, false, false);
    }

    fn double_quoted(&mut self, text: &str, allow_breaks: bool) {
        self.indicator("\"", true, false, false);
        let mut chars = text.chars().peekable();
        let (mut first, mut after_space) = (true, false);
        while let Some(c) = chars.next() {
            let next = chars.peek().copied();
            if !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                self.escape(c);
            } else if c == ' ' && allow_breaks && !after_space && self.column > BEST_WIDTH && !first && next.is_some() {
                self.write_indent();
                if next == Some(' ') {
                    self.put('\\');
                }
            } else {
                self.put(c);
            }
            after_space = c == ' ';
            first = false;
        }
        self.indicator("\"", false, false, false);
    }

    fn escape(&mut self, c: char) {
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' | '\\' => c,
            '\u{85}' => 'N',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let text = match u32::from(c) {
                    code @ 0..=0xFF => format!("\\x{code:02X}"),
                    code @ 0..=0xFFFF => format!("\\u{code:04X}"),
                    code => format!("\\U{code:08X}"),
                };
                text.chars().for_each(|c| self.put(c));
                return;
            }
        };
        self.put('\\');
        self.put(short);
    }

    fn literal(&mut self, text: &str) {
        self.indicator("|", true, false, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.indicator("2", false, false, false);
        }
        let mut backwards = text.chars().rev();
        let ends_in_break = backwards.next().is_some_and(is_break);
        let ends_in_two = ends_in_break && backwards.next().is_none_or(is_break);
        if !ends_in_break {
            self.indicator("-", false, false, false);
        } else if ends_in_two {
            self.indicator("+", false, false, false);
        }
        self.new_line();
        self.indention = true;
        self.whitespace = true;
        let mut at_start = true;
        for c in text.chars() {
            if is_break(c) {
                if c == '\n' {
                    self.new_line()
                } else {
                    self.out.push(c)
                }
                self.column = 0;
                self.indention = true;
                at_start = true;
            } else {
                if at_start {
                    self.write_indent();
                }
                self.put(c);
                self.indention = false;
                at_start = false;
            }
        }
    }

    /// Writes an indicator of ASCII characters.
    fn indicator(&mut self, text: &str, need_whitespace: bool, is_whitespace: bool, is_indention: bool) {
        if need_whitespace && !self.whitespace {
            self.put(' ');
        }
        self.out.push_str(text);
        self.column += text.len();
        self.whitespace = is_whitespace;
        self.indention = self.indention && is_indention;
    }

    /// Moves to the current indentation, on a new line unless this one has only indentation.
    fn write_indent(&mut self) {
        self.break_unless_at(self.indent);
        while self.column < self.indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn break_unless_at(&mut self, indent: usize) {
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.new_line();
        }
    }

    fn new_line(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn scalars_are_quoted_if_necessary() {
        let cases = [
            (json!("3"), "\"3\""),
            (json!("true"), "\"true\""),
            (json!("y"), "\"y\""),
            (json!(""), "\"\""),
            (json!("1e3"), "\"1e3\""),
            (json!("0o17"), "\"0o17\""),
            (json!("2001-01-01"), "\"2001-01-01\""),
            (json!("1:30"), "\"1:30\""),
            (json!("<<"), "<<"),
            (json!("1.2.3"), "1.2.3"),
            (json!("*"), "'*'"),
            (json!("a: b"), "'a: b'"),
            (json!("{\"a\":1}"), "'{\"a\":1}'"),
            (json!("it's: so"), "'it''s: so'"),
            (json!("a#b"), "a#b"),
            (json!("a #b"), "'a #b'"),
            (json!(" a"), "' a'"),
            (json!("a\tb"), "\"a\\tb\""),
            (json!("\u{1F600}"), "\"\\U0001F600\""),
            (json!("é"), "é"),
            (json!("---"), "'---'"),
            (json!("-"), "'-'"),
            (json!("-a"), "-a"),
            (json!(1.0), "1"),
            (json!(83521153.02345309), "8.352115302345309e+07"),
            (json!(1e21), "1e+21"),
            (json!(1e20), "1e+20"),
            (json!(null), "null"),
            (json!([]), "[]"),
            (json!({}), "{}"),
        ];
        for (value, expected) in cases {
            assert_eq!(to_yaml(&json!({"k": value})), format!("k: {expected}\n"));
        }
    }

    #[test]
    fn multi_line_strings_and_nested_values_use_block_style() {
        let cases = [
            (json!({"a": "x\ny\n"}), "a: |\n  x\n  y\n"),
            (json!({"a": "x\ny"}), "a: |-\n  x\n  y\n"),
            (json!({"a": "x\n\n"}), "a: |+\n  x\n\n"),
            (json!({"a": "\n"}), "a: |2+\n\n"),
            (json!({"a": "  x\ny", "b": 1}), "a: |2-\n    x\n  y\nb: 1\n"),
            (json!({"a": "x \ny"}), "a: \"x \\ny\"\n"),
            (json!({"a": [1, [2, 3], {"b": [4]}]}), "a:\n- 1\n- - 2\n  - 3\n- b:\n  - 4\n"),
            (json!([{"a": 1, "b": {"c": []}}]), "- a: 1\n  b:\n    c: []\n"),
            (
                json!({"k2": 1, "k10": 2, "K": 3, "_a": 4, "a-b": 5, "a.b": 6}),
                "_a: 4\nK: 3\na-b: 5\na.b: 6\nk2: 1\nk10: 2\n",
            ),
            (json!({"a\nb": 1}), "? |-\n  a\n  b\n: 1\n"),
        ];
        for (value, expected) in cases {
            assert_eq!(to_yaml(&value), expected);
        }
    }

    #[test]
    fn line_separators_are_written_and_read_as_by_go_yaml() {
        let cases = [
            ("a\nb\u{2028}c", "k: |-\n  a\n  b\u{2028}  c\n"),
            ("a\u{2028}b", "k: 'a\u{2028}  b'\n"),
            ("a\n\u{2029}b\u{2028}", "k: |\n  a\n\u{2029}  b\u{2028}"),
            ("a\n\u{2028}\u{2028}", "k: |+\n  a\n\u{2028}\u{2028}"),
            ("\u{2028}\n", "k: |2+\n\u{2028}\n"),
            ("\u{2028}", "k: '\u{2028}'\n"),
            ("a\u{2028}\u{2029}", "k: 'a\u{2028}\u{2029}'\n"),
            ("\u{2028}\u{2028}a", "k: '\u{2028}\u{2028}  a'\n"),
            ("\u{2028}a\nb", "k: |2-\n\u{2028}  a\n  b\n"),
            ("a \u{2028}b", "k: \"a \\Lb\"\n"),
            ("a\u{85}b\nc", "k: \"a\\Nb\\nc\"\n"),
        ];
        for (text, yaml) in cases {
            assert_eq!(to_yaml(&json!({"k": text})), yaml, "{text:?}");
            for value in [json!({"k": text, "z": [text, {"x": text}]}), json!([text]), json!({text: text}), json!(text)]
            {
                let written = to_yaml(&value);
                let read = crate::yaml::to_json(&written).unwrap_or_else(|error| panic!("{written:?}: {error}"));
                assert_eq!(read.value, value, "{written:?}");
            }
        }
    }

    #[test]
    fn long_texts_fold_at_the_first_blank_past_column_80() {
        let word = "x".repeat(78);
        assert_eq!(to_yaml(&json!({"a": format!("{word} b c")})), format!("a: {word}\n  b c\n"));
        assert_eq!(to_yaml(&json!({"a": format!("{word}: b")})), format!("a: '{word}:\n  b'\n"));
    }
}
