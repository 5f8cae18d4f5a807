//! Functions of `awk`, those of the language and those of the program.

use super::Problem;
use super::ast::Expression;
use super::machine::{Flow, Frame, Machine, flag};
use super::value::Value;
use crate::programs::opts::is_busybox;
use crate::programs::time;
use kctl_base::sim::Time;

/// Most calls inside of each other.
const MAX_CALLS: usize = 60;

impl Machine<'_, '_> {
    pub(super) fn call(&mut self, name: &str, arguments: &[Expression]) -> Result<Value, Problem> {
        self.step()?;
        if self.program.functions.iter().any(|function| function.name == name) {
            return self.call_own(name, arguments);
        }
        match (name, arguments) {
            ("length", []) => Ok(Value::Number(self.memory.record.chars().count() as f64)),
            ("length", [Expression::Variable(name)]) if self.memory.is_array(&self.array(name)) => {
                Ok(Value::Number(self.memory.length(&self.array(name)) as f64))
            }
            ("length", [text]) => Ok(Value::Number(self.text(text)?.chars().count() as f64)),
            ("substr", [text, rest @ ..]) => self.substr(text, rest),
            ("index", [text, wanted]) => {
                let (text, wanted) = (self.text(text)?, self.text(wanted)?);
                let finds_nothing = wanted.is_empty() && is_busybox(self.call);
                let at = text.find(&wanted).filter(|_| !finds_nothing).map_or(0, |at| text[..at].chars().count() + 1);
                Ok(Value::Number(at as f64))
            }
            ("split", [text, Expression::Variable(array), rest @ ..]) => self.split_into(text, array, rest),
            ("sub" | "gsub", [pattern, replacement, target @ ..]) => {
                self.substitute(pattern, replacement, target.first(), name == "gsub")
            }
            ("match", [text, pattern]) => self.find(text, pattern),
            ("tolower", [text]) => Ok(Value::Text(self.text(text)?.to_lowercase())),
            ("toupper", [text]) => Ok(Value::Text(self.text(text)?.to_uppercase())),
            ("sprintf", [_, ..]) => Ok(Value::Text(String::from_utf8_lossy(&self.formatted(arguments)?).into_owned())),
            ("atan2" | "int" | "sqrt" | "exp" | "log" | "sin" | "cos" | "rand" | "srand" | "systime", _) => {
                self.compute(name, arguments)
            }
            ("strftime", [format, rest @ ..]) => {
                let format = self.text(format)?;
                let now = self.ask_number(|machine| Ok(machine.call.now().secs() as f64))?;
                let at = rest.first().map(|at| self.number(at)).transpose()?;
                Ok(Value::Text(time::format(Time::from_secs(at.unwrap_or(now) as i64), &format)))
            }
            ("close", [file]) => {
                let name = self.text(file)?;
                self.ask_number(|machine| machine.close(&name)).map(Value::Number)
            }
            ("fflush", _) => self
                .ask_number(|machine| {
                    machine.io.flush(machine.call)?;
                    Ok(0.0)
                })
                .map(Value::Number),
            ("system", [command]) => {
                let command = self.text(command)?;
                self.ask_number(|machine| machine.system(&command)).map(Value::Number)
            }
            _ => Err(format!("function {name} never defined").into()),
        }
    }

    /// Calls a function about numbers.
    fn compute(&mut self, name: &str, arguments: &[Expression]) -> Result<Value, Problem> {
        match (name, arguments) {
            ("atan2", [y, x]) => Ok(Value::Number(self.number(y)?.atan2(self.number(x)?))),
            ("int" | "sqrt" | "exp" | "log" | "sin" | "cos", [operand]) => {
                let operand = self.number(operand)?;
                Ok(Value::Number(match name {
                    "int" => operand.trunc(),
                    "sqrt" => operand.sqrt(),
                    "exp" => operand.exp(),
                    "log" => operand.ln(),
                    "sin" => operand.sin(),
                    _ => operand.cos(),
                }))
            }
            ("rand", []) => {
                let random = self.ask_number(|machine| {
                    Ok((machine.call.surroundings.random() >> 11) as f64 / (1u64 << 53) as f64)
                })?;
                Ok(Value::Number(random))
            }
            ("srand", given) => {
                let now = self.ask_number(|machine| Ok(machine.call.now().secs() as f64))?;
                let seed = given.first().map_or(Ok(now), |seed| self.number(seed))?;
                Ok(Value::Number(std::mem::replace(&mut self.memory.seed, seed)))
            }
            ("systime", []) => self.ask_number(|machine| Ok(machine.call.now().secs() as f64)).map(Value::Number),
            _ => Err(format!("function {name} never defined").into()),
        }
    }

