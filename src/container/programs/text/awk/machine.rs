//! Runs programs of `awk`: records, fields, variables and expressions.

use std::cmp::Ordering;
use std::collections::HashMap;

use regex::bytes::Regex;

use super::Problem;
use super::ast::{Binary, Expression, Pattern, Program};
use super::memory::Memory;
use super::outside::{Answer, Outside};
use super::value::Value;
use crate::call::Call;
use crate::programs::io::Io;
use crate::programs::opts::{Options, is_busybox};
use crate::programs::regexp::{self, Syntax};

/// Most statements and loops between two records.
const MAX_STEPS: u64 = 3_000_000;
/// Most characters of a text.
const MAX_TEXT: usize = 16 << 20;

/// Where a statement leads.
#[derive(Debug)]
pub(super) enum Flow {
    Normal,
    Break,
    Continue,
    NextRecord,
    Exit,
    Return(Value),
}

/// The variables of a function that runs.
#[derive(Default)]
pub(super) struct Frame {
    pub(super) values: HashMap<String, Value>,
    /// The arrays that parameters stand for.
    pub(super) arrays: HashMap<String, String>,
}

pub(super) struct Machine<'a, 'b> {
    pub(super) memory: &'a mut Memory,
    pub(super) program: &'a Program,
    pub(super) call: &'a mut Call<'b>,
    pub(super) io: &'a mut Io,
    pub(super) outside: &'a mut Outside,
    pub(super) frames: Vec<Frame>,
    regexes: HashMap<String, Regex>,
    pub(super) steps: u64,
}

impl<'a, 'b> Machine<'a, 'b> {
    pub(super) fn new(
        memory: &'a mut Memory,
        outside: &'a mut Outside,
        program: &'a Program,
        call: &'a mut Call<'b>,
        io: &'a mut Io,
    ) -> Machine<'a, 'b> {
        Machine { memory, program, call, io, outside, frames: Vec::new(), regexes: HashMap::new(), steps: 0 }
    }

    /// Sets the variables with which a program begins.
    pub(super) fn set_up(&mut self, options: &Options) {
        for (name, value) in [
            ("FS", " "),
            ("OFS", " "),
            ("RS", "\n"),
            ("ORS", "\n"),
            ("SUBSEP", "\u{1c}"),
            ("CONVFMT", "%.6g"),
            ("OFMT", "%.6g"),
        ] {
            self.set(name, Value::Text(value.to_owned()));
        }
        for name in ["NR", "NF", "FNR", "RSTART"] {
            self.set(name, Value::Number(0.0));
        }
        self.set("RLENGTH", Value::Number(-1.0));
        self.set("ARGC", Value::Number(options.operands.len() as f64 + 1.0));
        for (name, value) in self.call.process.environment.clone() {
            // The environment is small.
            let _ = self.memory.element("ENVIRON", &name).map(|element| *element = Value::input(&value));
        }
        let arguments = std::iter::once(&"awk".to_owned()).chain(&options.operands).cloned().collect::<Vec<_>>();
        for (at, argument) in arguments.iter().enumerate() {
            let _ = self.memory.element("ARGV", &at.to_string()).map(|element| *element = Value::input(argument));
        }
        let given: Vec<(char, String)> = options.given().map(|(option, value)| (option, value.to_owned())).collect();
        for (option, value) in given {
            match option {
                'F' => self.set("FS", Value::Text(unescape(&value))),
                'v' => {
                    if let Some((name, value)) = value.split_once('=') {
                        self.set(name, Value::input(&unescape(value)));
                    }
                }
                _ => {}
            }
        }
    }

    /// Carries out an operand `NAME=VALUE`.
    pub(super) fn assign_operand(&mut self, operand: &str) {
        if let Some((name, value)) = operand.split_once('=') {
            self.set(name, Value::input(&unescape(value)));
        }
    }

    /// Counts a step; a program that does not end is ended.
    pub(super) fn step(&mut self) -> Result<(), Problem> {
        self.steps += 1;
        if self.steps > MAX_STEPS { Err("the program does not end".to_owned().into()) } else { Ok(()) }
    }

