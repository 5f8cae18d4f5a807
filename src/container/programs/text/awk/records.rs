//! Records and fields of `awk`.

use super::Problem;
use super::machine::Machine;
use super::value::Value;
use crate::programs::io::Event;

impl Machine<'_, '_> {
    /// Reads the next record; `false` at the end of the input.
    pub(super) fn next_record(&mut self) -> Result<bool, Problem> {
        let separator = self.variable("RS").text("%.6g");
        loop {
            if let Some(record) = self.memory.queue.pop_front() {
                self.begin_record(&record);
                return Ok(true);
            }
            let single = match separator.as_bytes() {
                [one] => Some(*one),
                _ => None,
            };
            if let Some(single) = single {
                match self.io.next(self.call, single)? {
                    Event::Start => self.begin_file(),
                    Event::Line(line) => {
                        let text = String::from_utf8_lossy(line.strip_suffix(&[single]).unwrap_or(&line)).into_owned();
                        self.begin_record(&text);
                        return Ok(true);
                    }
                    Event::End => {}
                    Event::Done => return Ok(false),
                }
                continue;
            }
            let Some(text) = self.io.file(self.call)? else { return Ok(false) };
            self.begin_file();
            let text = String::from_utf8_lossy(&text).into_owned();
            let records = self.split_records(&text, &separator)?;
            self.memory.queue.extend(records);
        }
    }

    fn begin_file(&mut self) {
        let name = if self.io.name() == "-" { String::new() } else { self.io.name().to_owned() };
        self.set("FILENAME", Value::Text(name));
        self.set("FNR", Value::Number(0.0));
    }

    /// Splits at empty lines, or at the matches of a pattern.
    fn split_records(&mut self, text: &str, separator: &str) -> Result<Vec<String>, Problem> {
        let (text, pattern) = match separator {
            "" => (text.trim_matches('\n'), "\n\n+"),
            pattern => (text.strip_suffix('\n').unwrap_or(text), pattern),
        };
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let regex = self.regex(pattern)?;
        Ok(regex.split(text.as_bytes()).map(|record| String::from_utf8_lossy(record).into_owned()).collect())
    }

    fn begin_record(&mut self, text: &str) {
        for name in ["NR", "FNR"] {
            let number = self.variable(name).number() + 1.0;
            self.set(name, Value::Number(number));
        }
        self.steps = 0;
        self.set_record(text);
    }

    pub(super) fn set_record(&mut self, text: &str) {
        text.clone_into(&mut self.memory.record);
        let separator = self.variable("FS").text("%.6g");
        let is_paragraph = self.variable("RS").text("%.6g").is_empty();
        // A pattern that cannot be compiled separates nothing.
        let fields = self.split(text, &separator, is_paragraph).unwrap_or_else(|_| vec![text.to_owned()]);
        self.memory.variables.insert("NF".to_owned(), Value::Number(fields.len() as f64));
        self.memory.fields = fields;
    }

    /// Splits a text at a separator: blanks for a space, the character itself for another one, else a pattern.
    pub(super) fn split(&mut self, text: &str, separator: &str, at_lines: bool) -> Result<Vec<String>, Problem> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let parts: Vec<String> = match separator {
            " " => text.split([' ', '\t', '\n']).filter(|part| !part.is_empty()).map(String::from).collect(),
            "" => text.chars().map(String::from).collect(),
            one if one.chars().count() == 1 && one != "\\" => {
                let separator = one.chars().next().unwrap_or(' ');
                text.split(|c| c == separator || at_lines && c == '\n').map(String::from).collect()
            }
            pattern => {
                let pattern = if at_lines { format!("({pattern})|\n") } else { pattern.to_owned() };
                let regex = self.regex(&pattern)?;
                regex.split(text.as_bytes()).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
            }
        };
        Ok(parts)
    }
}