    fn call_own(&mut self, name: &str, arguments: &[Expression]) -> Result<Value, Problem> {
        let program = self.program;
        let Some(function) = program.functions.iter().find(|function| function.name == name) else {
            return Err(format!("function {name} never defined").into());
        };
        if self.frames.len() >= MAX_CALLS {
            return Err("function calls are nested too deeply".to_owned().into());
        }
        let mut frame = Frame::default();
        let mut own_arrays = Vec::new();
        for (at, parameter) in function.parameters.iter().enumerate() {
            let array = match arguments.get(at) {
                Some(Expression::Variable(variable)) => self.array(variable),
                _ => {
                    let own = format!("{name}/{}/{parameter}", self.frames.len());
                    own_arrays.push(own.clone());
                    own
                }
            };
            frame.arrays.insert(parameter.clone(), array);
            let value = arguments.get(at).map(|argument| self.value(argument)).transpose()?;
            frame.values.insert(parameter.clone(), value.unwrap_or_default());
        }
        self.frames.push(frame);
        let flow = self.block(&function.body);
        self.frames.pop();
        for array in own_arrays {
            self.memory.forget(&array);
        }
        match flow? {
            Flow::Return(value) => Ok(value),
            Flow::Exit => Err(Problem::Exit),
            _ => Ok(Value::Unset),
        }
    }

    /// Returns the characters from a position on; positions and lengths are rounded.
    fn substr(&mut self, text: &Expression, rest: &[Expression]) -> Result<Value, Problem> {
        let text = self.text(text)?;
        let start = rest.first().map_or(Ok(1.0), |start| self.number(start))?.round().max(1.0);
        let length = rest.get(1).map(|length| self.number(length)).transpose()?;
        let end = length.map_or(f64::INFINITY, |length| start + length.round());
        let is_inside = |at: usize| (at as f64 + 1.0) >= start && (at as f64 + 1.0) < end;
        Ok(Value::Text(text.chars().enumerate().filter(|(at, _)| is_inside(*at)).map(|(_, c)| c).collect()))
    }

    fn split_into(&mut self, text: &Expression, array: &str, rest: &[Expression]) -> Result<Value, Problem> {
        let text = self.text(text)?;
        let separator = match rest.first() {
            None => self.variable("FS").text("%.6g"),
            Some(Expression::Regex(pattern)) if pattern == " " => "[ ]".to_owned(),
            Some(Expression::Regex(pattern)) => format!("({pattern})"),
            Some(other) => self.text(other)?,
        };
        let parts = self.split(&text, &separator, false)?;
        let array = self.array(array);
        self.memory.clear(&array);
        for (at, part) in parts.iter().enumerate() {
            *self.memory.element(&array, &(at + 1).to_string())? = Value::input(part);
        }
        Ok(Value::Number(parts.len() as f64))
    }

    fn find(&mut self, text: &Expression, pattern: &Expression) -> Result<Value, Problem> {
        let text = self.text(text)?;
        let regex = self.pattern(pattern)?;
        let characters = |end: usize| String::from_utf8_lossy(&text.as_bytes()[..end]).chars().count() as f64;
        let (start, length) = match regex.find(text.as_bytes()) {
            Some(found) => (characters(found.start()) + 1.0, characters(found.end()) - characters(found.start())),
            None => (0.0, -1.0),
        };
        self.set("RSTART", Value::Number(start));
        self.set("RLENGTH", Value::Number(length));
        Ok(Value::Number(start))
    }

    /// Replaces the first match or all of them in a variable or field; returns their number.
    fn substitute(
        &mut self,
        pattern: &Expression,
        replacement: &Expression,
        target: Option<&Expression>,
        is_global: bool,
    ) -> Result<Value, Problem> {
        let regex = self.pattern(pattern)?;
        let replacement = self.text(replacement)?;
        let record = Expression::Field(Box::new(Expression::Number(0.0)));
        let target = target.unwrap_or(&record);
        let text = self.text(target)?;
        let (mut out, mut copied, mut count) = (Vec::new(), 0, 0);
        for found in regex.find_iter(text.as_bytes()) {
            out.extend_from_slice(&text.as_bytes()[copied..found.start()]);
            insert(&replacement, found.as_bytes(), &mut out);
            copied = found.end();
            count += 1;
            if !is_global {
                break;
            }
        }
        if count == 0 {
            return Ok(flag(false));
        }
        out.extend_from_slice(&text.as_bytes()[copied..]);
        self.assign(target, Value::Text(String::from_utf8_lossy(&out).into_owned()))?;
        Ok(Value::Number(f64::from(count)))
    }
}

/// Adds a replacement, in which `&` is the match and `\&` an ampersand.
fn insert(replacement: &str, found: &[u8], out: &mut Vec<u8>) {
    let mut chars = replacement.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '&' => out.extend_from_slice(found),
            '\\' if chars.peek() == Some(&'&') => {
                out.push(b'&');
                chars.next();
            }
            '\\' if chars.peek() == Some(&'\\') => {
                out.push(b'\\');
                chars.next();
            }
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}