    /// Runs the rules for the present record.
    pub(super) fn rules(&mut self) -> Result<Flow, Problem> {
        let program = self.program;
        for (index, rule) in program.rules.iter().enumerate() {
            let applies = match &rule.pattern {
                Pattern::All => true,
                Pattern::Matches(pattern) => self.value(pattern)?.is_true(),
                Pattern::Range(first, last) => {
                    let has_begun = self.memory.ranges.contains(&index);
                    let applies = has_begun || self.value(first)?.is_true();
                    if applies && self.value(last)?.is_true() {
                        self.memory.ranges.retain(|range| *range != index);
                    } else if applies && !has_begun {
                        self.memory.ranges.push(index);
                    }
                    applies
                }
            };
            if !applies {
                continue;
            }
            match &rule.action {
                None => {
                    let line = self.memory.record.clone() + &self.variable("ORS").text("%.6g");
                    self.ask(|machine| {
                        machine.io.print(&line);
                        Ok(Answer::Done(1))
                    })?;
                }
                Some(action) => match self.block(action)? {
                    Flow::NextRecord => break,
                    Flow::Exit => return Ok(Flow::Exit),
                    _ => {}
                },
            }
        }
        Ok(Flow::Normal)
    }

    pub(super) fn regex(&mut self, pattern: &str) -> Result<Regex, Problem> {
        if let Some(regex) = self.regexes.get(pattern) {
            return Ok(regex.clone());
        }
        let syntax = Syntax { is_extended: true, ..Syntax::default() };
        let regex = regexp::compile(pattern, syntax).map_err(|message| format!("regular expression: {message}"))?;
        self.regexes.insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    }

    pub(super) fn variable(&self, name: &str) -> Value {
        if let Some(value) = self.frames.last().and_then(|frame| frame.values.get(name)) {
            return value.clone();
        }
        self.memory.variables.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        if let Some(local) = self.frames.last_mut().and_then(|frame| frame.values.get_mut(name)) {
            *local = value;
            return;
        }
        if name == "NF" && self.memory.variables.contains_key("NF") {
            let count = value.number().clamp(0.0, 32_767.0) as usize;
            self.memory.fields.resize(count, String::new());
            self.memory.variables.insert(name.to_owned(), Value::Number(count as f64));
            self.rebuild();
            return;
        }
        self.memory.variables.insert(name.to_owned(), value);
    }

    /// Makes the record of its fields.
    fn rebuild(&mut self) {
        let separator = self.variable("OFS").text("%.6g");
        self.memory.record = self.memory.fields.join(&separator);
    }

    /// Returns the name of the array that a name stands for.
    pub(super) fn array(&self, name: &str) -> String {
        self.frames.last().and_then(|frame| frame.arrays.get(name)).cloned().unwrap_or_else(|| name.to_owned())
    }

    pub(super) fn format(&self) -> String {
        self.memory.variables.get("CONVFMT").map_or_else(|| "%.6g".to_owned(), |format| format.text("%.6g"))
    }

    pub(super) fn text(&mut self, expression: &Expression) -> Result<String, Problem> {
        let value = self.value(expression)?;
        Ok(value.text(&self.format()))
    }

    pub(super) fn number(&mut self, expression: &Expression) -> Result<f64, Problem> {
        Ok(self.value(expression)?.number())
    }

    /// Returns the index of an element: several expressions are joined.
    pub(super) fn index(&mut self, list: &[Expression]) -> Result<String, Problem> {
        let mut parts = Vec::new();
        for expression in list {
            parts.push(self.text(expression)?);
        }
        let separator = self.variable("SUBSEP").text("%.6g");
        Ok(parts.join(&separator))
    }

    fn field(&self, index: f64) -> Result<Value, Problem> {
        if index < 0.0 {
            return Err("access to a negative field".to_owned().into());
        }
        Ok(match index as usize {
            0 => Value::input(&self.memory.record),
            index => self.memory.fields.get(index - 1).map_or(Value::Unset, |text| Value::input(text)),
        })
    }

    pub(super) fn assign(&mut self, target: &Expression, value: Value) -> Result<(), Problem> {
        match target {
            Expression::Variable(name) => self.set(name, value),
            Expression::Element(name, index) => {
                let key = self.index(index)?;
                let array = self.array(name);
                *self.memory.element(&array, &key)? = value;
            }
            Expression::Field(index) => {
                let index = self.number(index)?;
                let text = value.text(&self.format());
                match index as usize {
                    0 => self.set_record(&text),
                    index if index <= 32_767 => {
                        if self.memory.fields.len() < index {
                            self.memory.fields.resize(index, String::new());
                            self.memory.variables.insert("NF".to_owned(), Value::Number(index as f64));
                        }
                        self.memory.fields[index - 1] = text;
                        self.rebuild();
                    }
                    _ => return Err("too many fields".to_owned().into()),
                }
            }
            Expression::Group(inner) => self.assign(inner, value)?,
            _ => return Err("syntax error: not assignable".to_owned().into()),
        }
        Ok(())
    }

