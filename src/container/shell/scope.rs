//! Variables in arithmetic.

use super::arithmetic::{ArithmeticError, Scope, evaluate};
use super::syntax::Dialect;
use super::variables::Value;
use super::{Shell, Step};
use crate::call::Call;

struct ShellScope<'s, 'c, 'w> {
    shell: &'s mut Shell,
    call: &'c mut Call<'w>,
}

impl Scope for ShellScope<'_, '_, '_> {
    fn load(&mut self, name: &str, index: Option<i64>) -> Result<Option<String>, ArithmeticError> {
        let value = match index {
            Some(index) => self.shell.element_at(name, index),
            None => self.shell.variable(self.call, name),
        };
        if value.is_none() && self.shell.options.has('u') {
            return Err(ArithmeticError::Unset(name.to_owned()));
        }
        Ok(value)
    }

    fn store(&mut self, name: &str, index: Option<i64>, value: i64) -> Result<(), ArithmeticError> {
        if self.shell.variables.get(name).is_some_and(|variable| variable.is_readonly) {
            return Err(ArithmeticError::ReadOnly(name.to_owned()));
        }
        let Some(index) = index else {
            self.shell.variables.set(name, value.to_string());
            return Ok(());
        };
        let variable = self.shell.variables.entry(name);
        match &mut variable.value {
            Value::List(list) => {
                list.insert(index, value.to_string());
            }
            other => *other = Value::List([(index, value.to_string())].into()),
        }
        Ok(())
    }

    fn is_bash(&self) -> bool {
        self.shell.dialect == Dialect::Bash
    }

    fn is_plain(&self) -> bool {
        self.shell.dialect == Dialect::Dash
    }
}

impl Shell {
    /// Evaluates an expression.
    pub(super) fn calculate(&mut self, call: &mut Call<'_>, text: &str) -> Step<i64> {
        let result = evaluate(text, &mut ShellScope { shell: self, call });
        result.map_err(|error| self.arithmetic_error(call, text, &error))
    }
}
