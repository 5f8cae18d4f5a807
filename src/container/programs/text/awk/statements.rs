//! Runs statements of `awk`.

use super::Problem;
use super::ast::{Channel, Expression, Output, Statement};
use super::machine::{Flow, Machine};
use super::outside::Answer;
use super::value::Value;
use crate::programs::text::printf;

impl Machine<'_, '_> {
    pub(super) fn block(&mut self, statements: &[Statement]) -> Result<Flow, Problem> {
        for statement in statements {
            match self.statement(statement)? {
                Flow::Normal => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Normal)
    }

    fn statement(&mut self, statement: &Statement) -> Result<Flow, Problem> {
        self.step()?;
        match statement {
            Statement::Expression(expression) => {
                self.value(expression)?;
            }
            Statement::Print { arguments, output } => {
                let line = self.line(arguments)?;
                self.output(output.as_ref(), line.as_bytes())?;
            }
            Statement::Printf { arguments, output } => {
                let text = self.formatted(arguments)?;
                self.output(output.as_ref(), &text)?;
            }
            Statement::Block(statements) => return self.block(statements),
            Statement::If { condition, then, otherwise } => {
                if self.value(condition)?.is_true() {
                    return self.statement(then);
                }
                if let Some(otherwise) = otherwise {
                    return self.statement(otherwise);
                }
            }
            Statement::While { .. } | Statement::DoWhile { .. } | Statement::For { .. } => {
                return self.repeated(statement);
            }
            Statement::ForIn { variable, array, body } => return self.for_in(variable, array, body),
            Statement::NextFile => return self.next_file(),
            Statement::Next => return Ok(Flow::NextRecord),
            Statement::Exit(code) => {
                if let Some(code) = code {
                    self.memory.code = self.number(code)? as i32 & 0xff;
                }
                return Ok(Flow::Exit);
            }
            Statement::Return(value) => {
                let value = value.as_ref().map(|value| self.value(value)).transpose()?;
                return Ok(Flow::Return(value.unwrap_or_default()));
            }
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
            Statement::Delete { array, index } => {
                let array = self.array(array);
                match index {
                    None => self.memory.clear(&array),
                    Some(index) => {
                        let key = self.index(index)?;
                        self.memory.remove(&array, &key);
                    }
                }
            }
        }
        Ok(Flow::Normal)
    }

    fn next_file(&mut self) -> Result<Flow, Problem> {
        self.ask(|machine| {
            machine.outside.queue.clear();
            machine.io.skip(machine.call);
            Ok(Answer::Done(1))
        })?;
        Ok(Flow::NextRecord)
    }

    /// Runs a loop.
    fn repeated(&mut self, statement: &Statement) -> Result<Flow, Problem> {
        match statement {
            Statement::While { condition, body } => self.repeat(Some(condition), None, body),
            Statement::DoWhile { body, condition } => match self.statement(body)? {
                Flow::Normal | Flow::Continue => self.repeat(Some(condition), None, body),
                Flow::Break => Ok(Flow::Normal),
                other => Ok(other),
            },
            Statement::For { start, condition, step, body } => {
                if let Some(start) = start {
                    self.statement(start)?;
                }
                self.repeat(condition.as_ref(), step.as_deref(), body)
            }
            _ => Ok(Flow::Normal),
        }
    }

    fn repeat(
        &mut self,
        condition: Option<&Expression>,
        step: Option<&Statement>,
        body: &Statement,
    ) -> Result<Flow, Problem> {
        loop {
            self.step()?;
            if let Some(condition) = condition
                && !self.value(condition)?.is_true()
            {
                return Ok(Flow::Normal);
            }
            match self.statement(body)? {
                Flow::Normal | Flow::Continue => {}
                Flow::Break => return Ok(Flow::Normal),
                other => return Ok(other),
            }
            if let Some(step) = step {
                self.statement(step)?;
            }
        }
    }

    fn for_in(&mut self, variable: &str, array: &str, body: &Statement) -> Result<Flow, Problem> {
        let array = self.array(array);
        for key in self.memory.keys(&array) {
            if !self.memory.contains(&array, &key) {
                continue;
            }
            self.set(variable, Value::input(&key));
            match self.statement(body)? {
                Flow::Normal | Flow::Continue => {}
                Flow::Break => break,
                other => return Ok(other),
            }
        }
        Ok(Flow::Normal)
    }

    /// Returns the line that `print` prints; without arguments the record.
    fn line(&mut self, arguments: &[Expression]) -> Result<String, Problem> {
        let format = self.variable("OFMT").text("%.6g");
        let mut parts = Vec::new();
        for argument in arguments {
            parts.push(self.value(argument)?.text(&format));
        }
        if arguments.is_empty() {
            parts.push(self.memory.record.clone());
        }
        Ok(parts.join(&self.variable("OFS").text("%.6g")) + &self.variable("ORS").text("%.6g"))
    }

    /// Formats as `printf` and `sprintf` do.
    pub(super) fn formatted(&mut self, arguments: &[Expression]) -> Result<Vec<u8>, Problem> {
        let Some((format, rest)) = arguments.split_first() else { return Ok(Vec::new()) };
        let format = self.text(format)?;
        let (mut exact, mut shown) = (Vec::new(), Vec::new());
        for argument in rest {
            let value = self.value(argument)?;
            let is_number = matches!(value, Value::Number(_) | Value::Input(..));
            shown.push((value.text(&self.format()), is_number));
            exact.push(value.text("%.17g"));
        }
        Ok(printf::render_awk(&format, &exact, &shown))
    }

    fn output(&mut self, output: Option<&Output>, bytes: &[u8]) -> Result<(), Problem> {
        let name = match output {
            Some(output) => self.text(&output.name)?,
            None => String::new(),
        };
        let channel = output.map(|output| output.channel);
        self.ask(|machine| match channel {
            Some(channel) if channel == Channel::Pipe || !matches!(name.as_str(), "/dev/stdout" | "-") => {
                machine.write_to(channel, &name, bytes)
            }
            _ => {
                machine.io.print(bytes);
                Ok(Answer::Done(1))
            }
        })?;
        Ok(())
    }
}