    /// Returns the value of an expression.
    pub(super) fn value(&mut self, expression: &Expression) -> Result<Value, Problem> {
        Ok(match expression {
            Expression::Number(number) => Value::Number(*number),
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Regex(pattern) => {
                let regex = self.regex(pattern)?;
                flag(regex.is_match(self.memory.record.as_bytes()))
            }
            Expression::Variable(name) => self.variable(name),
            Expression::Field(index) => {
                let index = self.number(index)?;
                self.field(index)?
            }
            Expression::Element(name, index) => {
                let key = self.index(index)?;
                let array = self.array(name);
                self.memory.element(&array, &key)?.clone()
            }
            Expression::Assign(target, operator, value) => {
                let mut value = self.value(value)?;
                if let Some(operator) = operator {
                    let old = self.value(target)?.number();
                    value = Value::Number(self.arithmetic(*operator, old, value.number())?);
                }
                self.assign(target, value.clone())?;
                value
            }
            Expression::Increment { target, by, is_prefix } => {
                let old = self.value(target)?.number();
                self.assign(target, Value::Number(old + by))?;
                Value::Number(if *is_prefix { old + by } else { old })
            }
            Expression::Not(operand) => flag(!self.value(operand)?.is_true()),
            Expression::Negative(operand) => Value::Number(-self.number(operand)?),
            Expression::Positive(operand) => Value::Number(self.number(operand)?),
            Expression::Binary(operator, left, right) => self.binary(*operator, left, right)?,
            Expression::Match { text, pattern, is_negated } => {
                let text = self.text(text)?;
                let regex = self.pattern(pattern)?;
                flag(regex.is_match(text.as_bytes()) != *is_negated)
            }
            Expression::In(index, array) => {
                let key = self.index(index)?;
                let array = self.array(array);
                flag(self.memory.contains(&array, &key))
            }
            Expression::Conditional(condition, then, otherwise) => {
                let chosen = if self.value(condition)?.is_true() { then } else { otherwise };
                self.value(chosen)?
            }
            Expression::Group(inner) => self.value(inner)?,
            Expression::Call(name, arguments) => self.call(name, arguments)?,
            Expression::GetLine { target, source } => Value::Number(self.get_line(target.as_deref(), source.as_ref())?),
        })
    }

    /// Returns a pattern: a regular expression, or any value as one.
    pub(super) fn pattern(&mut self, expression: &Expression) -> Result<Regex, Problem> {
        match expression {
            Expression::Regex(pattern) => self.regex(pattern),
            other => {
                let pattern = self.text(other)?;
                self.regex(&pattern)
            }
        }
    }

    fn binary(&mut self, operator: Binary, left: &Expression, right: &Expression) -> Result<Value, Problem> {
        match operator {
            Binary::And => {
                return Ok(flag(self.value(left)?.is_true() && self.value(right)?.is_true()));
            }
            Binary::Or => {
                return Ok(flag(self.value(left)?.is_true() || self.value(right)?.is_true()));
            }
            _ => {}
        }
        let (left, right) = (self.value(left)?, self.value(right)?);
        let format = self.format();
        let order = |wanted: fn(Ordering) -> bool| flag(wanted(left.compare(&right, &format)));
        Ok(match operator {
            Binary::Less => order(Ordering::is_lt),
            Binary::LessOrEqual => order(Ordering::is_le),
            Binary::Equal => order(Ordering::is_eq),
            Binary::NotEqual => order(Ordering::is_ne),
            Binary::Greater => order(Ordering::is_gt),
            Binary::GreaterOrEqual => order(Ordering::is_ge),
            Binary::Concatenate => {
                let text = left.text(&format) + &right.text(&format);
                if text.len() > MAX_TEXT {
                    return Err("out of memory".to_owned().into());
                }
                Value::Text(text)
            }
            _ => Value::Number(self.arithmetic(operator, left.number(), right.number())?),
        })
    }
}

impl Machine<'_, '_> {
    fn arithmetic(&self, operator: Binary, left: f64, right: f64) -> Result<f64, Problem> {
        if right == 0.0 && matches!(operator, Binary::Divide | Binary::Modulo) && is_busybox(self.call) {
            return Err("Division by zero".to_owned().into());
        }
        Ok(match operator {
            Binary::Add => left + right,
            Binary::Subtract => left - right,
            Binary::Multiply => left * right,
            Binary::Divide => left / right,
            Binary::Modulo => left % right,
            _ => left.powf(right),
        })
    }
}

pub(super) fn flag(is_true: bool) -> Value {
    Value::Number(f64::from(u8::from(is_true)))
}

/// Resolves the escapes of a value of the command line.
fn unescape(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n").replace("\\\\", "\\")
}
