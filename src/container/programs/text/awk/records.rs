//! Records and fields of `awk`.

use super::Problem;
use super::ast::{Channel, Expression};
use super::machine::Machine;
use super::outside::{Answer, Input};
use super::value::Value;
use crate::programs::io::Event;

impl Machine<'_, '_> {
    /// Reads the next record; `false` at the end of the input.
    pub(super) fn next_record(&mut self) -> Result<bool, Problem> {
        let mut input = self.read_input()?;
        self.begin_file(&mut input);
        if let Some(record) = &input.record {
            self.count_record();
            self.steps = 0;
            self.set_record(record);
        }
        Ok(input.record.is_some())
    }

    fn read_input(&mut self) -> Result<Input, Problem> {
        let separator = self.variable("RS").text("%.6g");
        loop {
            if let Some(record) = self.outside.queue.pop_front() {
                return Ok(self.input(Some(record)));
            }
            let single = match separator.as_bytes() {
                [one] => Some(*one),
                _ => None,
            };
            let is_done = match single {
                Some(single) => self.queue_line(single)?,
                None => self.queue_file(&separator)?,
            };
            if is_done {
                self.pass_assignments(usize::MAX);
                return Ok(self.input(None));
            }
        }
    }

    /// Returns a record with what has come before it.
    fn input(&mut self, record: Option<String>) -> Input {
        let assignments = std::mem::take(&mut self.outside.new_assignments);
        Input { file: self.outside.new_file.take(), assignments, record }
    }

    /// Passes the assignments that stand before the file after so many others.
    fn pass_assignments(&mut self, files: usize) {
        while let Some((_, assignment)) = self.outside.late_assignments.pop_front_if(|(after, _)| *after <= files) {
            self.outside.new_assignments.push(assignment);
        }
    }

    /// Queues the record up to a separator; `true` at the end of the input.
    fn queue_line(&mut self, separator: u8) -> Result<bool, Problem> {
        match self.io.next(self.call, separator)? {
            Event::Start => self.note_file(),
            Event::Line(line) => {
                let text = String::from_utf8_lossy(line.strip_suffix(&[separator]).unwrap_or(&line)).into_owned();
                self.outside.queue.push_back(text);
            }
            Event::End => {}
            Event::Done => return Ok(true),
        }
        Ok(false)
    }

    /// Queues the records of a file; `true` at the end of the input.
    fn queue_file(&mut self, separator: &str) -> Result<bool, Problem> {
        let Some(text) = self.io.file(self.call)? else { return Ok(true) };
        self.note_file();
        let text = String::from_utf8_lossy(&text).into_owned();
        let records = self.split_records(&text, separator)?;
        self.outside.queue.extend(records);
        Ok(false)
    }

    fn note_file(&mut self) {
        let name = if self.io.name() == "-" { String::new() } else { self.io.name().to_owned() };
        self.outside.new_file = Some(name);
        self.pass_assignments(self.io.opened().saturating_sub(1));
    }

    fn begin_file(&mut self, input: &mut Input) {
        for assignment in std::mem::take(&mut input.assignments) {
            self.assign_operand(&assignment);
        }
        if let Some(name) = input.file.take() {
            self.set("FILENAME", Value::Text(name));
            self.set("FNR", Value::Number(0.0));
        }
    }

    fn count_record(&mut self) {
        for name in ["NR", "FNR"] {
            let number = self.variable(name).number() + 1.0;
            self.set(name, Value::Number(number));
        }
    }

    /// Runs `getline`; returns 1, 0 at the end, or -1 for what cannot be read.
    pub(super) fn get_line(
        &mut self,
        target: Option<&Expression>,
        source: Option<&(Channel, Box<Expression>)>,
    ) -> Result<f64, Problem> {
        let answer = match source {
            None => self.ask(|machine| machine.read_input().map(Answer::Input))?,
            Some((channel, name)) => {
                let name = self.text(name)?;
                self.ask(|machine| machine.read_from(*channel, &name))?
            }
        };
        let record = match answer {
            Answer::Input(mut input) => {
                self.begin_file(&mut input);
                if input.record.is_some() {
                    self.count_record();
                }
                input.record
            }
            Answer::Record(record) => record,
            _ => return Ok(-1.0),
        };
        let Some(record) = record else { return Ok(0.0) };
        match target {
            Some(target) => self.assign(target, Value::input(&record))?,
            None => self.set_record(&record),
        }
        Ok(1.0)
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
